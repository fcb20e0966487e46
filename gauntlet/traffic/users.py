"""The Locust users: one attempt is one task, one row, one `request` event. Runs inside the agent only.

Why a new connection ends with a reset. A client that closes first keeps TIME_WAIT for 60 s and would run out
of its 28,232 ephemeral ports after 11 s at 2,500 connections a second. If only the server closes first, it
keeps the TIME_WAIT, and behind a node that masquerades, SYNs of many clients (whose TCP timestamps are not
ordered) meet it and may be ignored. So the request says `Connection: close`, the reply is read whole, and then
the socket is closed with SO_LINGER 0: the exchange that is judged is over, no side keeps TIME_WAIT, and
conntrack drops its entry after 10 s (nf_conntrack_tcp_timeout_close) instead of 120 s, before the port's turn
comes again. Should the reset be lost, the server's own FIN meets a closed port and ends the rest.
What remains: an attempt that timed out in SYN_SENT leaves its conntrack entry, with its chosen backend, for
120 s. So ports are taken in turn (`gauntlet.traffic.ports`); above 235 new connections a second of one client they
come back sooner, as for any real client.
"""

from __future__ import annotations

import errno
import functools
import socket
import struct
import time
from ipaddress import ip_address

import gevent  # type: ignore[import-untyped]
from locust import User, task

from gauntlet.traffic.job import Job
from gauntlet.traffic.job_environment import JobEnvironment
from gauntlet.traffic.leftovers import Owed, drop_leftovers
from gauntlet.traffic.ports import SourcePorts
from gauntlet.traffic.reply import BadReply, WrongAnswer, host_name, http_reply, source_ip
from gauntlet.traffic.request import request

# One for all jobs of the agent: they share the network namespace, and often the target.
_SOURCE_PORTS = SourcePorts()
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_LARGEST = 65_536
_IP_RECVERR = 11  # linux/in.h and linux/in6.h; the socket module does not name them
_IPV6_RECVERR = 25


class Closed(Exception):
    """The peer closed the connection before it had answered."""


class Probe(User):
    """A user that makes one attempt for each slot it claims."""

    abstract = True
    environment: JobEnvironment
    row = ""

    def __init__(self, environment: JobEnvironment) -> None:
        super().__init__(environment)
        self.backend = self.seen_source_ip = ""
        self.due_ns = self.at_ns = self.begin_ns = 0
        self.aim(environment.job)

    def aim(self, job: Job) -> None:
        """Ask for this job from now on."""
        self.job = job
        self.name = f"{job.address}:{job.port}"
        self.family = _family(job.address)

    def on_start(self) -> None:
        self.wait()  # type: ignore[no-untyped-call]

    def on_stop(self) -> None:
        self.let_go()

    def wait_time(self) -> float:
        """Called by Locust after each task. Raises StopUser when the schedule is used up."""
        delay_s, self.due_ns = self.environment.claim()
        return delay_s

    @task
    def attempt(self) -> None:
        """One attempt with its row. Errors of the network are its outcome; any other error ends the agent.

        A user that is just waking up when the job is stopped is cut off by Locust (GreenletExit) with an attempt
        hardly begun: that leaves no row, as nothing was learnt.
        """
        self.backend = self.seen_source_ip = ""
        result, error = "ok", ""
        limit = gevent.Timeout(self.job.timeout_s)
        self.at_ns, self.begin_ns = time.time_ns(), time.monotonic_ns()
        limit.start()
        try:
            self.exchange()
        except gevent.Timeout as passed:
            if passed is not limit:
                raise
            result, error = "timeout", f"no whole answer within {self.job.timeout_s:g} s"
        except socket.gaierror as failed:
            result, error = "dns", failed.strerror or str(failed)
        except OSError as failed:
            result, error = errno.errorcode.get(failed.errno or 0, "unknown"), failed.strerror or str(failed)
        except Closed as failed:
            result, error = "closed", str(failed)
        except WrongAnswer as failed:
            result, error = "wrong_answer", str(failed)
        except BadReply as failed:
            result, error = "bad_reply", str(failed)
        finally:
            limit.close()
        latency_ns = time.monotonic_ns() - self.begin_ns
        late_ns = max(0, self.begin_ns - self.due_ns)
        if result != "ok":
            self.let_go()
        self.environment.count(succeeded=result == "ok")
        self.environment.rows.append(
            f"{self.row}{self.at_ns}\t{latency_ns}\t{result}\t{self.backend}\t{self.seen_source_ip}\t{error}\t{late_ns}\n"
        )
        self.environment.events.request.fire(  # type: ignore[no-untyped-call]
            request_type=self.job.protocol,
            name=self.name,
            response_time=latency_ns / 1e6,
            response_length=0,
            exception=error or None,
        )

    def exchange(self) -> None:
        """Ask every question and keep the answers. Raises OSError, Closed and BadReply."""
        raise NotImplementedError

    def leaves(self) -> None:
        """The attempt begins with its first packet, unless a name was looked up: to prepare a socket can take long."""
        if self.family is not None:
            self.at_ns, self.begin_ns = time.time_ns(), time.monotonic_ns()

    def let_go(self) -> None:
        """Close what is open."""

    def open(self, kind: socket.SocketKind) -> socket.socket:
        """A new connected socket."""
        family, address = self._where(kind)
        opened = socket.socket(family, kind)
        try:
            if kind is socket.SOCK_STREAM:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            else:
                hear_of_errors(opened)
            if self.job.local_port is not None:
                opened.bind(("::" if family == socket.AF_INET6 else "", self.job.local_port))
            else:
                _SOURCE_PORTS.bind(opened)
            self.leaves()
            opened.connect(address)
        except BaseException:
            opened.close()
            raise
        return opened

    def learn(self, question: str, answer: bytes) -> None:
        """Keep one answer. Raises BadReply where it is none."""
        if question == "hostname":
            self.backend = host_name(answer)
        else:
            self.seen_source_ip = source_ip(answer)

    def _where(self, kind: socket.SocketKind) -> tuple[socket.AddressFamily, tuple[str, int]]:
        if self.family is not None:
            return self.family, (self.job.address, self.job.port)
        family, _, _, _, found = socket.getaddrinfo(self.job.address, self.job.port, type=kind)[0]
        return family, (str(found[0]), self.job.port)


