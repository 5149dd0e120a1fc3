"""Coroutines on one event loop."""

import asyncio
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from catchment._batch import Batch  # noqa: E402
from catchment._failures import Failures  # noqa: E402
from catchment._lanes import Lanes  # noqa: E402
from catchment._load import Handler  # noqa: E402
from catchment._results import Failure  # noqa: E402


def run(handler, count, concurrency=1024):
    """Returns the batch, and how many lanes there were at most."""
    most = 0

    async def send(letter, body):
        pass

    async def main():
        nonlocal most
        lanes = Lanes(Handler(counted), Failures(), concurrency)
        counted.lanes = lanes
        batch = Batch(1, range(100, 100 + count), [str(number) for number in range(count)])
        lanes.add(batch, send)
        await lanes.drained()
        return batch

    async def counted(line):
        nonlocal most
        most = max(most, len(counted.lanes._lanes))
        return await handler(line)

    return asyncio.run(main()), most


class TestLanes(unittest.TestCase):
    def test_what_never_waits_needs_no_more_than_two(self):
        async def handler(line):
            return line + "!"

        batch, most = run(handler, 1000)
        self.assertEqual(batch.results, {row: f"{row}!" for row in range(1000)})
        self.assertLessEqual(most, 2)

    def test_all_wait_at_once_up_to_the_bound(self):
        waiting, peak, bound, all_wait = 0, 0, 0, None

        async def handler(line):
            nonlocal waiting, peak, all_wait
            all_wait = all_wait or asyncio.Event()
            waiting += 1
            peak = max(peak, waiting)
            if waiting == bound:
                # Whoever is one too many has had a turn by then.
                for _ in range(200):
                    await asyncio.sleep(0)
                all_wait.set()
            await all_wait.wait()
            waiting -= 1

        for concurrency in (1, 7, 1024):
            waiting, peak, bound, all_wait = 0, 0, min(100, concurrency), None
            batch, _ = run(handler, 100, concurrency)
            self.assertEqual((batch.left, peak), (0, bound))

    def test_a_line_that_cancels_itself_or_fails_stops_no_other(self):
        async def handler(line):
            if line == "3":
                asyncio.current_task().cancel()
            await asyncio.sleep(0)
            if line == "5":
                raise SystemExit
            return line

        batch, _ = run(handler, 10)
        failed = [row for row, result in batch.results.items() if isinstance(result, Failure)]
        self.assertEqual((sorted(failed), len(batch.results)), ([3, 5], 10))

    def test_a_timeout_is_that_of_its_line_alone(self):
        async def handler(line):
            if line == "1":
                try:
                    await asyncio.wait_for(asyncio.sleep(10), 0.01)
                except asyncio.TimeoutError:
                    return "late"
            await asyncio.sleep(0.02)
            return "in time"

        batch, _ = run(handler, 3)
        self.assertEqual([batch.results[row] for row in range(3)], ["in time", "late", "in time"])


if __name__ == "__main__":
    unittest.main()
