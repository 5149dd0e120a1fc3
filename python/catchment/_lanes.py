"""Runs a coroutine function: many lines wait at once, on one event loop.

A task for each line would cost more than most lines' work. So a few tasks, the lanes, take one line after the other. A lane that
starts lets another one start behind it, which gets its turn only when the first one waits: lines that never wait are done by one
lane, and as many lanes as wait at once, up to the bound, are there when they do.
"""

import asyncio
from collections import deque
from time import monotonic

from catchment._link import HEAD_SIZE, frame, size
from catchment._output import here, report_left_out
from catchment._plain import PROGRESS_EVERY
from catchment._results import RECORDS_MAX, Many, encode


class Lanes:
    """Owns the lanes and the batches in hand: two at most, the collector sends no more."""

    def __init__(self, handler, failures, concurrency):
        self._call = _collected(handler.call) if handler.kind == "async generator" else handler.call
        self._failures = failures
        self._concurrency = concurrency
        self._open = deque()
        self._lanes = set()
        self._due = 0.0

    async def serve(self, sock, decode):
        """Serves batches until the collector sends no more."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sending = asyncio.Lock()

        async def send(letter, body):
            async with sending:
                await loop.sock_sendall(sock, frame(letter, body))

        while (head := await _exactly(loop, sock, HEAD_SIZE, True)) is not None:
            self.add(decode(await _exactly(loop, sock, size(head), False)), send)
        await self.drained()

    def add(self, batch, send):
        """Lets the batch be done; `send` is given what came of it."""
        self._open.append((batch, batch.rows(), send))
        self._start_lane()

    async def drained(self):
        """Waits until all batches are done."""
        while self._lanes:
            await asyncio.wait(self._lanes)

    def _start_lane(self):
        if self._open and len(self._lanes) < self._concurrency:
            lane = asyncio.get_running_loop().create_task(self._lane())
            self._lanes.add(lane)
            lane.add_done_callback(self._lane_ended)

    def _lane_ended(self, lane):
        self._lanes.discard(lane)
        if not lane.cancelled() and lane.exception() is not None:
            # A reply cannot be sent: then nobody waits for one.
            asyncio.get_running_loop().stop()

    async def _lane(self):
        self._start_lane()
        call = self._call
        while self._open:
            batch, rows, send = self._open[0]
            for row, given, position in rows:
                here.set(position)
                try:
                    result = await call(given)
                    if result is not None:
                        batch.results[row] = result
                except BaseException as error:
                    batch.results[row] = self._failures.of(batch, error)
                batch.left -= 1
                if monotonic() >= self._due:
                    self._due = monotonic() + PROGRESS_EVERY
                    await send("P", b"")
                if not batch.left:
                    report_left_out()
                    await send("R", encode(batch))
            if self._open and self._open[0][0] is batch:
                self._open.popleft()


def _collected(call):
    """What an async generator yields for a line, as one result."""

    async def collect(given):
        results = []
        async for result in call(given):
            results.append(result)
            if len(results) > RECORDS_MAX:
                break
        return results[0] if len(results) == 1 else Many(results)

    return collect


async def _exactly(loop, sock, count, may_end):
    data = bytearray(count)
    view, at = memoryview(data), 0
    while at < count:
        got = await loop.sock_recv_into(sock, view[at:])
        if got == 0:
            if at == 0 and may_end:
                return None
            raise EOFError("the collector is gone")
        at += got
    return data
