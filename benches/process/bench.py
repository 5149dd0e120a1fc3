"""`cargo xtask bench process`: parsers, scripts, Python handlers, and all of it with everything around it.

Prints the report. Times of the machine are as good as what else runs on it; the CPU times next to them are not touched by that, so
ratios and goals are told from those where both are there.
"""

import argparse
import os
import platform
import subprocess
import time
from pathlib import Path

import ends
import handlers
import parsers
import scripts
from common import log, rate
from lines import real_text

PARTS = ["parsers", "scripts", "handlers", "ends"]


def conditions(options):
    model = next((line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    path = real_path(options)
    rows = [
        ("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
        ("commit", commit),
        ("kernel", f"{platform.system()} {platform.release()}"),
        ("processor", f"{os.cpu_count()} cores, {model}"),
        ("Python", platform.python_version()),
        ("real lines", f"{options.count:,} of the logs that Debian's fail2ban is tested with, mixed, with fresh numbers, {path.stat().st_size / options.count:.0f} bytes each"),
        ("load of the machine at the end", f"{os.getloadavg()[0]:.1f}"),
    ]
    return "\n".join(["| condition |  |", "| --- | --- |"] + [f"| {name} | {value} |" for name, value in rows])


def real_path(options):
    return Path(options.dir) / f"real-{options.count}.log"


def goals(end, handler):
    """The table of what is to be reached, of those parts that were measured."""
    rows = []

    def goal(name, kind, bound, unit, found, show):
        reached = found >= bound if kind == "at least" else found <= bound
        rows.append(f"| {name} | {kind} {show(bound)}{unit} | {show(found)} | {'yes' if reached else '**no**'} |")

    seconds = lambda value: f"{value:.2f}"
    if end:
        for name in (ends.AUTO_TAIL, ends.AUTO_STORE):
            goal(f"lines/s per core, end to end, mixed real lines, {name}", "at least", 300_000, "", end[name], rate)
    if handler:
        goal("lines/s of one worker, `def` that does nothing, given `str`", "at least", 500_000, "", handler["plain"], rate)
        goal("the same, given a record", "at least", 250_000, "", handler["plain_record"], rate)
        goal("50 µs of Python for each line: two processes to one", "at least", 1.7, "", handler["50 µs of Python, 2 processes"], seconds)
        goal("1,000 coroutines that sleep 1 s", "at most", 1.1, " s", handler["one_second"], seconds)
        # The example's own sleep takes 2 s; what is around it may take a twentieth.
        goal("two coroutines, of 1 s and of 2 s", "at most", 2.1, " s", handler["one_or_two_seconds"], seconds)
        goal("CPU of idle workers", "at most", 0, " ns", handler["idle"], rate)
    return "\n".join(["|  | goal | measured | reached |", "| --- | --- | --- | --- |", *rows])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--lines", required=True, help="the example `lines` of the crate `parse`")
    parser.add_argument("--script", required=True, help="the example `script` of the crate `remap`")
    parser.add_argument("--rates", required=True, help="the example `rates` of the crate `workers`")
    parser.add_argument("--vrl", default="vrl", help="VRL's own command line")
    parser.add_argument("--dir", required=True)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    options = parser.parse_args()
    scratch = Path(options.dir)
    scratch.mkdir(parents=True, exist_ok=True)
    real = real_path(options)
    if not real.exists():
        log("making the lines")
        real_text(scratch, real, options.count)
    wants = lambda part: options.only is None or part in options.only
    sections, end, handler = [], None, None
    if wants("parsers"):
        sections.append(f"""## Parsers, on one core

Lines of one format are generated, {parsers.LINES:,} of each. Making a record of the line is in the figures.

{parsers.measure(options, scratch, real)}""")
    if wants("scripts"):
        sections.append(f"""## Scripts, against VRL's own command line

The command line reads JSON objects, one on a line, and prints them; what it takes to do only that is told apart. The stage is given the
same in records. {scripts.LINES:,} of the real lines, with four fields each.

{scripts.measure(options, scratch, real)}""")
    if wants("handlers"):
        kinds, ways, once, idle, handler = handlers.measure(options)
        sections.append(f"""## Python handlers

One worker, lines of 200 bytes with one field, batches of 8,000, three in hand. What the collector does for them runs on another core.

{kinds}

## Processes, threads, coroutines

{ways}

{once}

{idle}""")
    if wants("ends"):
        whole, end = ends.measure(options, scratch, real)
        sections.append(f"""## End to end: received over TCP, synced, acked, processed

The scripts and the collector dial the same server, `catchment serve`, on the same machine. CPU times are of a whole life, from start to
stop, with what reads the lines and acks them. Lines/s of the collector are those after its first lines, with all its threads, its workers
and the server on the machine's cores.

{whole}""")
    print(f"""# Processing

Written by `cargo xtask bench process`.

{conditions(options)}

## To reach

{goals(end, handler)}

""" + "\n\n".join(sections))


main()
