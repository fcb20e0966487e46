"""What a run can check: the features that a mode has, and what a place does not allow. A suite skips for nothing else.

A case asks by `@pytest.mark.needs("feature")`; one that runs an experiment, by what the fault of that needs, which says
itself in which modes there is something to hurt (gauntlet/faults/fitness.py). Every skip is listed in results.json.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.version import Minor, minor_of
from gauntlet.proxy.features import Feature
from gauntlet.proxy.modes import Traits, traits

# What it means that a mode does not have a feature, unless the mode's file says more. `{having}` are modes that do.
WITHOUT: Mapping[Feature, str] = {
    Feature.ACCEPTED_FORWARDING: (
        "only {having} is asked whether it accepts what it has translated on a node that forwards nothing by itself; "
        "in nftables a rule that accepts would not keep others from dropping"
    ),
    Feature.AFFINITY_TIMEOUT: "a client is not forgotten once the time-out of its affinity has passed",
    Feature.ENDPOINT_SLICES: "kube-proxy does not read EndpointSlices",
    Feature.FRAGMENTS_OF_NODES: "the first datagrams of a node that are longer than a packet are not sent",
    Feature.GRACEFUL_TERMINATION: (
        "only {having} keeps a removed backend as a real server, at weight 0; that its open connections go on is "
        "checked in every mode"
    ),
    Feature.HALF_CLOSED: "the end of one half of a connection ends the other half as well",
    Feature.INVALID_DROPPED: (
        "only {having} drops packets that conntrack takes for invalid (docs 'Virtual IPs', conntrack bug workarounds)"
    ),
    Feature.IPVS_SCHEDULERS: "only {having} has schedulers to choose from",
    Feature.LEAVING_NODES: "/healthz says the same of a node that is about to go as of any other (KEP-3836)",
    Feature.LOCAL_TRAFFIC_POLICY: "any endpoint may answer, whatever the traffic policy says",
    Feature.LOCALHOST_NODE_PORT: "it serves no NodePort on 127.0.0.1 (KEP-3866, 'NodePorts on localhost')",
    Feature.PORT_OF_A_PROCESS: "a process that listens on the port of a NodePort is in its way",
    Feature.REFUSAL: "clients of a Service without endpoints are not refused",
    Feature.SERVES_ON: "nobody is served while no kube-proxy runs",
    Feature.SOURCE_IP: "backends do not see the address of the client",
    Feature.STRICT_ARP: "only {having} binds Service addresses to its nodes",
}


class Place(StrEnum):
    """Where a run takes place, as far as it matters to what can be checked there."""

    ANYWHERE = "anywhere"
    USERS_SANDBOX = "the sandbox of an ordinary user"
    SHARED_KERNEL = "nodes that share a kernel"
    GUESTS = "nodes that are guests of User-Mode Linux"
    EXISTING = "somebody's cluster"
    UNTARGETED = "somebody's cluster, where no node may be hurt"
    UNBALANCED = "somebody's cluster, where nothing gives out load balancer addresses"
    ROUTED_OUTSIDE = "somebody's cluster, behind a router"
    WITHOUT_POD_RANGES = "somebody's cluster, whose nodes have no spec.podCIDR"
    WITHOUT_ZONES = "a cluster of one zone, or of nodes that do not say theirs"
    ONE_FAMILY = "a cluster of one IP family"
    SPEAKS_SCTP = "a machine whose kernel speaks SCTP"
    KUBELETS = "a cluster whose nodes have kubelets"


def _any(_mode: Traits) -> bool:
    return True


@dataclass(frozen=True)
class Limit:
    """`feature` cannot be checked at a place: in every mode, or in those that it `concerns`.

    `reason` may speak of the traits of the mode.
    """

    feature: str
    place: Place
    reason: str
    concerns: Callable[[Traits], bool] = _any


LIMITS = (
    Limit(
        "own-kernel",
        Place.EXISTING,
        "a module or a kernel can be hurt only by who has power over the machine; the gauntlet has none over the nodes "
        "of somebody's cluster, and none to start them again",
    ),
    Limit(
        "own-kernel",
        Place.SHARED_KERNEL,
        "a module or a kernel can be hurt only where each node has a kernel of its own (in the sandbox: "
        "--kp-node-kernel=own)",
        concerns=lambda mode: not mode.guests_lack,
    ),
    Limit(
        "own-kernel",
        Place.SHARED_KERNEL,
        "a module or a kernel can be hurt only where each node has a kernel of its own, and User-Mode Linux, on which "
        "such nodes run, has {mode.guests_lack}",
        concerns=lambda mode: bool(mode.guests_lack),
    ),
    Limit(
        "node-faults",
        Place.UNTARGETED,
        "no node of this cluster may be hurt: name those that may with --kp-target-nodes",
    ),
    Limit(
        "marked-nodes",
        Place.EXISTING,
        "a node of somebody's cluster is not marked as about to go: load balancers and controllers would act on it",
    ),
    Limit(
        "proxy-configuration",
        Place.EXISTING,
        "the one ConfigMap of kube-proxy is every node's, also of those that may not be hurt; it is not changed in "
        "somebody's cluster",
    ),
    Limit(
        "unwritable-limits",
        Place.GUESTS,
        "a node with a kernel of its own may write what its kernel limits: kube-proxy sets it",
    ),
    Limit(
        "routes-outside",
        Place.EXISTING,
        "the client outside somebody's cluster is this machine, whose routes are not changed",
    ),
    Limit(
        "further-addresses",
        Place.KUBELETS,
        "pods there get their addresses of a CNI, which may give others those that a client pod would take besides",
    ),
    Limit(
        "service-ranges",
        Place.EXISTING,
        "a range of ClusterIPs is the whole cluster's, whose addresses may be somebody's",
    ),
    Limit(
        "thousands-of-services",
        Place.EXISTING,
        "they would load the API server and every kube-proxy of a cluster that others use",
    ),
    Limit(
        "thousands-of-services",
        Place.GUESTS,
        "a process starts many times more slowly in a guest of User-Mode Linux than on hardware, and kube-proxy starts "
        "dozens at each sync: how soon it obeys there is the guest's figure, not kube-proxy's",
    ),
    Limit(
        "many-changes",
        Place.GUESTS,
        "a guest of User-Mode Linux writes for seconds what one change of a Service needs, and declared cases change "
        "dozens of Services at a time: a dozen of them took three minutes there",
    ),
    Limit(
        "load-balancer",
        Place.UNBALANCED,
        "no LoadBalancer Service of this cluster has an address, so that nothing there seems to give them out",
    ),
    Limit(
        "asked-ingress",
        Place.EXISTING,
        "how many addresses a Service gets of a load balancer, and of which ipMode, only the gauntlet's own stand-in "
        "lets a case say",
    ),
    Limit(
        "outside-source-ip",
        Place.ROUTED_OUTSIDE,
        "a router stands between this machine and the nodes; whether it translates addresses, and so which one a "
        "backend ought to see, cannot be known from here",
    ),
    Limit(
        "pod-ranges",
        Place.WITHOUT_POD_RANGES,
        "the nodes have no spec.podCIDR (a CNI with its own address management), so that which packets are pods' "
        "cannot be told by their addresses",
    ),
    Limit(
        "host-network",
        Place.EXISTING,
        "pods in the hosts' network would take ports of somebody's nodes",
    ),
    Limit(
        "node-objects",
        Place.KUBELETS,
        "a Node object is its kubelet's, which writes it again, and controllers delete the Pods of one that is deleted",
    ),
    Limit(
        "configured-node-names",
        Place.KUBELETS,
        "kube-proxies there are told the names of their nodes by the flag --hostname-override, which counts more than "
        "their configuration",
    ),
    Limit(
        "cluster-dns",
        Place.KUBELETS,
        "Pods there run images, and the gauntlet has none with CoreDNS in it; it may not be that of somebody's cluster",
    ),
    Limit(
        "zones",
        Place.WITHOUT_ZONES,
        "the first two nodes of this cluster are not labelled with a zone of their own each "
        "(topology.kubernetes.io/zone), so that no hint could lead their clients to different endpoints",
    ),
    Limit(
        "dual-stack",
        Place.ONE_FAMILY,
        "nodes, pods and Services of this cluster have addresses of one IP family",
    ),
    Limit(
        "sctp",
        Place.EXISTING,
        "SCTP is spoken by programs of ours over raw sockets; whether pods of somebody's cluster may open some "
        "(CAP_NET_RAW), and whether the kernels of its nodes speak SCTP beside them, is not known",
    ),
    Limit(
        "sctp",
        Place.SPEAKS_SCTP,
        "SCTP is spoken by programs of ours over raw sockets, so that no kernel need have it; this one has (module "
        "sctp), and would abort their associations, of which it knows nothing",
    ),
    Limit(
        "large-transactions",
        Place.USERS_SANDBOX,
        "the kernel limits one nft transaction of an ordinary user to net.core.wmem_max, too little for the rules of a "
        "thousand Services; run as root to check it (docs/decisions/0002)",
        concerns=lambda mode: mode.one_transaction,
    ),
)

_HERE = "cannot be checked here"
FEATURES = frozenset({*map(str, Feature), *(limit.feature for limit in LIMITS)})


def unsupported(
    feature: str,
    mode: ProxyMode,
    version: str,
    places: Collection[Place] = (),
    gates: Collection[str] = (),
) -> str | None:
    """Why `feature` cannot be checked in this mode and version ("1.37", "1.37.2") at these places; None if it can.

    `gates` are the feature gates of kube-proxy that are on.

    Raises UsageError for a feature that is not known: it could never be skipped, so it is misspelt.
    """
    if feature not in FEATURES:
        raise UsageError(
            f"gauntlet/promises/support.py does not know the feature {feature!r}",
            f"one of {', '.join(sorted(FEATURES))}",
        )
    minor = minor_of(version)
    found = traits(mode)
    if feature in set(Feature) and (lack := _lack(found, Feature(feature), minor, gates)):
        return f"{mode} mode does not have {feature}{lack}"
    for limit in LIMITS:
        if limit.feature == feature and limit.place in places and limit.concerns(found):
            return f"{feature} {_HERE}: {limit.reason.format(mode=found)}"
    return None


def is_of_the_place(reason: str) -> bool:
    """Whether a reason for which a case was skipped is the place's, so that it says nothing of the kube-proxy."""
    return _HERE in reason


def _lack(mode: Traits, feature: Feature, minor: Minor, gates: Collection[str]) -> str:
    """What the mode lacks for the feature, in words that go on from its name; empty if it has it."""
    rows = [row for row in mode.has if row.feature is feature]
    in_time = [row for row in rows if row.since <= minor]
    if any(not row.gate or row.gate in gates for row in in_time):
        return ""
    sentence = mode.instead.get(feature) or WITHOUT[feature].format(having=_having(feature))
    if in_time:
        row = in_time[-1]
        return f" without the feature gate {row.gate} ({row.source}), which is not set: {sentence}"
    if rows:
        return " before {}.{}: {}".format(*rows[0].since, sentence)
    return f": {sentence}"


def _having(feature: Feature) -> str:
    having = [str(mode) for mode in ProxyMode if any(row.feature is feature for row in traits(mode).has)]
    return f"{' and '.join(having)} mode"
