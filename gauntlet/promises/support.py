"""What is declared unsupported: the one table from which a suite may skip a case, each row with its reason.

A case asks by `@pytest.mark.needs("feature")`; one that runs an experiment, by what the fault of that needs, which says
itself in which modes there is something to hurt (gauntlet/faults/fitness.py). Every skip is listed in results.json.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.proxy.eras import Minor, minor_of

EARLIEST: Minor = (0, 0)
LATEST: Minor = (999, 999)


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


@dataclass(frozen=True)
class Gap:
    """`feature` does not exist in these modes, from the minor version `since` to `until`, both included.

    With a `place`, only there.
    """

    feature: str
    modes: frozenset[ProxyMode]
    reason: str
    since: Minor = EARLIEST
    until: Minor = LATEST
    place: Place = Place.ANYWHERE


_ALL = frozenset(ProxyMode)
_USERSPACE = frozenset({ProxyMode.USERSPACE})


def _all_but(*modes: ProxyMode) -> frozenset[ProxyMode]:
    return _ALL - frozenset(modes)


GAPS = (
    Gap(
        "localhost-node-port",
        frozenset({ProxyMode.IPVS}),
        "this mode serves no NodePort on 127.0.0.1 (KEP-3866, 'NodePorts on localhost')",
    ),
    Gap(
        "localhost-node-port",
        frozenset({ProxyMode.NFTABLES}),
        "before 1.37 this mode serves no NodePort on 127.0.0.1 (KEP-3866, 'NodePorts on localhost')",
        until=(1, 36),
    ),
    Gap(
        "localhost-node-port",
        frozenset({ProxyMode.NFTABLES}),
        "this mode serves NodePorts on 127.0.0.1 only with the feature gate KubeProxyNFTablesLocalhostNodePorts "
        "(KEP-6032: alpha, off by default), which the gauntlet does not set",
        since=(1, 37),
    ),
    # What follows is read in pkg/proxy/userspace of kubernetes 1.25.9, and was seen in its runs.
    Gap(
        "endpoint-slices",
        _USERSPACE,
        "kube-proxy reads Endpoints there, not EndpointSlices (NoopEndpointSliceHandler in proxier.go), so that "
        "Services whose slices are written by hand have no endpoint",
    ),
    Gap(
        "source-ip",
        _USERSPACE,
        "backends are connected by kube-proxy itself and see an address of its node (TryConnectEndpoints in "
        "proxysocket.go)",
    ),
    Gap(
        "local-traffic-policy",
        _USERSPACE,
        "the mode knows no externalTrafficPolicy (proxier.go never reads it): any endpoint may answer",
    ),
    Gap(
        "refusal",
        _USERSPACE,
        "a connection is accepted before an endpoint is looked for, and closed where there is none; a datagram then "
        "gets no answer at all (ProxyLoop in proxysocket.go)",
    ),
    Gap(
        "port-of-a-process",
        _USERSPACE,
        "kube-proxy itself listens on every NodePort: nobody else can afterwards, and where a process did before, that "
        "node does not serve the NodePort (claimNodePort in proxier.go)",
    ),
    Gap(
        "affinity-timeout",
        _USERSPACE,
        "the time-out of a Service whose endpoints were seen before itself is lost, and three hours hold instead "
        "(newServiceInternal in roundrobin.go sets it for a new entry alone)",
    ),
    Gap(
        "affinity-timeout",
        frozenset({ProxyMode.IPVS}),
        "the kernel keeps a client's persistence as long as one of its connections is known, TIME_WAIT's 120 s "
        "included, and looks again only every 60 s (ip_vs_conn_expire in ip_vs_conn.c; kubernetes/kubernetes 89358)",
    ),
    Gap(
        "own-kernel",
        _ALL,
        "a module or a kernel can be hurt only by who has power over the machine; the gauntlet has none over the nodes "
        "of somebody's cluster, and none to start them again",
        place=Place.EXISTING,
    ),
    Gap(
        "node-faults",
        _ALL,
        "no node of this cluster may be hurt: name those that may with --kp-target-nodes",
        place=Place.UNTARGETED,
    ),
    Gap(
        "proxy-configuration",
        _ALL,
        "the one ConfigMap of kube-proxy is every node's, also of those that may not be hurt; it is not changed in "
        "somebody's cluster",
        place=Place.EXISTING,
    ),
    Gap(
        "thousands-of-services",
        _ALL,
        "they would load the API server and every kube-proxy of a cluster that others use",
        place=Place.EXISTING,
    ),
    Gap(
        "thousands-of-services",
        _ALL,
        "a process starts many times more slowly in a guest of User-Mode Linux than on hardware, and kube-proxy starts "
        "dozens at each sync: how soon it obeys there is the guest's figure, not kube-proxy's",
        place=Place.GUESTS,
    ),
    Gap(
        "load-balancer",
        _ALL,
        "no LoadBalancer Service of this cluster has an address, so that nothing there seems to give them out",
        place=Place.UNBALANCED,
    ),
    Gap(
        "outside-source-ip",
        _ALL,
        "a router stands between this machine and the nodes; whether it translates addresses, and so which one a "
        "backend ought to see, cannot be known from here",
        place=Place.ROUTED_OUTSIDE,
    ),
    Gap(
        "pod-ranges",
        _ALL,
        "the nodes have no spec.podCIDR (a CNI with its own address management), so that which packets are pods' "
        "cannot be told by their addresses",
        place=Place.WITHOUT_POD_RANGES,
    ),
    Gap(
        "own-kernel",
        _all_but(ProxyMode.NFTABLES),
        "a module or a kernel can be hurt only where each node has a kernel of its own (in the sandbox: "
        "--kp-node-kernel=own)",
        place=Place.SHARED_KERNEL,
    ),
    Gap(
        "own-kernel",
        frozenset({ProxyMode.NFTABLES}),
        "a module or a kernel can be hurt only where each node has a kernel of its own, and User-Mode Linux, on which "
        "such nodes run, has no inet family of nftables",
        place=Place.SHARED_KERNEL,
    ),
    Gap("ipvs-schedulers", _all_but(ProxyMode.IPVS), "only ipvs mode has schedulers to choose from"),
    Gap("strict-arp", _all_but(ProxyMode.IPVS), "only ipvs mode binds Service addresses to its nodes"),
    Gap(
        "graceful-termination",
        _all_but(ProxyMode.IPVS),
        "only ipvs mode keeps a removed backend as a real server, at weight 0; that its open connections go on is "
        "checked in every mode",
    ),
    Gap(
        "large-transactions",
        frozenset({ProxyMode.NFTABLES}),
        "the kernel limits one nft transaction of an ordinary user to net.core.wmem_max, too little for the rules of a "
        "thousand Services; run as root to check it (docs/decisions/0002)",
        place=Place.USERS_SANDBOX,
    ),
)

FEATURES = frozenset(gap.feature for gap in GAPS)


def unsupported(feature: str, mode: ProxyMode, version: str, places: Collection[Place] = ()) -> str | None:
    """Why `feature` cannot be checked in this mode and version ("1.37", "1.37.2") at these places; None where it can.

    Raises UsageError for a feature that no row names: it could never be skipped, so it is misspelt.
    """
    if feature not in FEATURES:
        raise UsageError(
            f"no row of gauntlet/promises/support.py names the feature {feature!r}",
            f"one of {', '.join(sorted(FEATURES))}",
        )
    minor = minor_of(version)
    for gap in GAPS:
        here = gap.place in {Place.ANYWHERE, *places}
        if here and gap.feature == feature and mode in gap.modes and gap.since <= minor <= gap.until:
            return f"{feature} in {mode} mode: {gap.reason}"
    return None
