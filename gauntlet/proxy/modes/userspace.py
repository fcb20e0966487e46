"""userspace mode: rules lead every connection to a port of kube-proxy itself, which connects an endpoint."""

from __future__ import annotations

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.features import Feature, Has
from gauntlet.proxy.modes.iptables import chains_shown
from gauntlet.proxy.rules import iptables, userspace
from gauntlet.proxy.traits import Era, Residue, RulesReader, Stage, Traits, Trial
from gauntlet.semantics.behaviour import LocalPolicy, SourceRanges

# kube-proxy 1.25 raises its limit to this number in this mode (pkg/proxy/userspace, rlimit.go).
_OPEN_FILES = 64000

TRAITS = Traits(
    mode=ProxyMode.USERSPACE,
    # kubernetes/kubernetes 112133: deprecated since 1.23, removed in 1.26.
    versions=(Era((1, 0), Stage.STABLE, until=(1, 22)), Era((1, 23), Stage.DEPRECATED, until=(1, 25))),
    history="kubernetes/kubernetes 112133",
    rules=RulesReader({Family.IPV4: ("iptables-save",)}, userspace.forwarding, iptables.size),
    residue=Residue(f"iptables -w 10 -t nat -S {userspace.PORTALS[0]} 1 >/dev/null 2>&1"),
    see=chains_shown,
    sections=("iptables",),
    # cmd/kube-proxy/app/server_others.go of Kubernetes 1.25 registers the metrics of syncs for the other modes alone.
    counts_syncs=False,
    carries_connections=True,
    # One proxier, with iptables of the primary family; the other modes have two.
    one_family="newProxyServer in cmd/kube-proxy/app/server_others.go of Kubernetes 1.25",
    logged_endpoints=userspace.endpoints,
    local_policy=LocalPolicy.IGNORED,
    source_ranges=SourceRanges.IGNORED,
    trial=Trial(f"ulimit -n {_OPEN_FILES}"),
    # A process carries every connection.
    guest_rate_per_s=40.0,
    # All of it is read in pkg/proxy/userspace of Kubernetes 1.25.9, and was seen in its runs.
    has=(
        Has(Feature.FRAGMENTS_OF_NODES, "kube-proxy takes the datagram, and sends one of its own"),
        Has(Feature.LOCALHOST_NODE_PORT, "kube-proxy listens on the NodePort, on all addresses (proxier.go)"),
    ),
    instead={
        Feature.AFFINITY_TIMEOUT: (
            "the time-out of a Service whose endpoints were seen before itself is lost, and three hours hold instead "
            "(newServiceInternal in roundrobin.go sets it for a new entry alone)"
        ),
        Feature.ENDPOINT_SLICES: (
            "kube-proxy reads Endpoints there, not EndpointSlices (NoopEndpointSliceHandler in proxier.go), so that "
            "Services whose slices are written by hand have no endpoint"
        ),
        Feature.HALF_CLOSED: (
            "kube-proxy closes both its connections as soon as one half of one has ended (copyBytes in proxysocket.go)"
        ),
        Feature.LOCAL_TRAFFIC_POLICY: (
            "the mode knows no externalTrafficPolicy (proxier.go never reads it): any endpoint may answer"
        ),
        Feature.PORT_OF_A_PROCESS: (
            "kube-proxy itself listens on every NodePort: nobody else can afterwards, and if a process did before, "
            "that node does not serve the NodePort (claimNodePort in proxier.go)"
        ),
        Feature.REFUSAL: (
            "a connection is accepted before an endpoint is looked for, and closed if there is none; a datagram then "
            "gets no answer at all (ProxyLoop in proxysocket.go)"
        ),
        Feature.SERVES_ON: "all connections are kube-proxy's own, and end with it (proxysocket.go)",
        Feature.SOURCE_IP: (
            "backends are connected by kube-proxy itself and see an address of its node (TryConnectEndpoints in "
            "proxysocket.go)"
        ),
    },
)
