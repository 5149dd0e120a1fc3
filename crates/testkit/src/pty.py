"""Runs a command on a terminal of its own: `pty.py ROWS COLUMNS COMMAND...`.

What the command writes goes to stdout. A line on stdin is an order: `keys HEX`, `size ROWS COLUMNS` or `signal NUMBER`. At the end of
the command, or of stdin, the last line on stderr says how it was left: `{"code": N, "restored": B}`.
"""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios

LOOK = 0.01


def resize(terminal, rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def write(master, text):
    while text:
        text = text[os.write(master, text):]


def obey(order, master, slave, child):
    match order.split():
        case ["keys", text]:
            write(master, bytes.fromhex(text))
        case ["size", rows, columns]:
            resize(slave, int(rows), int(columns))
        case ["signal", number]:
            child.send_signal(int(number))


def pass_on(master, wait):
    """Returns whether there was anything."""
    if not select.select([master], [], [], wait)[0]:
        return False
    os.write(1, os.read(master, 65536))
    return True


def main():
    # This side is held as well: the settings of a terminal that nobody holds are lost, and they are looked at in the end.
    master, slave = pty.openpty()
    resize(slave, int(sys.argv[1]), int(sys.argv[2]))
    before = termios.tcgetattr(slave)
    child = subprocess.Popen(
        sys.argv[3:],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.set_blocking(0, False)
    orders = b""
    while child.poll() is None:
        pass_on(master, LOOK)
        if select.select([0], [], [], 0)[0]:
            read = os.read(0, 65536)
            if not read:
                child.kill()
            orders += read
        *whole, orders = orders.split(b"\n")
        for order in whole:
            obey(order.decode(), master, slave, child)
    while pass_on(master, 0):
        pass
    restored = termios.tcgetattr(slave) == before
    print(json.dumps({"code": child.returncode, "restored": restored}), file=sys.stderr)


main()
