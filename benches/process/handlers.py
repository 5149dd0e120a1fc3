"""Handlers of every kind, and every way to run them."""

import json
import os
import subprocess
import sys

from common import log, rate, table


def measure(options):
    """Tables of kinds, of ways and of waiting; and the figures by name."""
    log("handlers")
    environment = {**os.environ, "PYTHON": sys.executable}
    out = subprocess.run([options.rates], stdout=subprocess.PIPE, check=True, text=True, env=environment)
    runs = [json.loads(line) for line in out.stdout.splitlines()]
    of = lambda what: [run for run in runs if run["what"] == what]
    figures = {run["handler"]: run["lines_per_second"] for run in of("kind")}
    figures |= {run["handler"]: run["seconds"] for run in of("once")}
    kinds = [
        [f"`{run['handler']}`", rate(run["lines_per_second"]), f"{run['worker_cpu_us']:.2f}", rate(1e6 / run["worker_cpu_us"])]
        for run in of("kind")
    ]
    one = {run["work"]: run["lines_per_second"] for run in of("way") if run["way"] == "1 process"}
    ways = []
    for run in of("way"):
        times = run["lines_per_second"] / one[run["work"]]
        figures[f"{run['work']}, {run['way']}"] = times
        ways.append([run["work"], run["way"], rate(run["lines_per_second"]), f"{times:.2f}", f"{run['worker_cpu_us']:.0f}"])
    once = [[f"`{run['handler']}`", f"{run['lines']}", f"{run['seconds']:.3f}"] for run in of("once")]
    idle = [
        [run["handler"], f"{run['workers']}", f"{run['seconds']:.0f}", f"{run['cpu_ns']}", f"{run['switches']}"]
        for run in of("idle")
    ]
    figures["idle"] = sum(run["cpu_ns"] for run in of("idle"))
    return (
        table(["handler that does nothing else", "lines/s", "µs of the worker's CPU per line", "lines per second of it"], kinds),
        table(["work for each line", "how", "lines/s", "times one process", "µs of CPU per line"], ways),
        table(["coroutines at once", "lines", "seconds in all"], once),
        table(["idle handler", "workers", "seconds", "ns of CPU", "times that one of its threads ran"], idle),
        figures,
    )
