"""Runs a plain function, one line after the other."""

from time import monotonic
from types import GeneratorType

from catchment._output import here, report_left_out
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
    call, results, due = handler.call, batch.results, monotonic() + PROGRESS_EVERY
    for row, given, position in batch.rows():
        here.set(position)
        try:
            result = call(given)
            if result is not None:
                results[row] = collected(result) if type(result) is GeneratorType else result
        except BaseException as error:
            results[row] = failures.of(batch, error)
        if monotonic() >= due:
            progress()
            due = monotonic() + PROGRESS_EVERY
    here.set(None)
