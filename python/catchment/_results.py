"""What a handler returned, as changes to records."""

import json
import operator
from array import array
from datetime import date, datetime, timezone
from itertools import islice
from struct import Struct

from catchment import DROP
from catchment._columns import _numbers, column

RECORDS_MAX = 10_000
"""The most records that one line may become."""
FIELDS_MAX = 1024
LEVELS_MAX = 16
REASON_MAX = 1000

_HEAD = Struct("<QIBI")
_TRACE = Struct("<QI")
_MISSING = object()
_NOTHING = {}
MESSAGE = "message", "s"
ERROR = "", "E"
_FIXED = frozenset(("position", "nth", "received", "source", "peer", "flags", "raw", "extra"))
_KINDS = {str: "s", int: "i", float: "f", bool: "b"}
_checked = set()
"""Names and kinds that a field may have: most records have the same ones."""
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1


class Failure:
    """Why a line could not be processed."""

    __slots__ = ("reason",)

    def __init__(self, error):
        self.reason = describe(error)


class Many:
    """What a generator yielded."""

    __slots__ = ("results",)

    def __init__(self, results):
        if len(results) > RECORDS_MAX:
            raise ValueError(f"more than {RECORDS_MAX} records for one line")
        self.results = results


def collected(generator):
    """What a generator yields: None for nothing but that the record stays, one result, or `Many`."""
    results = list(islice(generator, RECORDS_MAX + 1))
    return results[0] if len(results) == 1 else Many(results)


def describe(error):
    """The last line of a traceback."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    try:
        text = str(error)
    except BaseException:
        text = "<its text cannot be had>"
    return (f"{name}: {text}" if text else name)[:REASON_MAX]


def encode(batch):
    """The frame that says what became of the batch::

        number u64 · records u32 · same u8 · columns u32 · rows u32 each, unless same · columns ·
        position of a line that failed u64 · bytes of its traceback u32 · it

    `same` says that each line is one record still; otherwise a row for each record tells whose line it is.
    """
    results = batch.results
    count = len(batch.given)
    kinds = set(map(type, results.values()))
    same = Many not in kinds and type(DROP) not in kinds
    rows = None if same else []
    changed = _Changed()
    if same:
        for row in sorted(results):
            changed.add(row, results[row], batch.given[row])
    else:
        for row, given in enumerate(batch.given):
            for result in _records(results.get(row)):
                changed.add(len(rows), result, given)
                rows.append(row)
        count = len(rows)
    position, trace = batch.trace
    trace = trace.encode(errors="replace")
    columns = changed.columns
    parts = [_HEAD.pack(batch.number, count, same, len(columns))]
    if not same:
        parts.append(_numbers("I", rows))
    parts.extend(column(kind, name, rows, values, count) for (name, kind), (rows, values) in columns.items())
    parts += _TRACE.pack(position, len(trace)), trace
    return b"".join(parts)


def _records(result):
    if type(result) is Many:
        return [one for one in result.results if one is not DROP]
    return () if result is DROP else (result,)


class _Changed:
    """What the results of a batch say, in columns: by name and kind the rows, and a value for each."""

    def __init__(self):
        self.columns = {}
        self._known = {}
        """The columns again, by the name and the type of values that were looked at once and need no second look."""

    def add(self, record, result, given):
        """Adds what `result` says of a record."""
        if result is None or result is given:
            return
        kind = type(result)
        if kind is dict and self._add_known(record, result, given):
            return
        if kind is str:
            found = ((MESSAGE, result),)
        else:
            try:
                found = changes(result, given)
            except BaseException as error:
                found = [(ERROR, describe(error))]
        columns = self.columns
        for key, value in found:
            at = columns.get(key)
            if at is None:
                at = columns[key] = (array("I"), [])
            at[0].append(record)
            at[1].append(value)
        if kind is dict:
            for name, value in result.items():
                key = name, _KINDS.get(type(value))
                if key in _checked and key in columns:
                    self._known[name, type(value)] = columns[key]

    def _add_known(self, record, result, given):
        """Adds fields all of which are known. Returns whether they are; if not, nothing is added."""
        was = given if type(given) is dict else _NOTHING
        known, found = self._known, []
        for name, value in result.items():
            if value is None or value is was.get(name, _MISSING):
                continue
            kind = type(value)
            at = known.get((name, kind))
            if at is None or (kind is int and not _INT_MIN <= value <= _INT_MAX):
                return False
            found.append((at, value))
        if len(found) > FIELDS_MAX:
            return False
        for (rows, values), value in found:
            rows.append(record)
            values.append(value)
        return True


def changes(result, given):
    """What a result sets, as a list of ((name, kind), value)."""
    if isinstance(result, dict):
        found = []
        _fields(result, given if type(given) is dict else {}, "", 0, found)
        if len(found) > FIELDS_MAX:
            raise ValueError(f"more than {FIELDS_MAX} fields")
        return found
    if isinstance(result, str):
        return [(MESSAGE, str(result))]
    if isinstance(result, (bytes, bytearray)):
        return [] if result == given else [(MESSAGE, result.decode(errors="replace"))]
    if type(result) is Failure:
        return [(ERROR, result.reason)]
    if hasattr(result, "__await__"):
        getattr(result, "close", lambda: None)()
        raise TypeError("a plain function returned a coroutine: write it as `async def`")
    raise TypeError(f"a handler returned {type(result).__name__}: it is to be None, str, bytes, dict or catchment.DROP")


def _fields(result, was, prefix, depth, found):
    for name, value in result.items():
        if value is None or value is was.get(name, _MISSING):
            continue
        kind = _KINDS.get(type(value))
        key = name, kind
        if key in _checked and not prefix and (kind != "i" or _INT_MIN <= value <= _INT_MAX):
            found.append((key, value))
            continue
        name = prefix + str(name)
        if name in _FIXED:
            raise ValueError(f"`{name}` cannot be set: it says where a record comes from")
        if name == "" or len(name.encode(errors="replace")) > 255:
            raise ValueError("a field needs a name of 1 to 255 bytes")
        if isinstance(value, dict) and depth < LEVELS_MAX:
            _fields(value, {}, name + ".", depth + 1, found)
            continue
        name, typed, value = _own(name, *_typed(value))
        found.append(((name, typed), value))
        if typed == kind and key[0] == name and len(_checked) < 1000:
            _checked.add(key)


def _own(name, kind, value):
    """Checks those that are the record's own."""
    if name == "message" and kind != "s":
        return name, "s", str(value)
    if name == "time" and kind != "t":
        raise ValueError("`time` is to be a datetime")
    if name == "level" and kind != "s":
        raise ValueError("`level` is to be one of trace, debug, info, notice, warn, error, fatal")
    return name, kind, value


def _typed(value):
    """(kind, value) of a field's value. What has no kind of its own becomes text: lists as JSON, others as `str` has them."""
    kind = _KINDS.get(type(value))
    if kind is not None and (kind != "i" or _INT_MIN <= value <= _INT_MAX):
        return kind, value
    if isinstance(value, datetime):
        return "t", value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, str):
        return "s", str.__str__(value)
    if isinstance(value, float):
        return "f", float(value)
    if hasattr(value, "__index__"):
        number = operator.index(value)
        return ("i", number) if _INT_MIN <= number <= _INT_MAX else ("s", str(number))
    if isinstance(value, (bytes, bytearray)):
        return "s", value.decode(errors="replace")
    if isinstance(value, (dict, list, tuple)):
        return "s", json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, date):
        return "s", value.isoformat()
    return "s", str(value)
