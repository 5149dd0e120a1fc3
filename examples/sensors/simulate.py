"""Sensors that send `temperature=21.50 humidity=40.10` to a collector, and keep each reading until it is acked.

    python3 simulate.py HOST:PORT [--sensors 3] [--every SECONDS] [--readings N]
"""

import argparse
import asyncio
import math
import sys

RETRY_SECONDS = 1


def reading(sensor, number):
    """A warm day in a few minutes, a little different for each sensor."""
    angle = number / 30 + sensor
    return f"temperature={20 + 5 * math.sin(angle):.2f} humidity={50 - 10 * math.sin(angle):.2f} reading={number}\n"


async def send(line, link, address):
    """Sends a line until it is acked, over a new connection where the old one is broken. Returns the connection that works."""
    while True:
        try:
            reader, writer = link = link or await asyncio.open_connection(*address)
            writer.write(line.encode())
            await writer.drain()
            if await reader.readline() != b"ACK\n":
                raise ConnectionError("the collector has closed")
            return link
        except OSError as error:
            print(f"{error}; once more in {RETRY_SECONDS} s", file=sys.stderr)
            link = None
            await asyncio.sleep(RETRY_SECONDS)


async def measure(sensor, address, every, readings):
    link, number = None, 0
    while readings == 0 or number < readings:
        link = await send(reading(sensor, number), link, address)
        number += 1
        await asyncio.sleep(every)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("collector", help="HOST:PORT")
    parser.add_argument("--sensors", type=int, default=3)
    parser.add_argument("--every", type=float, default=1, help="seconds between two readings")
    parser.add_argument("--readings", type=int, default=0, help="of each sensor; 0 for no end")
    options = parser.parse_args()
    host, _, port = options.collector.rpartition(":")
    sensors = range(options.sensors)
    await asyncio.gather(*(measure(sensor, (host, int(port)), options.every, options.readings) for sensor in sensors))


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
