"""What goes out comes back."""

import random
import sys
import unittest
from array import array
from datetime import datetime, timedelta, timezone
from pathlib import Path
from struct import pack

sys.path.insert(0, str(Path(__file__).parent.parent))

from catchment._columns import EPOCH, Reader, clean, column  # noqa: E402

ALPHABET = "ab \0\n\r\x1e\u00e9\u20ac\ud800\udfff\U0001f600"


def text(chance):
    return "".join(chance.choices(ALPHABET, k=chance.randrange(6)))


VALUES = {
    "b": lambda chance: chance.random() < 0.5,
    "i": lambda chance: chance.randrange(-(2**63), 2**63),
    "f": lambda chance: chance.uniform(-1e300, 1e300),
    "t": lambda chance: EPOCH + timedelta(microseconds=chance.randrange(-(10**15), 10**16)),
    "s": text,
}


class Columns(unittest.TestCase):
    def test_any_values_come_back(self):
        for seed in range(500):
            chance = random.Random(seed)
            kind, records = chance.choice("biftss"), chance.randrange(20)
            rows = sorted(chance.sample(range(records), chance.randrange(records + 1)))
            values = [VALUES[kind](chance) for _ in rows]
            name = text(chance)
            reader = Reader(column(kind, name, array("I", rows), values, records))
            back, back_rows, back_values = reader.column()
            self.assertEqual(back, clean(name), seed)
            self.assertEqual(list(range(records)) if back_rows is None else list(back_rows), rows, seed)
            self.assertEqual(list(back_values), [clean(v) for v in values] if kind == "s" else values, seed)
            with self.assertRaises(ValueError):
                reader.take(1)

    def test_text_that_has_no_utf8_is_replaced_and_all_other_is_not(self):
        self.assertEqual(clean("a\ud83d\ude00b\ud800c\udc00"), "a\U0001f600b\ufffdc\ufffd")
        self.assertEqual(clean("\0\uffff"), "\0\uffff")

    def test_bytes_and_text_of_few_values(self):
        head = pack("<BBHI", ord("y"), 1, 0, 2)
        self.assertEqual(Reader(head + pack("<III", 1, 2, 3) + b"\xff\0a").column()[2], [b"\xff", b"\0a"])
        data = pack("<BBHI", ord("d"), 1, 0, 3) + pack("<I", 2) + pack("<II", 2, 0) + pack("<I", 2) + b"ab" + pack("<III", 1, 0, 0)
        self.assertEqual(Reader(data).column()[2], [None, "ab", "ab"])

    def test_what_is_cut_short_is_an_error(self):
        data = column("s", "n", array("I", [0, 2]), ["one", "tw\u00f6"], 3)
        for end in range(len(data)):
            with self.assertRaises(ValueError):
                Reader(data[:end]).column()

    def test_times_that_python_does_not_have(self):
        head = pack("<BBHI", ord("t"), 1, 0, 3)
        times = Reader(head + pack("<qqq", 2**63 - 1, -(2**63), 0)).column()[2]
        self.assertEqual([time.year for time in times], [9999, 1, 1970])
        self.assertEqual(times[2], datetime(1970, 1, 1, tzinfo=timezone.utc))


if __name__ == "__main__":
    unittest.main()
