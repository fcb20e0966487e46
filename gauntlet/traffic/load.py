"""Target and Load: what to ask, where, how often. Declared by suites as data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Flag, auto

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import place
from gauntlet.ground.history import Connection, DeclaredFlow, Frontend, Protocol
from gauntlet.traffic.exchange import Exchange
from gauntlet.traffic.job import Job


class Ask(Flag):
    """What each attempt asks its backend, on one connection."""

    HOSTNAME = auto()
    SOURCE_IP = auto()


QUESTIONS = {Ask.HOSTNAME: "hostname", Ask.SOURCE_IP: "clientip"}
_SPEAK = {
    Exchange.ECHO: (Protocol.TCP, Protocol.UDP),
    Exchange.HALF_CLOSED: (Protocol.TCP,),
    Exchange.TWO_AT_ONCE: (Protocol.UDP,),
}


@dataclass(frozen=True)
class Target:
    """One frontend of one Service. `service` is `namespace/name`; `address` is an IP address or a DNS name."""

    service: str
    frontend: Frontend
    address: str
    port: int
    protocol: Protocol = Protocol.TCP

    def __str__(self) -> str:
        return f"{place(self.address, self.port)}/{self.protocol}"


@dataclass(frozen=True)
class Load:
    """Attempts against one target.

    `rate_per_s` is that of all users together; None means as fast as possible. `users` is how many attempts
    may be in flight, and, for kept connections, how many connections there are. None chooses: one for a
    fixed local port, two for kept connections or without a rate, else enough to stay on schedule while every
    attempt times out (rate x time-out, and a tenth more; see `gauntlet.traffic.schedule`).
    `timeout_s` is for a whole attempt. One second, the default, is the kernel's first SYN retransmission
    time-out (RFC 6298), so a lost SYN is a timeout and never a late success. With kept connections, or a
    fixed port, a hung attempt holds its user, so a shorter `timeout_s` gives a finer resolution there.
    `attempts` ends the load after exactly so many; None means until stopped. `gives_up_after` ends it earlier, once so
    many have failed and none has succeeded: the rest would take long, and tell no more.
    `local_port` fixes the source port of a UDP flow (one user, kept socket). UDP replies carry no number: a
    reply later than `timeout_s` is dropped before the next attempt, unless it arrives during it.
    `name` is what a DNS server is asked for, by a new socket each time, instead of `ask`, and `resolves_to` the address
    that it has to answer with; the server may say who it is.
    `exchange` is what each attempt does instead of asking, with `payload_bytes` to be sent, on a new connection.
    """

    target: Target
    users: int | None = None
    rate_per_s: float | None = None
    connection: Connection = Connection.NEW
    timeout_s: float = 1.0
    ask: Ask = Ask.HOSTNAME | Ask.SOURCE_IP
    attempts: int | None = None
    local_port: int | None = None
    name: str = ""
    resolves_to: str = ""
    exchange: Exchange = Exchange.QUESTIONS
    payload_bytes: int = 0
    gives_up_after: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no agent could do. Raises UsageError."""
        self._positive("users", self.users)
        self._positive("rate_per_s", self.rate_per_s)
        self._positive("timeout_s", self.timeout_s)
        self._positive("attempts", self.attempts)
        self._positive("gives_up_after", self.gives_up_after)
        if not self.ask:
            raise UsageError("a load asks nothing", "give `ask` Ask.HOSTNAME, Ask.SOURCE_IP or both")
        if self.name and self.connection is not Connection.NEW:
            raise UsageError("a DNS server is asked by a new socket each time", "leave `connection` or `name` out")
        if bool(self.name) != bool(self.resolves_to):
            raise UsageError("a DNS server is asked for a name with a known address", "give `name` and `resolves_to`")
        if self.exchange is not Exchange.QUESTIONS:
            self._talks()
        if self.target.protocol is Protocol.SCTP and (self.connection is not Connection.NEW or self.name):
            raise UsageError("SCTP is asked by a new association each time", "leave `connection` or `name` out")
        if self.local_port is not None and (
            self.target.protocol is not Protocol.UDP or self.connection is not Connection.KEPT or self.pool != 1
        ):
            raise UsageError(
                "a fixed local port is for one UDP flow",
                "use protocol=UDP, connection=KEPT and one user, or leave `local_port` out",
            )

    @classmethod
    def kept(cls, target: Target, rate_per_s: float, ask: Ask = Ask.HOSTNAME | Ask.SOURCE_IP) -> Load:
        """One user that keeps its connection, or its UDP socket: the rows of a flow do not tell several apart."""
        return cls(target, users=1, rate_per_s=rate_per_s, connection=Connection.KEPT, ask=ask)

    @property
    def pool(self) -> int:
        """How many users the agent starts."""
        if self.users is not None:
            return self.users
        if self.local_port is not None:
            return 1
        if self.rate_per_s is None or self.connection is Connection.KEPT:
            return 2
        return math.ceil(self.rate_per_s * self.timeout_s * 1.1) + 1

    def declared(self, client: Host) -> DeclaredFlow:
        """The flow that this load is, if this client sends it."""
        return DeclaredFlow(
            client=client.name,
            client_node=client.node,
            service=self.target.service,
            frontend=str(self.target.frontend),
            address=self.target.address,
            port=self.target.port,
            protocol=str(self.target.protocol),
            connection=str(self.connection),
        )

    def job(self, number: int) -> Job:
        """This load as the agent understands it."""
        return Job(
            number=number,
            address=self.target.address,
            port=self.target.port,
            protocol=str(self.target.protocol),
            connection=str(self.connection),
            questions=tuple(QUESTIONS[question] for question in self.ask),
            users=self.pool if self.attempts is None else min(self.pool, self.attempts),
            timeout_s=self.timeout_s,
            rate_per_s=self.rate_per_s,
            attempts=self.attempts,
            local_port=self.local_port,
            name=self.name,
            resolves_to=self.resolves_to,
            exchange=str(self.exchange),
            payload_bytes=self.payload_bytes,
            gives_up_after=self.gives_up_after,
        )

    def _talks(self) -> None:
        if self.target.protocol not in _SPEAK[self.exchange] or self.connection is not Connection.NEW or self.name:
            raise UsageError(
                f"an exchange '{self.exchange}' is for a new connection of {', '.join(_SPEAK[self.exchange])}",
                "leave `connection`, `name` or `exchange` out",
            )
        if self.exchange is not Exchange.TWO_AT_ONCE:
            self._positive("payload_bytes", self.payload_bytes)

    def _positive(self, field: str, value: float | None) -> None:
        if value is not None and value <= 0:
            raise UsageError(f"{field} of a load is {value}", f"give {field} a value above zero")
