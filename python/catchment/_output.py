"""What a handler prints and logs goes to the collector, line by line, with the position of the line it was printed for."""

import io
import logging
import os
import threading
from contextvars import ContextVar
from operator import length_hint
from time import monotonic

here = ContextVar("catchment_position", default=None)
"""The position of the line that this thread or task is working on, or a `Cursor` that knows it."""


class Cursor:
    """Counts the rows of a batch, and knows which one it is at: saying that of each line would cost a third of what a line costs."""

    __slots__ = ("_positions", "rows")

    def __init__(self, positions):
        self._positions = positions
        self.rows = iter(range(len(positions)))

    def position(self):
        """Of the row that was taken last."""
        return self._positions[len(self._positions) - length_hint(self.rows) - 1]


def position():
    """Of the line that this thread or task is working on, or None."""
    at = here.get()
    return at.position() if type(at) is Cursor else at


LINE_MAX = 4000
"""A longer line is cut into several, so that each is one write to a pipe, and lines of several threads do not mix."""

_LETTERS = ((logging.ERROR, "E"), (logging.WARNING, "W"), (logging.INFO, "I"))


class Allowance:
    """How much may be printed: a second's worth at once, at most. What is over that is counted, and costs no system call."""

    def __init__(self, rate):
        self._rate = rate
        self._left = rate
        self._refilled = monotonic()
        self.left_out = 0

    def take(self, size):
        if size > self._left:
            now = monotonic()
            self._left = min(self._rate, self._left + (now - self._refilled) * self._rate)
            self._refilled = now
        if size > self._left:
            self.left_out += size
            return False
        self._left -= size
        return True


_allowance = Allowance(1 << 16)


def limit(rate):
    """Lets so many bytes per second be printed."""
    global _allowance
    _allowance = Allowance(rate)


def report_left_out():
    """Tells the collector how much was left out since it was told last."""
    left_out, _allowance.left_out = _allowance.left_out, 0
    if left_out:
        _write(2, b"\x1ex%d\x1f\n" % left_out)


def write_line(fd, letter, text):
    """Writes one line: ``0x1e``, a letter, the position, ``0x1f``, the text. Letters: ``o`` stdout, ``e`` stderr, ``E`` ``W``
    ``I`` ``D`` logging; ``x`` is for how many bytes were left out, in place of the position."""
    if not _allowance.take(len(text) + 1):
        return
    at = position()
    mark = b"\x1e%c%s\x1f" % (ord(letter), b"" if at is None else b"%d" % at)
    data = text.encode(errors="backslashreplace")
    for start in range(0, len(data) or 1, LINE_MAX):
        _write(fd, mark + data[start : start + LINE_MAX] + b"\n")


def _write(fd, data):
    try:
        os.write(fd, data)
    except OSError:
        pass  # Nobody there to read it is no error of the handler's.


class Stream(io.TextIOBase):
    """Takes the place of `sys.stdout` and `sys.stderr`. Owns what has no newline yet, for each thread, up to a bound."""

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, fd, letter):
        super().__init__()
        self._fd = fd
        self._letter = letter
        self._partial = threading.local()
        self.buffer = io.FileIO(fd, "w", closefd=False)

    def writable(self):
        return True

    def fileno(self):
        return self._fd

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        partial = self._partial.__dict__
        pending = partial.get("text", "")
        if text == "\n":
            # `print` ends its line with a write of its own.
            lines, rest = (pending,), ""
        elif "\n" in text:
            *lines, rest = (pending + text).split("\n")
        else:
            lines, rest = (), pending + text
        for line in lines:
            write_line(self._fd, self._letter, line)
        if len(rest) > LINE_MAX:
            write_line(self._fd, self._letter, rest)
            rest = ""
        partial["text"] = rest
        return len(text)

    def flush(self):
        """Does nothing: whole lines are written at once, and a part of one is none."""


class LogHandler(logging.Handler):
    """Sends what is logged on, one line for each line of it."""

    def emit(self, record):
        try:
            letter = next((letter for level, letter in _LETTERS if record.levelno >= level), "D")
            for line in self.format(record).split("\n"):
                write_line(2, letter, line)
        except Exception:
            self.handleError(record)


def log_to_collector():
    """Lets `logging` go to the collector, from INFO on, unless the handler's module has set it up otherwise."""
    root = logging.getLogger()
    if not root.handlers:
        handler = LogHandler()
        handler.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        root.addHandler(handler)
        if root.level == logging.WARNING:
            root.setLevel(logging.INFO)
