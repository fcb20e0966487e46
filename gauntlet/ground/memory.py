"""The memory of this machine."""

from __future__ import annotations

import re
from pathlib import Path


def available_bytes() -> int | None:
    """How much programs can be given without swapping (MemAvailable of proc(5)); None if the kernel does not say."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else None
