"""`cargo xtask bench process`: parsers, Python handlers, and both with everything around them.

Prints the report. Times of the machine are as good as what else runs on it; the CPU times next to them are not touched by that, so
ratios and goals are told from those where both are there.
"""

import argparse
import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
FORMATS = ["auto", "json", "logfmt", "syslog", "access", "klog", "kv", "cri", "plain"]

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


def log(text):
    print(text, file=sys.stderr, flush=True)


def real_text(directory, path, lines):
    """The same real lines as in the benchmark of the store."""
    spec = importlib.util.spec_from_file_location("store_bench", Path(__file__).parent.parent / "store/bench.py")
    store = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(store)
    store.real_text(directory, path, lines)


def cpu(pid, thread=None):
    """Seconds of CPU of a process, or of one of its threads, up to now."""
    place = f"/proc/{pid}/task/{thread}/stat" if thread else f"/proc/{pid}/stat"
    fields = open(place).read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def thread_named(pid, name):
    for thread in os.listdir(f"/proc/{pid}/task"):
        if open(f"/proc/{pid}/task/{thread}/comm").read().strip() == name:
            return thread
    return None


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] + ["---:"] * (len(head) - 1)) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def rate(number):
    return f"{number:,.0f}"


# ---------------------------------------------------------------- parsers


def parsers(options, path):
    rows = []
    for name in FORMATS:
        log(f"parse {name}")
        with open(path, "rb") as lines:
            out = subprocess.run([options.lines, name, "bench"], stdin=lines, capture_output=True, check=True, text=True)
        first = json.loads(out.stdout.splitlines()[0])
        rows.append([f"`{name}`", rate(first["lines_per_second"]), f"{first['cpu_us']:.2f}", f"{first['fields']:.1f}"])
    return table(["parser", "lines/s", "µs of CPU per line", "fields each"], rows)


# ---------------------------------------------------------------- handlers


def handlers(options):
    log("handlers")
    out = subprocess.run([options.rates], capture_output=True, check=True, text=True)
    runs = [json.loads(line) for line in out.stdout.splitlines()]
    kinds, ways, alone = [], [], []
    for run in runs:
        per_cpu = 1e6 / run["worker_cpu_us"] if run["worker_cpu_us"] else 0
        if run["what"] == "kind":
            kinds.append([f"`{run['handler']}`", rate(run["ahead"]), f"{run['worker_cpu_us']:.2f}", rate(per_cpu)])
        elif run["what"] == "way":
            ways.append(run)
        else:
            alone.append([f"`{run['handler']}`", f"{run['lines']}", f"{run['seconds']:.2f}"])
    one = {run["work"]: run["ahead"] for run in ways if run["way"] == "1 process"}
    ways = [
        [run["work"], run["way"], rate(run["ahead"]), f"{run['ahead'] / one[run['work']]:.2f}", f"{run['worker_cpu_us']:.0f}"]
        for run in ways
    ]
    return (
        table(["handler that does nothing", "lines/s", "µs of the worker's CPU per line", "lines per second of it"], kinds),
        table(["work for each line", "how", "lines/s", "times one process", "µs of CPU per line"], ways),
        table(["coroutines at once", "lines", "seconds in all"], alone),
    )


# ---------------------------------------------------------------- the script of today


def serve(options, path):
    port = free_port()
    command = [options.program, "serve", path, "--listen", f"127.0.0.1:{port}", "--once"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return process, port


def script(options, path, scratch, function):
    file = scratch / "script.py"
    file.write_text(SCRIPT.format(function=function))
    server, port = serve(options, path)
    wait_for(port)
    began, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, file, str(port), scratch / "script.out"], check=True)
    seconds, after = time.perf_counter() - began, os.times()
    server.kill()
    server.wait()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, used


def wait_for(port):
    """Until it listens: `/proc/net/tcp` tells, so that no connection is spent on it."""
    place = f":{port:04X} "
    while not any(place in line.split(maxsplit=2)[1] + " " and " 0A " in line for line in open("/proc/net/tcp").readlines()[1:]):
        time.sleep(0.005)


# ---------------------------------------------------------------- the whole


