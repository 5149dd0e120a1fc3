"""From one end to the other: lines are received over TCP, synced, acked and processed, next to the script that people write today."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from struct import unpack

from common import cpu, cpu_at_end, cpu_of_threads, log, micros, rate, table

SCRIPT = """
import asyncio, sys

{function}

async def collect(host, port):
    reader, writer = await asyncio.open_connection(host, port)
    rest = b""
    while chunk := await reader.read(1024):
        *lines, rest = (rest + chunk).split(b"\\n")
        for line in lines:
            await process_log_line(line.decode(errors="replace"))
            writer.write(b"ACK\\n")
        await writer.drain()

asyncio.run(collect("127.0.0.1", int(sys.argv[1])))
"""
NOTHING = "async def process_log_line(line: str):\n    pass\n"
APPENDS = 'out = open(sys.argv[2], "a")\n\nasync def process_log_line(line: str):\n    out.write(line + "\\n")\n'

HANDLERS = """
def text(line: str): pass
def record(record: dict): pass
async def coroutine(line: str): pass
def field(line: str): return {"length": len(line)}
"""
AUTO = "{ parse = 'auto' }"
AUTO_TAIL, AUTO_STORE = '`parse = "auto"`, to the tail', '`parse = "auto"`, to the store'
WHOLE = [
    ("no stage, to the tail", "[]", "tail"),
    (AUTO_TAIL, f"[{AUTO}]", "tail"),
    (AUTO_STORE, f"[{AUTO}]", "store"),
    ('`parse = "auto"`, a script, to the tail', f"[{AUTO}, {{ vrl = '.length = length(string!(.message))' }}]", "tail"),
    ("`def` given `str`, one worker", "[{ python = 'h.py:text', workers = 1 }]", "tail"),
    ("`def` given `str`, two workers", "[{ python = 'h.py:text', workers = 2 }]", "tail"),
    ("`def` that sets a field, one worker", "[{ python = 'h.py:field', workers = 1 }]", "tail"),
    ("`async def` given `str`", "[{ python = 'h.py:coroutine' }]", "tail"),
    ('`parse = "auto"`, `def` given a record, one worker, to the store', f"[{AUTO}, {{ python = 'h.py:record', workers = 1 }}]", "store"),
]


def measure(options, scratch, real):
    """A table; and lines per second of CPU, by name."""
    rows, figures = [], {}
    for name, function in [("asyncio script that does nothing", NOTHING), ("asyncio script that appends to a file", APPENDS)]:
        log(name)
        seconds, used = _script(options, real, scratch, function)
        rows.append([name, rate(options.count / seconds), micros(used, options.count), "", "", rate(options.count / used)])
    for name, stages, to in WHOLE:
        log(name)
        per_second, all_, pipeline, workers = _whole(options, real, scratch / "whole", stages, to)
        figures[name] = options.count / all_
        of_workers = micros(workers, options.count) if workers else ""
        rows.append([name, rate(per_second), micros(all_, options.count), micros(pipeline, options.count), of_workers, rate(figures[name])])
    head = ["what", "lines/s", "µs of CPU per line", "of these the pipeline's thread", "besides, its workers", "lines per second of CPU, without workers"]
    return table(head, rows), figures


def _serve(options, path):
    """The other end. It is waited for until it listens, which costs it no connection."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = [options.program, "serve", path, "--listen", f"127.0.0.1:{port}", "--once"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A" for line in open("/proc/net/tcp").readlines()[1:]):
        if process.poll() is not None:
            sys.exit("`catchment serve` ended")
        time.sleep(0.005)
    return process, port


def _script(options, path, scratch, function):
    """Seconds, and of CPU."""
    file, out = scratch / "script.py", scratch / "script.out"
    file.write_text(SCRIPT.format(function=function))
    server, port = _serve(options, path)
    began = time.perf_counter()
    script = subprocess.Popen([sys.executable, file, str(port), out])
    used = cpu_at_end(script.pid)
    seconds = time.perf_counter() - began
    if script.wait() != 0:
        sys.exit("the script failed")
    server.kill()
    server.wait()
    out.unlink(missing_ok=True)
    return seconds, used


def _whole(options, path, place, stages, to):
    """Lines per second once it is under way; seconds of CPU of the collector from its start to its end, of its pipeline's thread, and
    of its workers."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "h.py").write_text(HANDLERS)
    server, port = _serve(options, path)
    (place / "catchment.toml").write_text(
        f"[[source]]\nname = 's'\nkind = 'connect'\ntargets = ['127.0.0.1:{port}']\n"
        f"[[pipeline]]\nname = 'main'\nstages = {stages}\nto = ['{to}']\n"
    )
    collector = subprocess.Popen([options.program, "run"], cwd=place, stdout=subprocess.DEVNULL, stderr=open(place / "log", "w"))
    began = None
    while True:
        status = _status(place / "data/catchment.sock")
        pipeline = status["pipelines"][0] if status else {"lines": 0}
        if began is None and pipeline["lines"] > 0:
            began = time.perf_counter(), pipeline["lines"]
        if pipeline["lines"] >= options.count and pipeline["behind_bytes"] == 0:
            break
        if collector.poll() is not None:
            sys.exit((place / "log").read_text())
        time.sleep(0.01)
    per_second = (options.count - began[1]) / (time.perf_counter() - began[0])
    workers = sum(cpu(pid) for handler in pipeline.get("handlers", []) for pid in handler["processes"])
    threads = cpu_of_threads(collector.pid)
    collector.terminate()
    used = cpu_at_end(collector.pid)
    collector.wait()
    server.kill()
    server.wait()
    shown = sorted(threads.items(), key=lambda thread: -thread[1])
    log("  µs of CPU per line: " + ", ".join(f"{name} {micros(ran, options.count)}" for name, ran in shown if ran > 0.02 * used))
    return per_second, used, threads.get("pipe-main", 0), workers


def _status(path):
    """What a collector says of itself, or None when it does not listen yet."""
    try:
        with socket.socket(socket.AF_UNIX) as asked:
            asked.connect(os.fspath(path))
            asked.sendall(b'{"ask":"status"}\n')
            answer = asked.makefile("rb")
            event = b""
            while True:
                kind, length = unpack("<BI", answer.read(5))
                payload = answer.read(length)
                if kind in (2, 5):
                    event += payload
                if kind == 2:
                    return json.loads(event)
                if kind not in (2, 5):
                    sys.exit(f"no status: {payload.decode(errors='replace')}")
    except OSError:
        return None
