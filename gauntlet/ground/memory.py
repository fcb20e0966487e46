"""The memory of this machine."""

from __future__ import annotations

import re
from pathlib import Path

# Of a run, for each of its clusters: conformance on two took 2.78 GiB at its most (docs/benchmarks.md).
CLUSTER_BYTES = 3 << 29


def available_bytes() -> int | None:
    """How much programs can be given without swapping (MemAvailable of proc(5)); None if the kernel does not say."""
    found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"))
    return int(found[1]) * 1024 if found else None
