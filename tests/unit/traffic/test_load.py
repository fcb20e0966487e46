from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Connection, Frontend, Protocol
from gauntlet.traffic import Ask, Load, Target
from gauntlet.traffic.exchange import Exchange
from gauntlet.traffic.job import Ended, Message, Ready, Rows, Start, Started, Stop, decode, encode

TCP = Target("ns/web", Frontend.CLUSTER_IP, "10.96.0.9", 80)
UDP = dataclasses.replace(TCP, protocol=Protocol.UDP)


def test_a_paced_load_has_a_user_for_every_attempt_of_an_outage() -> None:
    assert Load(TCP, rate_per_s=200, timeout_s=1.0).pool >= 200
    assert Load(TCP, rate_per_s=200, timeout_s=0.1).pool < 30


def test_kept_connections_are_few_unless_asked_for() -> None:
    assert Load(TCP, rate_per_s=200, connection=Connection.KEPT).pool == 2
    assert Load(TCP, rate_per_s=200, connection=Connection.KEPT, users=7).pool == 7


def test_a_fixed_local_port_is_one_user() -> None:
    assert Load(UDP, rate_per_s=200, connection=Connection.KEPT, local_port=4000).pool == 1


@pytest.mark.parametrize("field", ["users", "rate_per_s", "timeout_s", "attempts"])
def test_a_load_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(UsageError, match=field):
        dataclasses.replace(Load(TCP), **{field: 0})  # type: ignore[arg-type]


def test_a_load_that_asks_nothing_is_refused() -> None:
    with pytest.raises(UsageError):
        Load(TCP, ask=Ask(0))


def test_a_dns_server_is_asked_by_a_new_socket_each_time() -> None:
    job = Load(UDP, rate_per_s=20, name="echo.test.svc", resolves_to="10.96.0.7").job(1)
    assert (job.name, job.resolves_to) == ("echo.test.svc", "10.96.0.7")
    with pytest.raises(UsageError, match="new socket"):
        Load(UDP, connection=Connection.KEPT, name="echo.test.svc", resolves_to="10.96.0.7")


def test_what_a_dns_server_has_to_answer_is_known() -> None:
    with pytest.raises(UsageError, match="known address"):
        Load(UDP, name="echo.test.svc")
    with pytest.raises(UsageError, match="known address"):
        Load(UDP, resolves_to="10.96.0.7")


@pytest.mark.parametrize(
    ("target", "connection", "users"),
    [(TCP, Connection.KEPT, None), (UDP, Connection.NEW, None), (UDP, Connection.KEPT, 2)],
)
def test_a_fixed_local_port_is_for_one_udp_flow(target: Target, connection: Connection, users: int | None) -> None:
    with pytest.raises(UsageError, match="local port"):
        Load(target, connection=connection, users=users, local_port=4000)


def test_sctp_is_asked_by_a_new_association_each_time() -> None:
    sctp = dataclasses.replace(TCP, protocol=Protocol.SCTP)
    assert Load(sctp).job(1).protocol == "sctp"
    with pytest.raises(UsageError, match="new association"):
        Load(sctp, connection=Connection.KEPT)


@pytest.mark.parametrize(
    "message",
    [
        Start(Load(UDP, rate_per_s=2.5, attempts=3).job(7)),
        Start(Load(TCP, exchange=Exchange.ECHO, payload_bytes=9).job(7)),
        Stop(7),
        Ready(123),
        Started(7),
        Rows(7, 99),
        Ended(7, 3, 1),
        Ended(7, 3, 1, gave_up=True),
    ],
)
def test_messages_survive_the_pipe(message: Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("line", [b"", b"{}", b"nonsense\n", b'{"kind": "Bye"}\n'])
def test_what_is_no_message_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        decode(line)


def test_the_driver_never_imports_locust() -> None:
    script = (
        "import sys; from gauntlet.traffic import Ask, Flow, Load, Target, Traffic; "
        "print(sorted({'locust', 'gevent'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_the_agent_imports_locust_before_what_locust_patches() -> None:
    script = (
        "import builtins, sys; first = []; real = builtins.__import__\n"
        "def spy(name, globals=None, *rest, **more):\n"
        "    if globals and globals.get('__name__') == 'gauntlet.traffic.agent': first.append(name)\n"
        "    return real(name, globals, *rest, **more)\n"
        "builtins.__import__ = spy\n"
        "import gauntlet.traffic.agent\n"
        "print([name for name in first if name != '__future__'][0], 'polars' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["locust", "False"]


@pytest.mark.parametrize(
    ("target", "exchange"), [(UDP, Exchange.HALF_CLOSED), (TCP, Exchange.TWO_AT_ONCE)], ids=["udp", "tcp"]
)
def test_an_exchange_is_of_its_protocol(target: Target, exchange: Exchange) -> None:
    with pytest.raises(UsageError, match="exchange"):
        Load(target, exchange=exchange, payload_bytes=10)


def test_an_exchange_is_for_new_connections() -> None:
    with pytest.raises(UsageError, match="new connection"):
        Load(UDP, connection=Connection.KEPT, exchange=Exchange.TWO_AT_ONCE)


def test_an_echo_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="payload_bytes"):
        Load(TCP, exchange=Exchange.ECHO)
