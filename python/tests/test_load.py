"""How a handler wants to be called."""

import os
import sys
import unittest
from pathlib import Path
from typing import Any, Dict, MutableMapping, TypedDict
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent))

from catchment._load import Handler  # noqa: E402
from catchment._worker import default_threads  # noqa: E402


class Event(TypedDict):
    message: str


class Hints(unittest.TestCase):
    def test_the_first_hint_decides(self):
        for hint, gives in (
            (str, "str"),
            (bytes, "bytes"),
            (dict, "dict"),
            (Dict[str, Any], "dict"),
            (MutableMapping, "dict"),
            (Event, "dict"),
            (Any, "str"),
            (int, "str"),
            ("dict[str, Any]", "dict"),
            ("bytes", "bytes"),
            ("typing.Mapping", "dict"),
            ("Nowhere", "str"),
        ):

            def handler(line):
                pass

            handler.__annotations__ = {"line": hint}
            self.assertEqual(Handler(handler).gives, gives, hint)

    def test_what_takes_nothing_is_no_handler(self):
        with self.assertRaises(TypeError):
            Handler(lambda: None)
        self.assertEqual(Handler(print).gives, "str")


class Threads(unittest.TestCase):
    def test_without_a_global_lock_threads_take_the_place_of_processes(self):
        async def coroutine(line):
            pass

        plain = Handler(lambda line: None)
        for enabled, expected in ((True, 1), (False, 8)):
            with mock.patch.object(sys, "_is_gil_enabled", lambda: enabled, create=True):
                with mock.patch.object(os, "cpu_count", lambda: 8):
                    self.assertEqual(default_threads(plain), expected)
                    self.assertEqual(default_threads(Handler(coroutine)), 1)


if __name__ == "__main__":
    unittest.main()
