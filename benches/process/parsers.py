"""Each parser alone, on one core."""

import json
import subprocess

from common import log, rate, table
from lines import FORMATS, of_format

LINES = 50_000
PATTERNS = [
    ("regex", "access", r"regex=^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<at>[^\]]+)\] \"(?P<method>\w+) (?P<path>\S+) [^\"]*\" (?P<status>\d+) (?P<bytes>\d+)"),
    ("grok", "access", r'grok=%{IPORHOST:client} %{NOTSPACE} %{NOTSPACE:user} \[%{HTTPDATE:at}\] "%{WORD:method} %{NOTSPACE:path} %{NOTSPACE}" %{NUMBER:status:int} %{NUMBER:bytes:int}'),
]


def measure(options, scratch, real):
    """A table."""
    rows = [_row("`auto`", "mixed, real", _run(options, "auto", real))]
    for name in FORMATS:
        path = scratch / f"{name}.log"
        of_format(name, path, LINES)
        rows.append(_row(f"`{name}`", name, _run(options, name, path)))
        rows.append(_row("`auto`", name, _run(options, "auto", path)))
    for name, format_, pattern in PATTERNS:
        rows.append(_row(f"`{name}`", format_, _run(options, pattern, scratch / f"{format_}.log")))
    return table(["parser", "lines", "lines/s", "µs of CPU per line", "fields each"], rows)


def _run(options, name, path):
    log(f"parse {name.partition('=')[0]}, {path.stem}")
    with open(path, "rb") as lines:
        out = subprocess.run([options.lines, name, "bench"], stdin=lines, capture_output=True, check=True, text=True)
    return json.loads(out.stdout)


def _row(parser, lines, run):
    return [parser, lines, rate(run["lines_per_second"]), f"{run['cpu_us']:.2f}", f"{run['fields']:.1f}"]
