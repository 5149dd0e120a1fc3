"""The main program of a worker process."""

import inspect
import json
import os
import sys
import traceback

from catchment import _plain
from catchment._batch import Batch
from catchment._failures import Failures
from catchment._guard import guard, leave_signals_to_collector
from catchment._link import Link
from catchment._load import load
from catchment._output import Stream, limit, log_to_collector
from catchment._threads import Threads


def run(setup):
    """Loads the handler, says so, and serves batches. `setup` has `handler`, `config`, `path`, `threads`, `concurrency`,
    `log_rate`, `parent`."""
    link = Link.from_stdin()
    guard(link.sock.fileno(), setup["parent"])
    leave_signals_to_collector()
    limit(setup["log_rate"])
    sys.stdout, sys.stderr = Stream(1, "o"), Stream(2, "e")
    look_for_modules_in(setup["path"])
    try:
        handler = load(setup["handler"], setup["config"])
        log_to_collector()
        threads = setup["threads"] or default_threads(handler)
        if handler.is_async:
            # Only who needs it waits for it to be imported.
            import asyncio

            asyncio.run(_serve_async(link, handler, setup["concurrency"]))
        else:
            _serve_plain(link, handler, threads)
    except BaseException:
        text = traceback.format_exc()
        try:
            # While batches are served, it is the worker's end that tells.
            link.sock.setblocking(True)
            link.send("F", text.encode(errors="backslashreplace"))
        finally:
            sys.exit(1)


def look_for_modules_in(path):
    """In the directory of the configuration, not in the one where the collector happened to be started."""
    sys.path[:] = [path] + [other for other in sys.path if other != ""]


def default_threads(handler):
    """One, where threads would only wait for each other."""
    return os.cpu_count() or 1 if free_threaded() and not handler.is_async else 1


def free_threaded():
    return not getattr(sys, "_is_gil_enabled", lambda: True)()


def _serve_plain(link, handler, threads):
    call_now(handler.start)
    _ready(link, handler, threads=threads)
    if threads > 1:
        Threads(link, handler, Failures(), threads).serve(Batch.decode)
    else:
        _plain.serve(link, handler, Failures(), Batch.decode)
    call_now(handler.close)


async def _serve_async(link, handler, concurrency):
    from catchment._lanes import Lanes

    await call_soon(handler.start)
    _ready(link, handler, concurrency=concurrency)
    await Lanes(handler, Failures(), concurrency).serve(link.sock, Batch.decode)
    await call_soon(handler.close)


def _ready(link, handler, threads=1, concurrency=1):
    about = {
        "kind": handler.kind,
        "gives": handler.gives,
        "threads": threads,
        "concurrency": concurrency,
        "free_threaded": free_threaded(),
        "python": "%d.%d.%d" % sys.version_info[:3],
    }
    link.send("H", json.dumps(about).encode())


def call_now(function):
    """Calls `start` or `close` of a plain handler."""
    if function is not None:
        result = function()
        if inspect.isawaitable(result):
            import asyncio

            asyncio.run(_wait_for(result))


async def call_soon(function):
    """Calls `start` or `close` on the event loop."""
    if function is not None:
        result = function()
        if inspect.isawaitable(result):
            await result


async def _wait_for(awaitable):
    return await awaitable
