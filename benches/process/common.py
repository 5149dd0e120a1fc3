"""What the parts of the benchmark share."""

import os
import sys
import time


def log(text):
    print(text, file=sys.stderr, flush=True)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] + ["---:"] * (len(head) - 1)) + " |"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def rate(number):
    return f"{number:,.0f}"


def micros(seconds, lines):
    """Microseconds for each line."""
    return f"{seconds * 1e6 / lines:.2f}"


def cpu(pid):
    """Seconds of CPU of a process up to now, to the nanosecond: `pid` as the kernel numbers the clocks of processes."""
    return time.clock_gettime((~pid << 3) | 2)


def cpu_of_threads(pid):
    """The same of each of its threads, by name. Threads of one name are taken together."""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            name = open(f"/proc/{pid}/task/{thread}/comm").read().strip()
            ran = int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0]) / 1e9
        except OSError:
            continue  # It has just ended.
        found[name] = found.get(name, 0) + ran
    return found


def cpu_at_end(pid):
    """Seconds of CPU of a child in all its life. Waits for its end, and leaves it to be waited for."""
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