def whole(options, path, scratch, stages, to):
    """Seconds, and of CPU: the collector, its pipeline's thread, and the workers."""
    place = scratch / "whole"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "h.py").write_text(HANDLERS)
    server, port = serve(options, path)
    wait_for(port)
    (place / "catchment.toml").write_text(
        f"[[source]]\nname = 's'\nkind = 'connect'\ntargets = ['127.0.0.1:{port}']\n"
        f"[[pipeline]]\nname = 'main'\nstages = {stages}\nto = {to}\n"
    )
    collector = subprocess.Popen([options.program, "run"], cwd=place, stdout=subprocess.DEVNULL, stderr=open(place / "log", "w"))
    began = time.perf_counter()
    while True:
        out = subprocess.run([options.program, "status", "--format", "json"], cwd=place, capture_output=True)
        pipeline = json.loads(out.stdout)["pipelines"][0] if out.returncode == 0 else {"lines": 0}
        if pipeline["lines"] >= options.count and pipeline["behind_bytes"] == 0:
            break
        if collector.poll() is not None:
            sys.exit((place / "log").read_text())
        time.sleep(0.02)
    seconds = time.perf_counter() - began
    pids = [pid for handler in pipeline.get("handlers", []) for pid in handler["processes"]]
    thread = cpu(collector.pid, thread_named(collector.pid, "pipe-main"))
    used = cpu(collector.pid), thread, sum(map(cpu, pids))
    collector.terminate()
    collector.wait()
    server.kill()
    server.wait()
    return seconds, *used


def everything(options, path, scratch):
    rows = []
    for name, function in [("asyncio script, does nothing", NOTHING), ("asyncio script, appends to a file", APPENDS)]:
        log(name)
        seconds, used = script(options, path, scratch, function)
        rows.append([name, rate(options.count / seconds), f"{used / options.count * 1e6:.2f}", "", "", rate(options.count / used)])
    for name, stages, to in [
        ("catchment, no stage, to nobody", "[]", "['tail']"),
        ('`parse = "auto"`, to nobody', "[{ parse = 'auto' }]", "['tail']"),
        ('`parse = "auto"`, to the store', "[{ parse = 'auto' }]", "['store']"),
        ("`def`, given `str`", "[{ python = 'h.py:text', workers = 1 }]", "['tail']"),
        ("`def`, given `str`, two workers", "[{ python = 'h.py:text', workers = 2 }]", "['tail']"),
        ("`def`, sets a field", "[{ python = 'h.py:field', workers = 1 }]", "['tail']"),
        ("`async def`, given `str`", "[{ python = 'h.py:coroutine' }]", "['tail']"),
        ('`parse = "auto"`, `def` given a record, to the store', "[{ parse = 'auto' }, { python = 'h.py:record', workers = 1 }]", "['store']"),
    ]:
        log(name)
        seconds, all_, thread, workers = whole(options, path, scratch, stages, to)
        per_line = lambda used: f"{used / options.count * 1e6:.2f}"
        rows.append([name, rate(options.count / seconds), per_line(all_), per_line(thread), per_line(workers) if workers else "", rate(options.count / all_)])
    head = ["what", "lines/s", "µs of CPU per line", "of the pipeline's thread", "of workers", "lines per second of CPU without workers"]
    return table(head, rows)


def conditions():
    model = next((line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return (
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, commit {commit}, {os.cpu_count()} cores, {model}, "
        f"Python {platform.python_version()}; load of the machine at the end {os.getloadavg()[0]:.1f}."
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--lines", required=True, help="the example `lines` of the crate `parse`")
    parser.add_argument("--rates", required=True, help="the example `rates` of the crate `workers`")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    scratch = Path(options.dir)
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"real-{options.count}.log"
    if not path.exists():
        log("making the lines")
        real_text(scratch, path, options.count)
    parsed = parsers(options, path)
    kinds, ways, alone = handlers(options)
    ends = everything(options, path, scratch)
    print(f"""# Processing

{conditions()}

Lines: {options.count:,} of the logs that Debian's fail2ban is tested with, mixed, with fresh numbers; {path.stat().st_size / options.count:.0f} bytes each. Handlers
alone are given lines of about 200 bytes.

## Parsers, on one core, all on the same mixed lines

{parsed}

## Python handlers, one worker, batches of 8,000 lines, three in hand

{kinds}

## Processes, threads, coroutines

{ways}

{alone}

## End to end: received over TCP, synced, acked, processed

The script and the collector dial the same server, `catchment serve`. What reads the lines and acks them is in the CPU time.

{ends}""")


main()
