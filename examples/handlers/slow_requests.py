"""A class: made once from its configuration, then given each line.

    { python = "slow_requests.py:SlowRequests", config = { above_ms = 500 } }
"""

import re

from catchment import DROP


class SlowRequests:
    """Marks requests that took longer than `above_ms`, and drops health checks."""

    def __init__(self, above_ms):
        self.above_ms = above_ms
        self.took = re.compile(r"duration_ms=(\d+)")

    @classmethod
    def from_config(cls, config):
        return cls(config.get("above_ms", 1000))

    def process(self, line: str):
        if "/healthz" in line:
            return DROP
        found = self.took.search(line)
        if found is None:
            return None
        took = int(found.group(1))
        return {"duration_ms": took, "slow": took > self.above_ms}
