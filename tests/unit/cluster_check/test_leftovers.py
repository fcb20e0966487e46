"""Flows that are tracked, held against the Services; and what the audit of a run makes of what is left."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gauntlet.doctor.cluster_check import leftovers
from gauntlet.doctor.cluster_check.cluster_facts import Services
from gauntlet.doctor.cluster_check.examination import judged
from gauntlet.doctor.cluster_check.leftovers import Left, Leftover
from gauntlet.doctor.cluster_check.report import Level, Report
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.proxy.configuration import Configuration
from gauntlet.proxy.conntrack import Tracked, parse
from tests.unit.cluster_check.facts import READY, SERVED, bad, cluster, endpoint, endpoint_slice, forwarding, node, told

WHOLE = "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n" * 2
STREAM = (
    "udp      17 117 src=10.244.1.2 dst=10.96.0.10 sport=4000 dport=80 "
    "src=10.244.9.9 dst=10.244.1.2 sport=8080 dport=4000 [ASSURED] mark=0 delta-time=70 use=1\n"
)
ESTABLISHED = (
    "tcp      6 86390 ESTABLISHED src=fd00::2 dst=fd00:96::10 sport=4000 dport=80 "
    "src=fd00:0000:0000:0000:0000:0000:0000:0009 dst=fd00::2 sport=8080 dport=4000 [ASSURED] mark=0 zone=0 use=2\n"
)
UNANSWERED = STREAM.replace("dport=80 ", "dport=80 [UNREPLIED] ").replace("[ASSURED] ", "").replace(" 117 ", " 27 ")
UNTRANSLATED = STREAM.replace("src=10.244.9.9", "src=10.96.0.10").replace("sport=8080", "sport=80")


def test_a_listing_is_read() -> None:
    stream, established = parse(f"timeouts 30 120\n{STREAM}{ESTABLISHED}{UNTRANSLATED}{WHOLE}")
    assert str(stream) == "udp 10.244.1.2:4000 to 10.96.0.10:80"
    assert stream.freshness == "began 70 s ago, last packet 3 s ago"
    assert (established.backend, established.freshness) == ("fd00::9", "")
    (unanswered,) = parse(f"timeouts 30 120\n{UNANSWERED}{WHOLE}")
    assert unanswered.silent_s == 3


def test_half_a_listing_is_none() -> None:
    with pytest.raises(GauntletError, match="could not be listed"):
        parse(STREAM)


HERE = frozenset({"10.77.0.11", "fd00:77::11"})
PODS = ("10.244.0.0/16", "fd00:244::/48")


def flow(
    protocol: str = "udp", to: str = "10.96.0.10", port: int = 80, backend: str = "10.244.9.9", at: int = 8080
) -> Tracked:
    return Tracked(protocol, "10.244.1.2", 4000, to, port, backend, at, silent_s=3)


def of(protocol: str, *endpoints: str) -> Services:
    """The Service `web` with these ready endpoints, over this protocol."""
    web = SERVED.services[0].model_copy(deep=True)
    (port,) = web.spec.ports
    spec = web.spec.model_copy(update={"ports": (port.model_copy(update={"protocol": protocol}),)})
    ports = [{"name": "http", "port": 8080, "protocol": protocol}]
    made = endpoint_slice(*(endpoint(each, ready=True) for each in endpoints), ports=ports)  # type: ignore[arg-type]
    return Services((web.model_copy(update={"spec": spec}),), (made,))


@pytest.mark.parametrize(
    ("tracked", "kind"),
    [
        (flow(), Left.STALE_UDP),
        (flow(backend=READY[0]), None),
        (flow(backend=READY[0], at=8081), Left.STALE_UDP),
        (flow(to="10.77.0.11", port=30080), Left.STALE_UDP),
        (flow(to="10.77.0.11", port=30080, backend=READY[1]), None),
        # Another node's port is that node's to translate.
        (flow(to="10.77.0.12", port=30080, backend="192.0.2.9"), None),
        (flow(to="10.96.0.99"), Left.GONE),
        (flow(to="10.96.0.99", backend="192.0.2.9"), None),
        (flow(to="10.77.0.11", port=31000), Left.GONE),
        (flow(to="10.77.0.11", port=8443), None),
        # The other protocol of a place that a Service has.
        (flow("tcp"), None),
    ],
)
def test_flows_are_held_against_services(tracked: Tracked, kind: Left | None) -> None:
    found = leftovers.flows(of("UDP", *READY), (tracked,), HERE, PODS)
    assert {each.kind for each in found} == ({kind} if kind else set())


def test_an_established_connection_to_a_former_backend_is_kept() -> None:
    (found,) = leftovers.flows(of("TCP", *READY), (flow("tcp"), flow("tcp", backend=READY[0])), HERE, PODS)
    assert found.kind is Left.KEPT_TCP


@pytest.mark.parametrize(
    ("conditions", "count"),
    [({"ready": False, "serving": True, "terminating": True}, 0), ({"ready": False, "serving": False}, 1)],
)
def test_flows_may_go_on_to_what_serves_while_it_ends(conditions: dict[str, bool], count: int) -> None:
    ports = [{"name": "http", "port": 8080, "protocol": "UDP"}]
    ending = endpoint_slice(endpoint("10.244.9.9", **conditions), ports=ports)  # type: ignore[arg-type]
    served = Services(of("UDP").services, (ending,))
    assert len(leftovers.flows(served, (flow(),), HERE, PODS)) == count


def test_a_name_says_flow_frontend_backend_and_since_when() -> None:
    (found,) = leftovers.flows(of("UDP", *READY), (replace(flow(), age_s=70),), HERE, PODS)
    assert str(found) == (
        "udp 10.244.1.2:4000 to 10.96.0.10:80, of shop/web:http -> 10.244.9.9:8080 "
        "(began 70 s ago, last packet 3 s ago)"
    )
    # The same flow a second later is the same.
    assert found == replace(found, freshness="began 71 s ago")


def report(*left: Leftover) -> Report:
    return judged(cluster(), (node(),), {}, left={"node-1": frozenset(left)})


ORPHAN = Leftover(Left.ORPHAN, "chain KUBE-SVC-X in nat")
STALE = Leftover(Left.STALE_UDP, "udp a to b -> c")
GONE = Leftover(Left.GONE, "udp a to d -> c")


def test_what_is_left_is_told_by_name() -> None:
    assert bad(report()) == []
    told(report(ORPHAN), Level.WARNING, "left-over rules", "chain KUBE-SVC-X in nat", "node-1")
    told(report(STALE), Level.PROBLEM, "stale flows", "udp a to b -> c", "node-1")
    told(report(GONE), Level.WARNING, "kept flows", "udp a to d -> c", "node-1")


def test_flows_that_cannot_be_listed_are_unknown() -> None:
    unlisted = node(flows=None, flows_trouble="no conntrack")
    told(judged(cluster(), (unlisted,), {}), Level.UNKNOWN, "stale flows", "no conntrack")


USERSPACE: dict[str, object] = {
    "mode": "userspace",
    "logged_mode": "userspace",
    "configuration": Configuration("/etc/kube-proxy.yaml", mode="userspace"),
    "rules": (forwarding(mode=ProxyMode.USERSPACE),),
}


@pytest.mark.parametrize(
    "unread", [{"rules": (), "trouble": "no iptables-save"}, {"rules": ()}, USERSPACE], ids=["unread", "none", "hidden"]
)
def test_flows_that_were_held_against_nothing_are_not_said_to_be_sound(unread: dict[str, object]) -> None:
    told(judged(cluster(), (node(),), {}), Level.OK, "stale flows", "none of 0 translated flows")
    said = judged(cluster(), (node(**unread),), {}).diagnoses
    assert [each for each in said if each.check == "stale flows"] == []


def test_orphans_are_of_all_families() -> None:
    rules = (replace(forwarding(), orphans=("chain A",)), replace(forwarding(), orphans=("chain B",)))
    assert {each.what for each in leftovers.orphans(rules)} == {"chain A", "chain B"}
