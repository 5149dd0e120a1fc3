"""No worker outlives its collector, whatever its handler does."""

import os
import select
import signal
import sys
import threading

_PR_SET_PDEATHSIG = 1


def guard(fd, parent):
    """Ends this process when process `parent` is gone: the kernel does it on Linux, also while a handler holds the interpreter's
    lock; elsewhere, and if not, a thread that sees the other end of the socket `fd` close."""
    if sys.platform == "linux":
        _die_with_parent()
    if os.getppid() != parent:
        os._exit(0)
    threading.Thread(target=_watch, args=(fd,), name="catchment-guard", daemon=True).start()


def leave_signals_to_collector():
    """Whoever stops a collector may send the signal to its workers, too; they are to finish what they have. A handler's own
    subprocesses do not inherit this."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)


def _die_with_parent():
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # Then the thread is enough for all but a handler that never lets go of the lock.


def _watch(fd):
    poll = select.poll()
    # Of no event but the one that cannot be left out: that both directions are closed.
    poll.register(fd, 0)
    while not any(event & (select.POLLHUP | select.POLLERR | select.POLLNVAL) for _, event in poll.poll()):
        pass
    os._exit(0)
