"""System calls of Linux that Python 3.11 does not offer."""

from __future__ import annotations

import ctypes
import os
from typing import ClassVar

NOSUID = 2
REMOUNT = 32
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_POWER_OFF = 0x4321FEDC  # LINUX_REBOOT_CMD_POWER_OFF
_ADJ_SETOFFSET = 0x100
_ADJ_NANO = 0x2000
_libc = ctypes.CDLL(None, use_errno=True)


def mount(kind: str, target: str, *, source: str = "none", flags: int = 0, options: str = "") -> None:
    """mount(2). Raises OSError."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()), target)


def new_network() -> None:
    """Give the calling thread a network of its own. Raises OSError."""
    _check(_libc.unshare(_NEW_NETWORK), "unshare")


def enter_network(descriptor: int) -> None:
    """Move the calling thread to the network that this descriptor of a namespace stands for. Raises OSError."""
    _check(_libc.setns(descriptor, _NEW_NETWORK), "setns")


def power_off() -> None:
    """Stop the machine at once. Raises OSError."""
    os.sync()
    _check(_libc.reboot(_POWER_OFF), "reboot")


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2) on 64-bit machines, as far as it matters here."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("_skipped", ctypes.c_long * 8),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
        ("_rest", ctypes.c_byte * 256),
    ]


def shift_clock(by_ns: int) -> None:
    """Add to CLOCK_REALTIME in one step, which no pause between reading and setting can spoil. Raises OSError."""
    seconds, nanoseconds = divmod(by_ns, 10**9)
    wanted = _Timex(modes=_ADJ_SETOFFSET | _ADJ_NANO, seconds=seconds, nanoseconds=nanoseconds)
    if _libc.adjtimex(ctypes.byref(wanted)) < 0:
        _check(-1, "adjtimex")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
