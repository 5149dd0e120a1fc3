"""Runs a plain function in several threads: for handlers that wait, and for interpreters without a global lock."""

import os
import threading
import traceback
from collections import deque
from time import monotonic
from types import GeneratorType

from catchment._output import here, report_left_out
from catchment._plain import PROGRESS_EVERY
from catchment._results import collected, encode

_ROWS_MAX = 64


class Threads:
    """Owns the threads, which end with the process, and the batches in hand: two at most, the collector sends no more."""

    def __init__(self, link, handler, failures, count):
        self._link = link
        self._call = handler.call
        self._failures = failures
        self._count = count
        self._open = deque()
        self._changed = threading.Condition()
        self._undone = 0
        self._due = 0.0
        for number in range(count):
            threading.Thread(target=self._work, name=f"catchment-{number}", daemon=True).start()

    def serve(self, decode):
        """Serves batches until the collector sends no more."""
        while (body := self._link.receive()) is not None:
            batch = decode(body)
            with self._changed:
                self._open.append((batch, deque(batch.rows())))
                self._undone += 1
                self._changed.notify_all()
        with self._changed:
            self._changed.wait_for(lambda: self._undone == 0)

    def _work(self):
        try:
            while True:
                batch, rows = self._take()
                for row in rows:
                    self._one(batch, *row)
                self._done(batch, len(rows))
        except BaseException:
            # Without this thread the batch would never be done.
            traceback.print_exc()
            os._exit(1)

    def _take(self):
        with self._changed:
            while not self._open:
                self._changed.wait()
            batch, rows = self._open[0]
            # Many at first, since a lock has its price; few in the end, so that all threads end together.
            count = min(len(rows), _ROWS_MAX, max(1, len(rows) // (4 * self._count)))
            taken = [rows.popleft() for _ in range(count)]
            if not rows:
                self._open.popleft()
            return batch, taken

    def _one(self, batch, row, given, position):
        here.set(position)
        try:
            result = self._call(given)
            if result is not None:
                batch.results[row] = collected(result) if type(result) is GeneratorType else result
        except BaseException as error:
            batch.results[row] = self._failures.of(batch, error)
        if monotonic() >= self._due:
            self._due = monotonic() + PROGRESS_EVERY
            self._link.send("P")

    def _done(self, batch, count):
        with self._changed:
            batch.left -= count
            last = batch.left == 0
        if last:
            report_left_out()
            self._link.send("R", encode(batch))
            with self._changed:
                self._undone -= 1
                self._changed.notify_all()
