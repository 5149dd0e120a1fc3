"""Scripts as a stage, against the same ones in VRL's own command line."""

import json
import resource
import subprocess
from itertools import islice

from common import log, micros, rate, table

LINES = 100_000
# What reading JSON and printing it takes, without any work.
NOTHING = "null"
SCRIPTS = [
    (
        "sets and removes fields",
        """
.length = length(string!(.message))
if contains(string!(.message), "Failed password") { .level = "warn" }
.request = join!([.http.method, .http.path], " ")
del(.user)
""",
    ),
    (
        "takes text apart with a pattern",
        r"""
found, error = parse_regex(.message, r'^(?P<at>\w{3} +\d+ [\d:]+) (?P<host>\S+) (?P<program>[^\[:\s]+)(?:\[(?P<pid>\d+)\])?: (?P<text>.*)$')
if error == null {
  .program = found.program
  .pid = to_int(found.pid) ?? null
  .message = found.text
}
""",
    ),
]


def measure(options, scratch, real):
    """A table, or why there is none."""
    try:
        subprocess.run([options.vrl, "--version"], capture_output=True)
    except OSError as error:
        return f"Not measured: `{options.vrl}`: {error.strerror}. It comes with `cargo install vrl`; `--vrl` says where it is."
    objects = scratch / "objects.json"
    _objects(real, objects)
    text = scratch / "few.log"
    with open(real, errors="replace") as lines, open(text, "w") as out:
        out.writelines(islice(lines, LINES))
    log("scripts")
    # The least of several, in turn, since what is told apart is small beside the rest.
    least = {}
    for _ in range(3):
        for script in [NOTHING, *(script for _, script in SCRIPTS)]:
            used = _theirs(options, scratch, script, objects)
            least[script] = min(used, least.get(script, used))
    rows = []
    for name, script in SCRIPTS:
        theirs, ours = least[script], _ours(options, scratch, script, text)
        alone = theirs - least[NOTHING]
        rows.append([
            name, rate(LINES / theirs), micros(theirs, LINES), micros(alone, LINES), f"{ours:.2f}", rate(1e6 / ours), f"{ours * LINES / 1e6 / alone:.2f}",
        ])
    head = [
        "script", "`vrl`: lines per second of CPU", "`vrl`: µs of CPU per line", "less what reading and printing take",
        "stage `vrl`: µs of CPU per line", "lines per second of CPU", "to the command line's script alone",
    ]
    return table(head, rows)


def _objects(real, path):
    with open(real, errors="replace") as lines, open(path, "w") as out:
        for line in islice(lines, LINES):
            one = {"message": line.rstrip("\n"), "host": "gw-1", "http": {"method": "GET", "path": "/index.html"}, "user": "ada"}
            out.write(json.dumps(one) + "\n")


def _theirs(options, scratch, script, objects):
    """Seconds of CPU of the command line."""
    (scratch / "script.vrl").write_text(script)
    command = [options.vrl, "--quiet", "--input", objects, "--program", scratch / "script.vrl", "--print-object"]
    used = lambda: sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    before = used()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    return used() - before


def _ours(options, scratch, script, text):
    """Microseconds of CPU for a record."""
    (scratch / "script.vrl").write_text(script)
    with open(text, "rb") as lines:
        out = subprocess.run([options.script, scratch / "script.vrl", "bench"], stdin=lines, capture_output=True, check=True, text=True)
    run = json.loads(out.stdout)
    assert run["failed"] == 0, run
    return run["cpu_us"]
