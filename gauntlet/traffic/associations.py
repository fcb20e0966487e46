"""The Locust user that speaks SCTP, over a raw socket: the kernel need not have it. Runs inside the agent only."""

from __future__ import annotations

import errno
import os
import socket
import struct

from gauntlet.traffic.ports import SourcePorts
from gauntlet.traffic.reply import BadReply
from gauntlet.traffic.sctp import PROTOCOL, Association, behind_ip
from gauntlet.traffic.users import Probe, hear_of_errors

# A raw socket has no port that others could not have: those of SCTP are the agent's own to count.
_SOURCE_PORTS = SourcePorts()
_LARGEST = 65_536
_MOST_ERRORS = 64
_CONTROL_BYTES = 512
_MSG_ERRQUEUE = 0x2000  # linux/socket.h


class NewAssociation(Probe):
    """A new association for each attempt, from a new port: set up, asked one question, and shut down in order."""

    def exchange(self) -> None:
        raw = self._connected()
        try:
            answer = self.converse(raw)
        finally:
            raw.close()
        lines = answer.split(b"\n")
        if len(lines) != len(self.job.questions):
            raise BadReply(f"{len(lines)} answers to {len(self.job.questions)} questions: {answer[:60]!r}")
        for question, line in zip(self.job.questions, lines, strict=True):
            self.learn(question, line)

    def converse(self, raw: socket.socket) -> bytes:
        """What the backend answered, once the association is over."""
        association = Association(_SOURCE_PORTS.take(), self.job.port, " ".join(self.job.questions).encode())
        self.leaves()
        raw.send(association.begin())
        while not association.is_over:
            due = association.hear(self._received(raw, association))
            if due is not None:
                raw.send(due)
        return association.answer or b""

    def _connected(self) -> socket.socket:
        """A raw socket that is sent what comes from the address that is asked, of whatever association."""
        # The resolver knows no services of raw sockets; a name has the same addresses for all.
        family, (address, _) = self._where(socket.SOCK_DGRAM)
        try:
            raw = socket.socket(family, socket.SOCK_RAW, PROTOCOL)
        except PermissionError:
            # Nothing of the network: no outcome of an attempt has this name.
            raise OSError(errno.EPROTONOSUPPORT, "raw sockets need CAP_NET_RAW") from None
        try:
            hear_of_errors(raw)
            raw.connect((address, 0))
        except BaseException:
            raw.close()
            raise
        return raw

    def _received(self, raw: socket.socket, association: Association) -> bytes:
        """The next packet, without its IP header. Raises OSError if an ICMP message says that ours did not arrive."""
        while True:
            try:
                packet = raw.recv(_LARGEST)
            except OSError:
                refusal = _refusal(raw, association)
                if refusal is None:
                    continue
                raise refusal from None
            return behind_ip(packet, by_ipv6=raw.family == socket.AF_INET6)


def _refusal(raw: socket.socket, association: Association) -> OSError | None:
    """What the kernel noted of ICMP messages about this association; None if all are about others at the address.

    The kernel tells all raw sockets that are connected to the address: a NodePort may be refused beside another.
    """
    raw.settimeout(0.0)
    try:
        for _ in range(_MOST_ERRORS):
            try:
                sent, noted, _, _ = raw.recvmsg(_LARGEST, _CONTROL_BYTES, _MSG_ERRQUEUE)
            except BlockingIOError:
                return None
            if association.is_of(sent):
                # struct sock_extended_err of linux/errqueue.h begins with the errno.
                (number,) = struct.unpack_from("=I", noted[0][2])
                return OSError(number, os.strerror(number))
    finally:
        raw.settimeout(None)
    return None


# By protocol and connection, as USERS.
ASSOCIATIONS: dict[tuple[str, str], type[Probe]] = {("sctp", "new"): NewAssociation}
