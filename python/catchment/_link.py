"""The socket between a worker and the collector. A frame is its length u32, a letter, and a body.

From the collector come batches (``B``); to it go ``H`` (ready: JSON), ``F`` (the handler cannot be loaded: a traceback), ``R``
(what became of a batch) and ``P`` (a line was done: there is progress). The end of what the collector sends asks the worker to
finish what it has and to leave.
"""

import os
import socket
import threading
from struct import Struct

_HEAD = Struct("<IB")


class Link:
    """Owns the socket, and a lock: frames of several threads do not mix."""

    def __init__(self, sock):
        self.sock = sock
        self._lock = threading.Lock()

    @classmethod
    def from_stdin(cls):
        """Takes over file descriptor 0, so that a handler which reads from its stdin finds an end, and no frames."""
        link = cls(socket.socket(fileno=os.dup(0)))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        return link

    def send(self, letter, body=b""):
        with self._lock:
            self.sock.sendall(frame(letter, body))

    def receive(self):
        """The body of the next batch, or None at the end."""
        head = self._exactly(_HEAD.size, True)
        return None if head is None else self._exactly(size(head), False)

    def _exactly(self, count, may_end):
        data = bytearray(count)
        view, at = memoryview(data), 0
        while at < count:
            got = self.sock.recv_into(view[at:])
            if got == 0:
                if at == 0 and may_end:
                    return None
                raise EOFError("the collector is gone")
            at += got
        return data


def frame(letter, body):
    """The bytes of a frame."""
    return _HEAD.pack(len(body) + 1, ord(letter)) + body


def size(head):
    """How many bytes follow the head of a frame."""
    length, letter = _HEAD.unpack(head)
    if letter != ord("B") or length == 0:
        raise ValueError("the collector sent something that is no batch")
    return length - 1


HEAD_SIZE = _HEAD.size
