"""How many refusals a host has left, on made-up histories. No cluster is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from gauntlet.ground import history
from gauntlet.ground.cluster import Host, HostKind
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import Frontend, Outcome, Protocol
from gauntlet.traffic import Target, Traffic
from gauntlet.traffic.refusal_limit import AT_ONCE, RefusalLimits, comes_late

T0 = 1_800_000_000_000_000_000
CLUSTER_IP = Target("ns/nobody", Frontend.CLUSTER_IP, "10.96.0.9", 80)
PORT_OF_1 = Target("ns/nobody", Frontend.NODE_PORT, "10.77.0.11", 30001)
PORT_OF_2 = replace(PORT_OF_1, address="10.77.0.12")


@dataclass(frozen=True)
class _Client:
    name: str = "outside"
    kind: HostKind = HostKind.OUTSIDE
    node: str | None = None
    address: str = "10.77.0.3"


OUTSIDE = cast("Host", _Client())
NODE = cast("Host", _Client("node-1", HostKind.NODE, "node-1", "10.77.0.11"))


def seen(
    target: Target, *at_s: float, outcome: Outcome = Outcome.REFUSED, latency_s: float = 0.0, client: Host = OUTSIDE
) -> RefusalLimits:
    """The limits after one attempt at the target at each of these times, long after the beginning."""
    made = RefusalLimits(T0 - 100 * 10**9)
    row = {"outcome": str(outcome), "frontend": str(target.frontend), "address": target.address}
    made.note(
        client,
        history.attempts({**row, "at_ns": T0 + round(at * 1e9), "latency_ns": round(latency_s * 1e9)} for at in at_s),
    )
    return made


def left(limits: RefusalLimits, target: Target, at_s: float, client: Host = OUTSIDE) -> int:
    """The most attempts at once that are allowed then."""
    allowed = [
        count for count in range(1, AT_ONCE + 1) if limits.allow(client, [target], count, T0 + round(at_s * 1e9))
    ]
    return max(allowed, default=0)


def test_a_load_that_was_broken_off_may_have_used_up_everything() -> None:
    limits = RefusalLimits(T0 - 100 * 10**9)
    limits.note_unknown(OUTSIDE, T0 + 2 * 10**9)
    assert [left(limits, PORT_OF_1, at_s) for at_s in (0.0, 1.9, 2.5, 4.2, 8.0)] == [0, 0, 0, 2, 6]
    assert left(limits, CLUSTER_IP, 0.0) == 0


def test_what_was_refused_comes_back_one_a_second() -> None:
    limits = seen(PORT_OF_1, *[0.0] * 6)
    assert [left(limits, PORT_OF_1, at_s) for at_s in (0.5, 1.0, 3.2, 5.9, 6.0, 60.0)] == [0, 1, 3, 5, 6, 6]


def test_waiting_that_is_refused_again_and_again_leaves_nothing() -> None:
    """As a wait of 15 s for a NodePort that is not there does: 20 times a second."""
    limits = seen(PORT_OF_1, *(each / 20 for each in range(300)))
    assert [left(limits, PORT_OF_1, at_s) for at_s in (15.0, 17.0, 21.0)] == [0, 2, 6]


def test_refusals_count_from_when_they_were_sent() -> None:
    assert left(seen(PORT_OF_1, *[0.0] * 6, latency_s=2.0), PORT_OF_1, 3.0) == 1


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.OK, 6), (Outcome.RESET, 6), (Outcome.WRONG_BACKEND, 6),
        (Outcome.REFUSED, 0), (Outcome.UNREACHABLE, 0), (Outcome.TIMEOUT, 0),
    ],
)  # fmt: skip
def test_only_what_may_have_been_an_icmp_message_counts(outcome: Outcome, expected: int) -> None:
    assert left(seen(PORT_OF_1, *[0.0] * 12, outcome=outcome), PORT_OF_1, 0.1) == expected


def test_each_node_has_a_limit_of_its_own() -> None:
    limits = seen(PORT_OF_1, *[0.0] * 6)
    assert left(limits, PORT_OF_2, 0.1) == 6
    assert left(limits, CLUSTER_IP, 0.1) == 0, "which node refuses it is not known"
    assert left(seen(CLUSTER_IP, *[0.0] * 6), PORT_OF_2, 0.1) == 0, "which node refused it is not known"


def test_each_client_has_a_limit_of_its_own() -> None:
    limits = seen(PORT_OF_1, *[0.0] * 6)
    other = cast("Host", _Client("other", address="10.77.0.4"))
    assert left(limits, PORT_OF_1, 0.1, other) == 6


def test_a_node_is_refused_by_its_own_kernel_without_a_limit() -> None:
    assert left(seen(CLUSTER_IP, *[0.0] * 30, client=NODE), CLUSTER_IP, 0.1, NODE) == 6
    assert left(seen(PORT_OF_2, *[0.0] * 30, client=NODE), PORT_OF_2, 0.1, NODE) == 0


def test_targets_of_one_limit_share_it() -> None:
    limits = RefusalLimits(T0)
    later = T0 + 60 * 10**9
    udp = replace(PORT_OF_1, port=30002, protocol=Protocol.UDP)
    assert limits.allow(OUTSIDE, [PORT_OF_1, udp], 3, later)
    assert limits.allow(OUTSIDE, [PORT_OF_1, PORT_OF_2], 6, later)
    with pytest.raises(UsageError, match="8 refusals are wanted at once"):
        limits.allow(OUTSIDE, [PORT_OF_1, udp], 4, later)


def test_nothing_is_taken_for_granted_of_the_time_before() -> None:
    limits = RefusalLimits(T0)
    assert [left(limits, PORT_OF_1, at_s) for at_s in (0.0, 2.0, 6.0)] == [0, 2, 6]


@pytest.mark.parametrize(
    ("address", "protocol", "late"),
    [
        ("fd10:96::9", Protocol.TCP, True),
        ("fd10:96::9", Protocol.UDP, False),
        ("10.96.0.9", Protocol.TCP, False),
        ("10.96.0.9", Protocol.UDP, False),
    ],
)
def test_a_refusal_comes_late_over_tcp_and_ipv6_alone(address: str, protocol: Protocol, *, late: bool) -> None:
    assert comes_late(replace(CLUSTER_IP, address=address, protocol=protocol)) == late


def test_who_is_refused_freely_waits_for_no_limit(tmp_path: Path) -> None:
    with Traffic(tmp_path, refuses_freely=True) as traffic:
        traffic.await_refusal_limit([OUTSIDE], [PORT_OF_1], 10 * AT_ONCE)
    with Traffic(tmp_path) as limited, pytest.raises(UsageError, match="a kernel sends one host 6"):
        limited.await_refusal_limit([OUTSIDE], [PORT_OF_1], 10 * AT_ONCE)