class NewTcp(Probe):
    """HTTP, a new connection for each attempt."""

    def aim(self, job: Job) -> None:
        super().aim(job)
        self.request = request(job.address, job.port, job.questions, "close")

    def exchange(self) -> None:
        connection = self.open(socket.SOCK_STREAM)
        try:
            self.converse(connection)
        finally:
            connection.close()

    def converse(self, connection: socket.socket) -> None:
        connection.sendall(self.request)
        received = b""
        for question in self.job.questions:
            reply = http_reply(received) if received else None
            while reply is None:
                more = connection.recv(_LARGEST)
                if not more:
                    raise (BadReply(f"cut off: {received[:60]!r}") if received else Closed("closed before the reply"))
                received += more
                reply = http_reply(received)
            self.learn(question, reply.body)
            received = reply.rest
        if received:
            raise BadReply(f"more than was asked for: {received[:60]!r}")


class KeptTcp(NewTcp):
    """HTTP, one connection a user, opened again (as part of the next attempt) after any failure."""

    def __init__(self, environment: JobEnvironment) -> None:
        super().__init__(environment)
        self.request = request(self.job.address, self.job.port, self.job.questions, "keep-alive")
        self.connection: socket.socket | None = None

    def exchange(self) -> None:
        if self.connection is None:
            self.connection = self.open(socket.SOCK_STREAM)
        else:
            self.leaves()
        self.converse(self.connection)

    def let_go(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class NewUdp(Probe):
    """A new UDP socket, and so a new source port, for each attempt."""

    def exchange(self) -> None:
        flow = self.open(socket.SOCK_DGRAM)
        try:
            self.converse(flow)
        finally:
            flow.close()

    def converse(self, flow: socket.socket) -> None:
        self.leaves()
        for question in self.job.questions:
            flow.send(question.encode())
            self.learn(question, self.answer(flow, question))

    def answer(self, flow: socket.socket, _question: str) -> bytes:
        """The next datagram: nobody else was asked by this flow."""
        return flow.recv(_LARGEST)


class KeptUdp(NewUdp):
    """One UDP socket a user: one flow, one source port (chosen by the job, or by the kernel).

    The socket stays open across failures: a flow that outlives its backend is what conntrack must get right.
    """

    def __init__(self, environment: JobEnvironment) -> None:
        super().__init__(environment)
        self.flow: socket.socket | None = None
        self.owed = Owed()

    def exchange(self) -> None:
        if self.flow is None:
            self.flow = self.open(socket.SOCK_DGRAM)
        drop_leftovers(self.flow)
        self.converse(self.flow)

    def answer(self, flow: socket.socket, question: str) -> bytes:
        """The first datagram that does not answer what an attempt before has asked."""
        self.owed.asked(question)
        while not self.owed.came(answer := flow.recv(_LARGEST), question):
            pass
        return answer

    def on_stop(self) -> None:
        if self.flow is not None:
            self.flow.close()
            self.flow = None


USERS: dict[tuple[str, str], type[Probe]] = {
    ("tcp", "new"): NewTcp,
    ("tcp", "kept"): KeptTcp,
    ("udp", "new"): NewUdp,
    ("udp", "kept"): KeptUdp,
}


def hear_of_errors(flow: socket.socket) -> None:
    """Without this a UDP socket is told of ICMP "port unreachable" only, and not of host or net (udp(7), ip(7))."""
    if flow.family == socket.AF_INET6:
        flow.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        flow.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)


# A table asks the same some hundred addresses again and again, and to read one costs as much as to open a socket.
@functools.lru_cache(maxsize=4096)
def _family(address: str) -> socket.AddressFamily | None:
    """The family of a literal address; None for a DNS name, which is looked up in each attempt."""
    try:
        return socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    except ValueError:
        return None
