"""A batch as a worker has it: what was given, and what came of it."""

from struct import Struct

from catchment._columns import Reader

_HEAD = Struct("<QII")
_OWN = 7


class Batch:
    """Lines that travel together, and the results of those for which a handler returned something."""

    def __init__(self, number, positions, given):
        self.number = number
        self.positions = positions
        self.given = given
        self.results = {}
        """The result of each row that had one other than None."""
        self.left = len(given)
        """How many are not done yet."""
        self.trace = 0, ""
        """A sample of what failed: the position of a line, and the traceback."""

    @classmethod
    def decode(cls, body):
        """The batch in the frame `body`."""
        reader = Reader(body)
        number, count, columns = reader.unpack(_HEAD)
        columns = [reader.column() for _ in range(columns)]
        positions = columns[0][2]
        given = columns[1][2] if columns[1][0] == "line" else _records(count, columns)
        return cls(number, positions, given)

    def rows(self):
        """(row, what is given to the handler, position) of each line."""
        return zip(range(len(self.positions)), self.handed(), self.positions)

    def handed(self):
        """What is given to the handler for each line. A record is given as a copy: what it was is needed to tell what changed."""
        given = self.given
        return map(dict.copy, given) if given and type(given[0]) is dict else given


def _records(count, columns):
    """Each record as a dict: the record's own values, which the collector sends first, then the fields."""
    position, time, received, source, peer, level, message = (values for _, _, values in columns[:_OWN])
    records = [
        {"position": p, "time": t, "received": r, "source": s, "peer": q, "level": e, "message": m}
        for p, t, r, s, q, e, m in zip(position, time, received, source, peer, level, message)
    ]
    if len(records) != count:
        raise ValueError("the columns of a batch are not of one length")
    for name, rows, values in columns[_OWN:]:
        if rows is None:
            for record, value in zip(records, values):
                record[name] = value
        else:
            for row, value in zip(rows, values):
                records[row][name] = value
    return records
