"""System calls of Linux that Python 3.11 does not offer."""

from __future__ import annotations

import ctypes
import os

NOSUID = 2
REMOUNT = 32
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_POWER_OFF = 0x4321FEDC  # LINUX_REBOOT_CMD_POWER_OFF
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


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
