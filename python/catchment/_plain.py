"""Runs a plain function, one line after the other."""

from time import monotonic
from types import GeneratorType

from catchment._output import Cursor, here, report_left_out
from catchment._results import collected, encode

PROGRESS_EVERY = 0.5
"""How often the collector is told that lines get done, in seconds."""


def serve(link, handler, failures, decode):
    """Serves batches until the collector sends no more."""
    while (body := link.receive()) is not None:
        batch = decode(body)
        run(handler, batch, failures, lambda: link.send("P"))
        report_left_out()
        link.send("R", encode(batch))


def run(handler, batch, failures, progress):
    """Gives each line of the batch to the handler."""
    call, results, cursor = handler.call, batch.results, Cursor(batch.positions)
    here.set(cursor)
    due = monotonic() + PROGRESS_EVERY
    for row, given in zip(cursor.rows, batch.handed()):
        try:
            result = call(given)
            if result is not None:
                if type(result) is GeneratorType:
                    result = collected(result)
                results[row] = result
        except BaseException as error:
            results[row] = failures.of(batch, error)
        if monotonic() >= due:
            progress()
            due = monotonic() + PROGRESS_EVERY
    here.set(None)
