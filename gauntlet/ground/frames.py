"""Polars, without what its import does to SIGINT.

Loading it replaces the handler of SIGINT by one that calls the former and has the kernel go on with what was
interrupted. A main thread that waits for a lock or for a process would then sleep on until something else wakes it,
and Ctrl-C would seem to do nothing.
"""

from __future__ import annotations

import signal

import polars as pl

# Python's own setting, kept with the new handler; unlike signal.signal it may be called in any thread.
signal.siginterrupt(signal.SIGINT, True)  # noqa: FBT003

__all__ = ["pl"]
