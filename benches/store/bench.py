"""Measures catchment's store against ClickHouse (chdb), DuckDB and ripgrep on the same rows, in one run.

    bench.py --program target/release/catchment --dir DIR [--rows 3000000] [--lines 1000000] > report.md

Everybody gets the same files: JSON lines that are generated, and lines of real logs. catchment takes them through its journal, parses,
stores and syncs them; the others read the file and sync nothing. A query's time is the best of several, warm; the others run in this
process, catchment is asked through its socket.
"""

import argparse
import calendar
import json
import os
import platform
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

REPEATS = 7
RARE = "zqxv"
# What is looked for: in the real text, and in the generated rows.
PHRASE = ["Failed password", "connection refused"]
RATE = 40_000


def log(text):
    print(text, file=sys.stderr, flush=True)


# ---------------------------------------------------------------- the rows

SERVICES = ["api", "auth", "billing", "cart", "checkout", "gateway", "inventory", "mail", "search", "worker"]
TEMPLATES = [
    "request {a} to /v1/items/{b} completed in {c} ms with status 200",
    "cache miss for key user:{a}:profile, loaded from primary in {c} ms",
    "connection from 10.{x}.{y}.{z} accepted on port {p}, {c} active",
    "job {a} finished: {b} rows written to table events_{y} in {c} ms",
    "retrying call to inventory after timeout, attempt {x} of 5, waited {c} ms",
    "scheduled task cleanup removed {b} expired sessions older than {x} days",
    "payment {a} authorised for order {b}, amount {c}.{x} EUR",
    "connection refused by upstream 10.{x}.{y}.{z}:{p} while handling request {a}",
]
WEIGHTS = [30, 20, 15, 10, 8, 8, 8, 1]


