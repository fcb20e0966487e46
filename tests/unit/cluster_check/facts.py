"""A sound cluster of two nodes as gathered facts, and what differs from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts, Cni, Services
from gauntlet.doctor.cluster_check.examination import Differences, judged
from gauntlet.doctor.cluster_check.mismatches import mismatches
from gauntlet.doctor.cluster_check.node_facts import NodeFacts
from gauntlet.doctor.cluster_check.node_probe import Answer, Conntrack, Process
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, Report
from gauntlet.ground.cluster import Json, ProxyMode
from gauntlet.ground.history import Protocol
from gauntlet.kube.objects import DaemonSet, EndpointSlice, NodeObject, PodObject, ServiceObject
from gauntlet.proxy.configuration import Configuration
from gauntlet.proxy.metrics import ProxyMetrics, SyncTimes
from gauntlet.proxy.rules import Action, Forwarding, Route, RuleSize, Share

NOW_S = 1_800_000_000
NODES = ("node-1", "node-2")
WEB = ServiceObject.model_validate(
    {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "type": "NodePort",
            "clusterIP": "10.96.0.10",
            "clusterIPs": ["10.96.0.10", "fd00:96::10"],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP", "nodePort": 30080}],
        },
    }
)
READY = ("10.244.1.2", "10.244.2.2")


def endpoint_slice(*endpoints: Json, service: str = "web", **more: Json) -> EndpointSlice:
    return EndpointSlice.model_validate(
        {
            "metadata": {
                "name": f"{service}-1", "namespace": "shop", "labels": {"kubernetes.io/service-name": service}
            },
            "addressType": "IPv4",
            "endpoints": list(endpoints),
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            **more,
        }
    )  # fmt: skip


def endpoint(address: str, **conditions: Json) -> Json:
    return {"addresses": [address], "conditions": conditions}


SERVED = Services((WEB,), (endpoint_slice(*(endpoint(each, ready=True) for each in READY)),))


def shares(*addresses: str) -> tuple[Share, ...]:
    return tuple(Share(each, 8080, 1 / len(addresses)) for each in addresses)


def route(address: str | None = "10.96.0.10", port: int = 80, *, to: tuple[str, ...] = READY) -> Route:
    action = Action.FORWARD if to else Action.REJECT
    return Route(address, port, Protocol.TCP, action, "shop/web:http", shares(*to), shares(*to))


def forwarding(*routes: Route, mode: ProxyMode = ProxyMode.IPTABLES, hooked: bool = True) -> Forwarding:
    return Forwarding(mode, hooked, routes or (route(), route(None, 30080)), RuleSize(20, 5))


def node(name: str = "node-1", /, **changed: object) -> NodeFacts:
    """A sound node, with some of its facts changed."""
    sound = NodeFacts(
        name,
        processes=(Process(7, "S", ("kube-proxy", "--config=/etc/kube-proxy.yaml")),),
        configuration=Configuration("/etc/kube-proxy.yaml", mode="iptables"),
        healthz=Answer(200, '{"healthy": true, "nodeEligible": true}'),
        livez=Answer(200, '{"healthy": true}'),
        mode="iptables",
        metrics=ProxyMetrics(3, 0.5, 2, 0.1, "1.37.2", (SyncTimes(NOW_S - 5.0, NOW_S - 6.0),)),
        logged_mode="iptables",
        rules=(forwarding(),),
        conntrack=Conntrack(100, 1000),
        modules=(),
        addresses=frozenset({"10.77.0.11"}),
        clock_s=NOW_S,
    )
    return replace(sound, **changed)  # type: ignore[arg-type]


def cluster(**changed: object) -> ClusterFacts:
    """A cluster of processes, without DaemonSets, with some of its facts changed."""
    sound = ClusterFacts(
        version="1.37.2",
        nodes=tuple(NodeObject.model_validate({"metadata": {"name": each}}) for each in NODES),
        pods=(),
        daemon_sets=(),
        cnis=(),
        configuration=None,
        served=SERVED,
        logged={},
    )
    return replace(sound, **changed)  # type: ignore[arg-type]


def report(facts: ClusterFacts | None = None, *nodes: NodeFacts) -> Report:
    """The report on these nodes, with the differences that their rules show."""
    facts = facts or cluster()
    nodes = nodes or tuple(map(node, NODES))
    differences: Differences = {
        each.name: mismatches(facts.served, each.rules[0], each.addresses) if each.rules else frozenset()
        for each in nodes
    }
    return judged(facts, nodes, differences)


def bad(found: Report) -> list[Diagnosis]:
    return [each for each in found.diagnoses if each.level is not Level.OK]


def told(found: Report, level: Level, check: str, words: str, where: str | None = None) -> Diagnosis:
    """The one diagnosis of this level and check with these words. Fails where there is none."""
    matching = [
        each
        for each in found.diagnoses
        if (each.level, each.check) == (level, check) and words in each.what and where in (None, each.where)
    ]
    assert matching, f"no {level} of {check!r} with {words!r} in {bad(found)}"
    return matching[0]


def proxy_set(desired: int, ready: int, updated: int | None = None) -> DaemonSet:
    return DaemonSet.model_validate(
        {
            "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
            "spec": {"template": {"metadata": {"labels": {"k8s-app": "kube-proxy"}}, "spec": {"containers": []}}},
            "status": {
                "desiredNumberScheduled": desired,
                "numberReady": ready,
                "updatedNumberScheduled": desired if updated is None else updated,
            },
        }
    )


def pod(on: str, *, reason: str = "", image: str = "registry.k8s.io/kube-proxy:v1.37.2") -> PodObject:
    """A kube-proxy pod; with a `reason` why its container waits, it is not ready."""
    return PodObject.model_validate(
        {
            "metadata": {"name": f"kube-proxy-{on}", "namespace": "kube-system"},
            "spec": {"nodeName": on, "containers": [{"image": image}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "False" if reason else "True"}],
                "containerStatuses": [
                    {"restartCount": 12, "state": {"waiting": {"reason": reason}} if reason else {"running": {}}}
                ],
            },
        }
    )


def cni(name: str, settings: Mapping[str, str] | None = None, ready: int = 2) -> Cni:
    return Cni(name, f"kube-system/{name}", 2, ready, settings or {})
