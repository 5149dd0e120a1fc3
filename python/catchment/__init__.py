"""Handlers for lines that `catchment` collects.

A handler is given each line, and what it returns says what becomes of the record::

    async def process_log_line(line: str):
        print(f"[LOG] {line}")

``None`` keeps the record as it is, a ``str`` replaces its message, a ``dict`` sets fields (``message``, ``level`` and
``time`` set the record's own), and `DROP` drops it. A generator yields none, one or many records for a line.
"""

__all__ = ["DROP"]


class _Drop:
    """The type of `DROP`."""

    def __repr__(self):
        return "catchment.DROP"

    def __reduce__(self):
        return "DROP"


DROP = _Drop()
"""What a handler returns to drop the record."""
