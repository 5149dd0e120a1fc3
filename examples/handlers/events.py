"""A generator: one line holds a JSON list of events, and each becomes a record of its own; of a line without any, none is left."""

import json


def events(line: str):
    for event in json.loads(line):
        yield {"message": event.pop("text", ""), **event}