def generate(path, rows):
    """Six fields a row: ts, level, service, host, trace_id, msg. Three rows hold a rare word, inside of a longer one."""
    rng = random.Random(7)
    begin = 1_790_000_000_000_000
    rare = {rows // 5, rows // 2, rows - rows // 7}
    needle = None
    with open(path, "w", buffering=1 << 20) as out:
        for i in range(rows):
            template = rng.choices(TEMPLATES, WEIGHTS)[0]
            r = rng.getrandbits(64)
            msg = template.format(
                a=r & 0xFFFFFF, b=(r >> 24) & 0xFFFF, c=(r >> 40) & 0x3FF, x=(r >> 50) & 7, y=(r >> 53) & 63,
                z=(r >> 20) & 255, p=1024 + (r & 0xFFF),
            )
            if i in rare:
                msg += f" token=ab{RARE}{i}cd"
            level = "ERROR" if "refused" in msg else "WARN" if "retrying" in msg else rng.choices(["INFO", "DEBUG"], [3, 1])[0]
            trace = f"{rng.getrandbits(128):032x}"
            if i == rows // 3:
                needle = trace
            t = begin + i * 1200
            ts = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t // 1_000_000)) + f".{t % 1_000_000:06d}Z"
            out.write(
                f'{{"ts":"{ts}","level":"{level}","service":"{SERVICES[(r >> 12) % 10]}",'
                f'"host":"node-{(r >> 7) % 200:03d}","trace_id":"{trace}","msg":"{msg}"}}\n'
            )
    return needle


def real_text(directory, path, lines):
    """The logs that Debian's fail2ban is tested with, again and again, each time with fresh numbers."""
    package = Path(directory) / "fail2ban"
    package.mkdir(exist_ok=True)
    if not list(package.glob("*.deb")):
        subprocess.run(["apt-get", "download", "fail2ban"], cwd=package, check=True, stdout=sys.stderr, stderr=sys.stderr)
    subprocess.run(["dpkg-deb", "-x", next(package.glob("*.deb")), package / "x"], check=True)
    samples = []
    for file in sorted(package.rglob("tests/files/logs/*")):
        if file.is_file():
            text = file.read_text(errors="replace").splitlines()
            samples += [line for line in text if line.strip() and not line.startswith("#")]
    rng = random.Random(11)
    samples = [re.split(r"(\d+)", line) for line in samples]
    rare = {lines // 5, lines // 2, lines - lines // 7}
    with open(path, "w", buffering=1 << 20) as out:
        for i in range(lines):
            parts = rng.choice(samples)
            line = "".join(str(rng.randrange(10 ** min(len(part), 9))).zfill(len(part)) if k % 2 else part for k, part in enumerate(parts))
            out.write(f"{line} ab{RARE}{i}cd\n" if i in rare else line + "\n")


# ---------------------------------------------------------------- the contestants


def best(run, repeats=REPEATS):
    times, result = [], None
    for _ in range(repeats):
        began = time.perf_counter()
        result = run()
        times.append((time.perf_counter() - began) * 1000)
    return min(times), result


def size_of(path):
    return sum(file.stat().st_size for file in Path(path).rglob("*") if file.is_file())


class Catchment:
    def __init__(self, program, directory):
        self.program, self.dir = program, Path(directory)
        self.process = None

    def configure(self, pipeline, limit="2 GiB", name="main"):
        (self.dir / "catchment.toml").write_text(
            f"""data_dir = "data"
memory_limit = "{limit}"
[journal]
segment_bytes = "{'1 GiB' if limit == '2 GiB' else '64 MiB'}"
bytes_max = "8 GiB"
keep_bytes = "{'4 GiB' if limit == '2 GiB' else '0 B'}"
[query]
memory_bytes = "{'512 MiB' if limit == '2 GiB' else '32 MiB'}"
[[source]]
name = "bench"
kind = "listen"
address = "unix:in.sock"
peers_max = 8
[[pipeline]]
name = "{name}"
{pipeline}
"""
        )

    def start(self):
        self.log = self.dir / "log"
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [self.program, "run", "--log-format", "json"], cwd=self.dir, stderr=open(self.log, "w"), stdout=subprocess.DEVNULL
        )
        while not (self.dir / "data/catchment.sock").exists():
            if self.process.poll() is not None:
                sys.exit(self.log.read_text())
            time.sleep(0.005)
        return time.perf_counter() - began

    def stop(self):
        began = time.perf_counter()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait()
        if code not in (0, 5):
            sys.exit(f"catchment ended with {code}: {self.log.read_text()[-2000:]}")
        return time.perf_counter() - began

    def fill(self, path):
        """Lets the journal take the file, and keep it for a pipeline that comes later."""
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.configure('to = [{ file = "nothing.ndjson" }]\nstages = [{ where = { source = "nobody" } }]', name="nobody")
        self.start()
        peer = self.connect()
        lines = sum(chunk.count(b"\n") for chunk in iter(lambda f=open(path, "rb"): f.read(1 << 20), b""))
        with open(path, "rb") as file:
            sending = threading.Thread(target=lambda: peer.sendfile(file))
            sending.start()
            acked = 0
            while acked < 4 * lines:
                acked += len(peer.recv(1 << 20))
            sending.join()
        peer.close()
        self.stop()
        return lines

    def ingest(self, stages):
        """From the first line read from the journal to the last record in a synced part, and the checkpoint behind it."""
        self.configure(f'to = ["store"]\nstages = {stages}')
        self.start()
        began = self.log_time("pipelines run")
        while self.status()["pipelines"][0]["behind_bytes"] > 0:
            time.sleep(0.02)
        self.stop()
        return self.log_time("stopped") - began

    def connect(self):
        while True:
            try:
                peer = socket.socket(socket.AF_UNIX)
                peer.connect(str(self.dir / "in.sock"))
                return peer
            except OSError:
                peer.close()
                time.sleep(0.01)

    def paced(self, path, rate, seconds):
        """Peak memory, in MiB, of everything together while so many lines a second come, and are stored, merged and asked for."""
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.configure("to = ['store', 'tail']\nstages = [{ parse = 'json' }]", limit="256 MiB")
        self.start()
        peer, sent, acked, step = self.connect(), 0, 0, rate // 50
        peer.setblocking(False)
        began = time.perf_counter()
        with open(path, "rb") as file:
            while sent < rate * seconds:
                block = b"".join(file.readline() or self.again(file) for _ in range(step))
                sent += step
                while block:
                    try:
                        block = block[peer.send(block):]
                    except BlockingIOError:
                        time.sleep(0.001)
                    try:
                        acked += len(peer.recv(1 << 20))
                    except BlockingIOError:
                        pass
                time.sleep(max(0, began + sent / rate - time.perf_counter()))
        took = time.perf_counter() - began
        peer.setblocking(True)
        while acked < 4 * sent:
            acked += len(peer.recv(1 << 20))
        visible = self.visible(peer)
        peak = self.peak()
        self.stop()
        return {"rate": sent / took, "seconds": seconds, "peak": peak, **visible}

    def again(self, file):
        file.seek(0)
        return file.readline()

    def visible(self, peer):
        """Milliseconds from a line's ACK to the first query that shows it; the line is found by its text."""
        times = []
        for i in range(100):
            word = f"visible{i}x{os.getpid()}"
            peer.sendall(json.dumps({"msg": word, "level": "INFO"}).encode() + b"\n")
            assert len(peer.recv(4)) == 4
            acked = time.perf_counter()
            while word.encode() not in self.search(word, 1):
                pass
            times.append((time.perf_counter() - acked) * 1000)
        times.sort()
        return {"visible p50": times[49], "visible max": times[-1]}

    def settle(self):
        """Until nothing is done in the background any more."""
        ticks = lambda: sum(map(int, open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()[11:13]))
        before = -1
        while (now := ticks()) > before + 2:
            before = now
            time.sleep(2)

    def peak(self):
        line = next(line for line in open(f"/proc/{self.process.pid}/status") if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def log_time(self, text):
        for _ in range(1000):
            for line in self.log.read_text().splitlines():
                entry = json.loads(line)
                if text in json.dumps(entry):
                    stamp = entry["timestamp"].rstrip("Z")
                    whole, _, part = stamp.partition(".")
                    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (part or "0"))
            time.sleep(0.01)
        sys.exit(f"the log never says {text!r}")

    def ask(self, request, until_first=False):
        """All bytes of an answer; with `until_first` those up to the first rows."""
        conn = socket.socket(socket.AF_UNIX)
        conn.connect(str(self.dir / "data/catchment.sock"))
        conn.sendall(json.dumps(request).encode() + b"\n")
        got, frames = bytearray(), 0
        file = conn.makefile("rb", 1 << 20)
        while True:
            head = file.read(5)
            kind, length = head[0], struct.unpack("<I", head[1:])[0]
            payload = file.read(length)
            if kind == 3:
                sys.exit(f"{request}: {payload.decode()}")
            if kind == 4:
                break
            if kind == 2:  # says whether all parts could be read
                continue
            got += payload
            frames += 1
            if until_first and frames == 2:  # the first is the schema
                break
        conn.close()
        return bytes(got)

    def status(self):
        return json.loads(subprocess.run([self.program, "status", "--format", "json"], cwd=self.dir, capture_output=True, check=True).stdout)

    def sql(self, text):
        return self.ask({"ask": "query", "sql": text})

    def search(self, words, limit=None, until_first=False):
        request = {"ask": "search", "words": words, "since": None, "until": None, "limit": limit, "ascending": False}
        return self.ask(request, until_first)

    def rows(self, sql):
        out = subprocess.run([self.program, "query", sql, "--format", "json"], cwd=self.dir, capture_output=True, check=True)
        return [json.loads(line) for line in out.stdout.splitlines()]


def catchment(program, directory, path, needle):
    log("catchment")
    it = Catchment(program, Path(directory) / "catchment")
    rows = it.fill(path)
    seconds = it.ingest("[{ parse = 'json' }]" if needle else "[]")
    result = {"rows/s": rows / seconds, "written": size_of(it.dir / "data/store/logs")}
    it.start()
    it.settle()
    result["size"] = size_of(it.dir / "data/store/logs")
    count = it.rows("SELECT count(*) AS n FROM logs")[0]["n"]
    assert count == rows, (count, rows)
    if needle:
        result["needle"], _ = best(lambda: it.sql(f"SELECT * FROM logs WHERE trace_id = '{needle}'"))
        result["levels"], _ = best(lambda: it.sql("SELECT level, count(*) FROM logs GROUP BY level"))
        result["minutes"], _ = best(lambda: it.sql("SELECT date_bin(INTERVAL '1 minute', time) AS minute, level, count(*) FROM logs GROUP BY 1, 2"))
    result["phrase"], _ = best(lambda: it.search(f'"{PHRASE[bool(needle)]}"', 100))
    result["rare"], _ = best(lambda: it.sql(f"SELECT count(*) FROM logs WHERE message LIKE '%{RARE}%'"))
    result["first"], _ = best(lambda: it.search(f"/{RARE}/", until_first=True))
    count = lambda where: it.rows(f"SELECT count(*) AS n FROM logs WHERE {where}")[0]["n"]
    answers = [count(f"message LIKE '%{PHRASE[bool(needle)]}%'"), count(f"message LIKE '%{RARE}%'")]
    if needle:
        answers.append(count(f"trace_id = '{needle}'"))
    result["peak"] = it.peak()
    it.stop()
    return result, answers


def clickhouse(directory, path, needle, indexed):
    from chdb import session

    log(f"chdb, {'with' if indexed else 'without'} indexes")
    place = Path(directory) / f"chdb-{indexed}"
    shutil.rmtree(place, ignore_errors=True)
    it = session.Session(str(place))
    text = ", INDEX i_msg msg TYPE text(tokenizer = 'splitByNonAlpha')" if indexed else ""
    trace = ", INDEX i_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1" if indexed else ""
    it.query("CREATE DATABASE d ENGINE = Atomic")
    if needle:
        it.query(
            "CREATE TABLE d.logs (ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), level LowCardinality(String), service LowCardinality(String), "
            f"host LowCardinality(String), trace_id String CODEC(ZSTD(1)), msg String CODEC(ZSTD(1)){text}{trace}) "
            "ENGINE = MergeTree ORDER BY (service, ts)"
        )
        source = (
            "SELECT parseDateTime64BestEffort(ts, 6, 'UTC'), level, service, host, trace_id, msg FROM "
            f"file('{path}', 'JSONEachRow', 'ts String, level String, service String, host String, trace_id String, msg String')"
        )
    else:
        it.query(f"CREATE TABLE d.logs (ts DateTime64(6, 'UTC') CODEC(Delta, ZSTD(1)), msg String CODEC(ZSTD(1)){text}) ENGINE = MergeTree ORDER BY ts")
        source = f"SELECT now64(6), line FROM file('{path}', 'LineAsString', 'line String')"
    began = time.perf_counter()
    it.query(f"INSERT INTO d.logs {source}")
    seconds = time.perf_counter() - began
    rows = int(it.query("SELECT count() FROM d.logs").bytes())
    size = lambda: int(it.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'logs'").bytes())
    result = {"rows/s": rows / seconds, "written": size()}
    time.sleep(2)
    while int(it.query("SELECT count() FROM system.merges").bytes()):
        time.sleep(0.5)
    result["size"] = size()
    # Without the cache of conditions a repeated query does its work again, as ours does.
    ask = lambda sql: it.query(f"{sql} SETTINGS use_query_condition_cache = 0", "Arrow")
    phrase = PHRASE[bool(needle)]
    tokens = f"hasAllTokens(msg, {phrase.split()}) AND " if indexed else ""
    if needle:
        result["needle"], _ = best(lambda: ask(f"SELECT * FROM d.logs WHERE trace_id = '{needle}'"))
        result["levels"], _ = best(lambda: ask("SELECT level, count() FROM d.logs GROUP BY level"))
        result["minutes"], _ = best(lambda: ask("SELECT toStartOfMinute(ts) AS minute, level, count() FROM d.logs GROUP BY minute, level"))
    result["phrase"], _ = best(lambda: ask(f"SELECT * FROM d.logs WHERE {tokens} msg LIKE '%{phrase}%' ORDER BY ts DESC LIMIT 100"))
    result["rare"], _ = best(lambda: ask(f"SELECT count() FROM d.logs WHERE msg LIKE '%{RARE}%'"))
    count = lambda where: int(it.query(f"SELECT count() FROM d.logs WHERE {where}").bytes())
    answers = [count(f"msg LIKE '%{phrase}%'"), count(f"msg LIKE '%{RARE}%'")]
    if needle:
        answers.append(count(f"trace_id = '{needle}'"))
    it.close()
    return result, answers


def duckdb_(directory, path, needle):
    import duckdb

    log("duckdb")
    place = Path(directory) / "logs.duckdb"
    place.unlink(missing_ok=True)
    it = duckdb.connect(str(place))
    it.execute("SET threads = 2")
    if needle:
        source = (
            f"SELECT * FROM read_json('{path}', format = 'newline_delimited', columns = "
            "{ts: 'TIMESTAMPTZ', level: 'VARCHAR', service: 'VARCHAR', host: 'VARCHAR', trace_id: 'VARCHAR', msg: 'VARCHAR'})"
        )
    else:
        options = "columns = {msg: 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false"
        source = f"SELECT now() AS ts, msg FROM read_csv('{path}', {options})"
    began = time.perf_counter()
    it.execute(f"CREATE TABLE logs AS {source}")
    it.execute("CHECKPOINT")
    seconds = time.perf_counter() - began
    one = lambda sql: it.execute(sql).fetchone()[0]
    result = {"rows/s": one("SELECT count(*) FROM logs") / seconds, "size": place.stat().st_size}
    all_ = lambda sql: it.execute(sql).fetchall()
    phrase = PHRASE[bool(needle)]
    if needle:
        result["needle"], _ = best(lambda: all_(f"SELECT * FROM logs WHERE trace_id = '{needle}'"))
        result["levels"], _ = best(lambda: all_("SELECT level, count(*) FROM logs GROUP BY level"))
        result["minutes"], _ = best(lambda: all_("SELECT time_bucket(INTERVAL '1 minute', ts) AS minute, level, count(*) FROM logs GROUP BY ALL"))
    result["phrase"], _ = best(lambda: all_(f"SELECT * FROM logs WHERE contains(msg, '{phrase}') ORDER BY ts DESC LIMIT 100"))
    result["rare"], _ = best(lambda: all_(f"SELECT count(*) FROM logs WHERE contains(msg, '{RARE}')"))
    answers = [one(f"SELECT count(*) FROM logs WHERE contains(msg, '{text}')") for text in (phrase, RARE)]
    if needle:
        answers.append(one(f"SELECT count(*) FROM logs WHERE trace_id = '{needle}'"))
    it.close()
    return result, answers


def ripgrep(path, needle):
    log("ripgrep")
    run = lambda *args: subprocess.run(["rg", *args, path], stdout=subprocess.PIPE).stdout
    result = {
        "size": os.path.getsize(path),
        "phrase": best(lambda: run("-F", PHRASE[bool(needle)]), 3)[0],
        "rare": best(lambda: run("-c", "-F", RARE), 3)[0],
    }
    if needle:
        result["needle"] = best(lambda: run("-F", needle), 3)[0]
    return result


# ---------------------------------------------------------------- the report

ROWS = [
    ("rows/s", "ingest, thousand rows/s", lambda v: f"{v / 1000:,.0f}"),
    ("written", "size at the end of the ingest, MB", lambda v: f"{v / 1e6:,.1f}"),
    ("size", "size when nothing is merged any more, MB", lambda v: f"{v / 1e6:,.1f}"),
    ("needle", "needle by trace id, ms", lambda v: f"{v:,.1f}"),
    ("phrase", "last 100 with a phrase, ms", lambda v: f"{v:,.1f}"),
    ("levels", "count by level, ms", lambda v: f"{v:,.1f}"),
    ("minutes", "histogram: count by minute and level, ms", lambda v: f"{v:,.1f}"),
    ("rare", "count of a rare substring, ms", lambda v: f"{v:,.1f}"),
    ("first", "its first hit, ms", lambda v: f"{v:,.1f}"),
    ("peak", "peak MiB of the process that answered", lambda v: f"{v:,.0f}"),
]
GOALS = [
    ("ingest, rows/s", "at least", 1.1, "rows/s", "rows/s"),
    ("size at the end of the ingest, filters included", "at most", 0.6, "written", "written"),
    ("size when nothing is merged any more", "at most", 0.6, "size", "size"),
    ("needle by trace id", "at most", 0.8, "needle", "needle"),
    ("last 100 with a phrase", "at most", 0.8, "phrase", "phrase"),
    ("count by level", "at most", 0.8, "levels", "levels"),
    ("histogram by minute and level", "at most", 0.8, "minutes", "minutes"),
    ("count of a rare substring", "at most", 0.8, "rare", "rare"),
    ("first hit of a rare substring, to all of ClickHouse's", "at most", 0.2, "first", "rare"),
]


def report(sets, paced):
    out = []
    say = out.append
    generated = sets["generated"]
    say("# catchment's store against ClickHouse, DuckDB and ripgrep\n")
    say("Written by `cargo xtask bench store`. The same lines for everybody, in one run. catchment takes them from its journal, parses them,")
    say("builds its token filters and syncs everything; the others read the file and sync nothing. Queries are warm, the best of several;")
    say("catchment answers through its socket, the others inside the process that asks. ClickHouse answers without its cache of conditions, which remembers the result.\n")
    say("| condition |  |\n| --- | --- |")
    say(f"| date | {time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC |")
    say(f"| kernel | {platform.system()} {platform.release()} |")
    say(f"| processor | {os.cpu_count()} cores |")
    for name, (count, raw, _) in sets.items():
        say(f"| {name} | {count:,} lines, {raw / 1e6:,.0f} MB |")
    for name in ("chdb", "duckdb"):
        say(f"| {name} | {version(name)} |")
    say("\n## To reach, as ratios to ClickHouse with its text index, on the generated lines\n")
    say("|  | goal | measured | reached |\n| --- | --- | --- | --- |")
    results = generated[2]
    ours, theirs = results["catchment"], results["ClickHouse, indexed"]
    mark = lambda reached: "yes" if reached else "**no**"
    for name, kind, goal, mine, other in GOALS:
        ratio = ours[mine] / theirs[other]
        reached = ratio >= goal if kind == "at least" else ratio <= goal
        say(f"| {name} | {kind} {goal} | {ratio:.2f} | {mark(reached)} |")
    say(f"| ms from ACK to a query that shows the line, longest of 100 | at most 50 | {paced['visible max']:.1f} | {mark(paced['visible max'] <= 50)} |")
    say(f"| peak MiB of collector and store at {paced['rate']:,.0f} lines/s for {paced['seconds']} s | at most 256 | {paced['peak']:.0f} | {mark(paced['peak'] <= 256)} |")
    for name, (_, _, results) in sets.items():
        names = list(results)
        say(f"\n## Figures, {name} lines\n")
        say("|  | " + " | ".join(names) + " |")
        say("| --- |" + " --- |" * len(names))
        for key, title, show in ROWS:
            if any(key in results[name] for name in names):
                say(f"| {title} | " + " | ".join(show(results[name][key]) if key in results[name] else "" for name in names) + " |")
    say(f"\nFrom ACK to a query that shows the line, median of 100: {paced['visible p50']:.1f} ms.")
    return "\n".join(out) + "\n"


def compare(options, directory, path, needle):
    contestants = {
        "catchment": lambda: catchment(options.program, directory, path, needle),
        "ClickHouse, indexed": lambda: clickhouse(directory, path, needle, True),
        "ClickHouse, plain": lambda: clickhouse(directory, path, needle, False),
        "DuckDB": lambda: duckdb_(directory, path, needle),
    }
    results, answers = {}, {}
    for name, run in contestants.items():
        if not options.only or name in options.only.split("+"):
            results[name], answers[name] = run()
            log(json.dumps({name: results[name], "answers": answers[name]}))
    if len(set(map(tuple, answers.values()))) > 1:
        sys.exit(f"they do not agree: {answers}")
    if shutil.which("rg"):
        results["ripgrep"] = ripgrep(path, needle)
    return results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--lines", type=int, default=1_000_000, help="of real text; 0 leaves it out")
    parser.add_argument("--seconds", type=int, default=60, help="how long lines come at a steady rate")
    parser.add_argument("--only", default="", help="names of contestants, joined with +: figures only, no report")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    directory = Path(options.dir).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    generated, real = directory / f"rows-{options.rows}.ndjson", directory / f"real-{options.lines}.log"
    needle = directory / f"needle-{options.rows}"
    if not needle.exists():
        log("generating")
        needle.write_text(generate(generated, options.rows))
    results = compare(options, directory, str(generated), needle.read_text())
    sets = {"generated": (options.rows, os.path.getsize(generated), results)}
    if options.lines:
        if not real.exists():
            real_text(directory, real, options.lines)
        sets["real"] = (options.lines, os.path.getsize(real), compare(options, directory, str(real), None))
    if options.only and "catchment" not in options.only:
        return
    paced = Catchment(options.program, directory / "catchment").paced(generated, RATE, options.seconds)
    log(json.dumps(paced))
    if not options.only:
        print(report(sets, paced))


if __name__ == "__main__":
    main()
