"""Runs a handler by hand: lines from stdin, records to stdout as JSON lines."""

import argparse
import asyncio
import json
import sys
from contextlib import redirect_stdout
from datetime import datetime, timezone

from catchment import DROP, _plain
from catchment._batch import Batch
from catchment._failures import Failures, trace_of
from catchment._lanes import Lanes
from catchment._load import load
from catchment._results import ERROR, Many, changes, describe
from catchment._worker import call_now, call_soon, look_for_modules_in

_BATCH_LINES = 1000


def run(setup):
    """As a process that the collector started; lines follow on its stdin."""
    look_for_modules_in(setup["path"])
    sys.exit(by_hand(setup["handler"], setup["config"], setup["concurrency"]))


def main(arguments):
    """As ``python -m catchment``. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m catchment", description="Run a handler on the lines of stdin.")
    parser.add_argument("handler", help="FILE.py:NAME or module:NAME")
    parser.add_argument("--config", type=json.loads, help="what `from_config` is given, as JSON")
    parser.add_argument("--concurrency", type=int, default=1024, help="how many lines may wait at once (1024)")
    given = parser.parse_args(arguments)
    sys.path.insert(0, "")
    return by_hand(given.handler, given.config, given.concurrency)


def by_hand(name, config, concurrency):
    """0: all went well. 1: lines failed. 2: the handler cannot be loaded."""
    out = sys.stdout
    # What the handler prints is not to be taken for a record.
    with redirect_stdout(sys.stderr):
        try:
            handler = load(name, config)
        except BaseException as error:
            print(trace_of(error), end="", file=sys.stderr)
            return 2
        if handler.is_async:
            failed = asyncio.run(_run_async(handler, out, concurrency))
        else:
            call_now(handler.start)
            failed = 0
            for batch in _batches(handler.gives):
                _plain.run(handler, batch, Failures(), lambda: None)
                failed += _show(batch, out)
            call_now(handler.close)
    return 1 if failed else 0


async def _run_async(handler, out, concurrency):
    failed = 0
    await call_soon(handler.start)
    for batch in _batches(handler.gives):
        lanes = Lanes(handler, Failures(), concurrency)
        lanes.add(batch, _nowhere)
        await lanes.drained()
        failed += _show(batch, out)
    await call_soon(handler.close)
    return failed


async def _nowhere(_letter, _body):
    pass


def _batches(gives):
    lines, start = [], 1
    for line in sys.stdin.buffer:
        lines.append(_given(line, gives, start + len(lines)))
        if len(lines) == _BATCH_LINES:
            yield Batch(0, range(start, start + len(lines)), lines)
            lines, start = [], start + len(lines)
    if lines:
        yield Batch(0, range(start, start + len(lines)), lines)


def _given(line, gives, number):
    line = line[:-1] if line.endswith(b"\n") else line
    line = line[:-1] if line.endswith(b"\r") else line
    if gives == "bytes":
        return line
    text = line.decode(errors="replace")
    if gives == "str":
        return text
    now = datetime.now(timezone.utc)
    return {"position": number, "time": now, "received": now, "source": "stdin", "peer": "stdin", "level": None, "message": text}


def _show(batch, out):
    """Prints the records. Returns how many lines failed."""
    failed = 0
    print(batch.trace[1], end="", file=sys.stderr)
    for row, given in enumerate(batch.given):
        result = batch.results.get(row)
        if type(result) is not Many:
            result = Many([result])
        for one in result.results:
            if one is not DROP:
                record, error = _record(given, one)
                failed += error
                print(json.dumps(record, ensure_ascii=False, default=str), file=out)
    out.flush()
    return failed


def _record(given, result):
    record = dict(given) if type(given) is dict else {"message": given}
    if isinstance(given, bytes):
        record["message"] = given.decode(errors="replace")
    try:
        found = [] if result is None or result is given else changes(result, given)
    except BaseException as error:
        found = [(ERROR, describe(error))]
    for (name, kind), value in found:
        if kind == "E":
            record.update({"error.stage": "python", "error.reason": value})
        else:
            record[name] = value
    return record, any(key == ERROR for key, _ in found)
