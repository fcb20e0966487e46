"""Source ports in turn, so that no new connection meets what conntrack remembers of an earlier one.

An attempt that timed out in SYN_SENT leaves its conntrack entry, with the backend it was sent to, for 120 s. A new
connection from the same port to the same address follows that entry, whatever the rules say by then. Left to
itself Linux draws a new random start into its port range every 10 s (EPHEMERAL_PORT_SHUFFLE_PERIOD in
net/core/secure_seq.c), so ports come back within seconds, at any rate, and an outage that is over seems to go on.
"""

from __future__ import annotations

import errno
import os
import random
import socket

_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"


class SourcePorts:
    """The ephemeral ports of this network namespace, from a random one on, each again only after all the others."""

    def __init__(self) -> None:
        # Kept open and read for each connection, which costs 2 us: the range may be changed while we run.
        self._range = os.open(_RANGE, os.O_RDONLY | os.O_CLOEXEC)
        self._last = random.randint(*self.bounds())

    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest ephemeral port."""
        low, high = os.pread(self._range, 64, 0).split()
        return int(low), int(high)

    def take(self) -> int:
        """The next port, whoever has it."""
        low, high = self.bounds()
        self._last = self._last + 1 if low <= self._last < high else low
        return self._last

    def bind(self, opened: socket.socket) -> None:
        """Bind the socket to the next port that is free. Raises OSError, EADDRNOTAVAIL as connect(2), without one."""
        host = "::" if opened.family == socket.AF_INET6 else ""
        low, high = self.bounds()
        for _ in range(low, high + 1):
            try:
                opened.bind((host, self.take()))
            except OSError as taken:
                if taken.errno != errno.EADDRINUSE:
                    raise
            else:
                return
        raise OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
