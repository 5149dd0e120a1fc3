"""What is kept of the errors of a handler."""

import traceback
from time import monotonic

from catchment._output import position
from catchment._results import Failure

_EVERY = 1.0
TRACE_MAX = 4096


class Failures:
    """Makes a failure of an exception, and samples tracebacks: one a second, since they are slow to write."""

    def __init__(self):
        self._due = 0.0

    def of(self, batch, error):
        now = monotonic()
        if now >= self._due:
            self._due = now + _EVERY
            batch.trace = position() or 0, trace_of(error)
        return Failure(error)


def trace_of(error):
    """The traceback, from the handler's first frame on. Of a long one the end."""
    try:
        frames = error.__traceback__
        lines = traceback.format_exception(type(error), error, frames.tb_next if frames and frames.tb_next else frames)
        return "".join(lines)[-TRACE_MAX:]
    except BaseException:
        return f"{type(error).__qualname__}: its traceback cannot be had"
