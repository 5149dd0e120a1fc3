"""The lines that parsers are given."""

import importlib.util
import random
import time
from pathlib import Path

WORDS = "user order cache queue disk request reply session token backup index shard worker timeout retry".split()
LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "INFO", "INFO", "WARN", "ERROR"]
BEGIN = 1_790_000_000


def real_text(directory, path, lines):
    """The same real lines as in the benchmark of the store."""
    spec = importlib.util.spec_from_file_location("store_bench", Path(__file__).parent.parent / "store/bench.py")
    store = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(store)
    store.real_text(directory, path, lines)


def of_format(name, path, count):
    """Lines of one format, always the same ones."""
    chance = random.Random(name)
    with open(path, "w") as out:
        for number in range(count):
            out.write(FORMATS[name](chance, time.gmtime(BEGIN + number), chance.randrange(1_000_000)) + "\n")


def _text(chance):
    return " ".join(chance.choices(WORDS, k=8)) + f" {chance.randrange(10**6)}"


def _iso(at, micros):
    return time.strftime("%Y-%m-%dT%H:%M:%S", at) + f".{micros:06d}Z"


def _json(chance, at, micros):
    return (
        f'{{"ts":"{_iso(at, micros)}","level":"{chance.choice(LEVELS)}","service":"{chance.choice(WORDS)}","host":"node-{micros % 200:03d}",'
        f'"trace_id":"{chance.getrandbits(128):032x}","status":{200 + micros % 300},"msg":"{_text(chance)}"}}'
    )


def _logfmt(chance, at, micros):
    return (
        f'ts={_iso(at, micros)} level={chance.choice(LEVELS).lower()} service={chance.choice(WORDS)} host=node-{micros % 200:03d} '
        f'status={200 + micros % 300} took={micros / 1000}ms msg="{_text(chance)}"'
    )


def _syslog(chance, at, micros):
    host, program, pid = f"node-{micros % 200:03d}", chance.choice(WORDS), chance.randrange(1, 65536)
    if micros % 2:
        return f"<{chance.randrange(192)}>1 {_iso(at, micros)} {host} {program} {pid} ID47 [meta@1 seq=\"{micros}\"] {_text(chance)}"
    return f"<{chance.randrange(192)}>{time.strftime('%b %e %H:%M:%S', at)} {host} {program}[{pid}]: {_text(chance)}"


def _access(chance, at, micros):
    return (
        f'10.{micros % 256}.{micros % 100}.7 - {chance.choice(WORDS)} [{time.strftime("%d/%b/%Y:%H:%M:%S", at)} +0000] '
        f'"GET /{chance.choice(WORDS)}/{micros}?q={chance.choice(WORDS)} HTTP/1.1" {200 + micros % 300} {micros} '
        f'"https://example.org/{chance.choice(WORDS)}" "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"'
    )


def _klog(chance, at, micros):
    level = chance.choice("IIIIWE")
    return f"{level}{time.strftime('%m%d %H:%M:%S', at)}.{micros:06d} {micros % 9999:7d} {chance.choice(WORDS)}.go:{micros % 900}] {_text(chance)}"


def _kv(chance, at, micros):
    return f"{_iso(at, micros)} temp={micros / 30000:.1f}, hum: {micros % 100}; unit=C, id={micros}; state: {chance.choice(WORDS)}; room={chance.choice(WORDS)}"


def _cri(chance, at, micros):
    return f"{_iso(at, micros)[:-1]}123Z {chance.choice(['stdout', 'stderr'])} F {chance.choice(LEVELS)} {_text(chance)}"


def _plain(chance, at, micros):
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', at)},{micros % 1000:03d} {chance.choice(LEVELS)} [{chance.choice(WORDS)}-{micros % 16}] {_text(chance)}"


FORMATS = {
    "json": _json,
    "logfmt": _logfmt,
    "syslog": _syslog,
    "access": _access,
    "klog": _klog,
    "kv": _kv,
    "cri": _cri,
    "plain": _plain,
}
