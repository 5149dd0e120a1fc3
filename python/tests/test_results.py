"""What handlers return, as columns."""

import random
import sys
import unittest
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from catchment._output import Cursor, here, position  # noqa: E402
from catchment._results import ERROR, FIELDS_MAX, MESSAGE, _Changed  # noqa: E402

NAMES = ["a", "b", "message", "level", "time", "position", "a.b", "\u00e9"]
VALUES = [None, True, 1, 2**63, -(2**63), 1.5, "x", "", {"b": 1}, {"b": {"c": "y"}}, [1, "z"], b"bytes", datetime(2026, 1, 1)]


def any_result(chance):
    fields = {name: chance.choice(VALUES) for name in chance.sample(NAMES, chance.randrange(4))}
    return chance.choice([fields, fields, fields, "text", b"\xff", None, 7])


class Results(unittest.TestCase):
    def test_what_is_known_is_added_like_what_is_new(self):
        for seed in range(300):
            chance = random.Random(seed)
            given = chance.choice(["text", {"message": "text", "a": 1, "b": "x"}])
            results = [any_result(chance) for _ in range(30)]
            together, apart = _Changed(), {}
            for record, result in enumerate(results):
                together.add(record, result, given)
                alone = _Changed()
                alone.add(record, result, given)
                for key, (rows, values) in alone.columns.items():
                    found = apart.setdefault(key, ([], []))
                    found[0].extend(rows)
                    found[1].extend(values)
            self.assertEqual({key: (list(rows), values) for key, (rows, values) in together.columns.items()}, apart, seed)

    def test_too_many_fields_are_an_error_also_when_all_are_known(self):
        changed = _Changed()
        names = [str(number) for number in range(FIELDS_MAX + 1)]
        changed.add(0, dict.fromkeys(names[1:], 1), "text")
        changed.add(1, dict.fromkeys(names[:-1], 2), "text")
        changed.add(2, dict.fromkeys(names, 3), "text")
        self.assertEqual([list(changed.columns[names[index], "i"][0]) for index in (0, 1, -1)], [[1], [0, 1], [0]])
        self.assertEqual(list(changed.columns[ERROR][0]), [2])

    def test_a_text_is_the_message(self):
        changed = _Changed()
        changed.add(3, "new", "old")
        self.assertEqual({key: (list(rows), values) for key, (rows, values) in changed.columns.items()}, {MESSAGE: ([3], ["new"])})


class Cursors(unittest.TestCase):
    def test_it_knows_which_row_is_at_work(self):
        cursor = Cursor(range(100, 103))
        here.set(cursor)
        self.assertEqual([position() for _ in cursor.rows], [100, 101, 102])
        here.set(None)
        self.assertIsNone(position())


if __name__ == "__main__":
    unittest.main()
