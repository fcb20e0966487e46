"""How many jiffies a kernel counts in a second. No file says it; /proc/timer_list gives it away.

It shows the monotonic clock and the jiffies counted so far. These start at -300 seconds, seen as a number of 32
bits (INITIAL_JIFFIES in include/linux/jiffies.h), and are counted by that same clock.
"""

from __future__ import annotations

import re

FILE = "/proc/timer_list"
# The choices of kernel/Kconfig.hz and of the architectures that have their own.
KNOWN = (24, 32, 48, 64, 100, 128, 200, 250, 256, 300, 500, 512, 1000, 1024, 1200)
_START = 2**32
_START_S = 300
_NOW = re.compile(r"^now at (\d+) nsecs", re.MULTILINE)
_JIFFIES = re.compile(r"^jiffies: (\d+)", re.MULTILINE)
# Jiffies by which the two may be apart: they are read one after the other.
_SLACK = 0.4


def parse(text: str) -> int | None:
    """Jiffies a second; None if the text lacks the figures (only root may read them) or they fit none or several."""
    now, jiffies = _NOW.search(text), _JIFFIES.search(text)
    if now is None or jiffies is None:
        return None
    since_start_s = int(now[1]) / 1e9
    counted = int(jiffies[1]) - _START
    fitting = [rate for rate in KNOWN if abs(counted - rate * (since_start_s - _START_S)) <= _SLACK * rate]
    return fitting[0] if len(fitting) == 1 else None
