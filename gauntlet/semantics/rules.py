"""The rules that decide, each with who says so. An outcome names those that led to it.

Paths are of Kubernetes' sources, read in 1.25 to 1.37; "API" is the reference of core/v1 and discovery.k8s.io/v1;
"docs" is kubernetes.io/docs.
"""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """`rule` says what holds, in words, and `source` who says so."""

    rule: str
    source: str

    def __init__(self, rule: str, source: str) -> None:
        self.rule = rule
        self.source = source

    def __str__(self) -> str:
        return f"{self.rule} [{self.source}]"

    # Which Services, and which of their addresses.
    NOT_PROXIED = (
        "kube-proxy leaves headless and ExternalName Services alone",
        "API ServiceSpec.clusterIP, .type; ShouldSkipService in pkg/proxy/util/utils.go",
    )
    OTHER_PROXY = (
        "a Service with the label service-proxy-name is another proxy's",
        "docs 'Well-Known Labels'; KEP-2447; newProxyServer in cmd/kube-proxy/app/server.go",
    )
    HEADLESS_LABEL = (
        "kube-proxy reads no slices with the label headless, and before 1.36 no Services with it",
        "docs 'Well-Known Labels'; Run in cmd/kube-proxy/app/server.go",
    )
    NO_SUCH_FRONTEND = (
        "the Service does not have this address, port and protocol",
        "API ServiceSpec.ports, .clusterIPs, .externalIPs",
    )
    OTHER_FAMILY = (
        "no ClusterIP of a family: nothing of that family is served",
        "docs 'IPv4/IPv6 dual-stack'; newServiceInfo in pkg/proxy/servicechangetracker.go",
    )
    PROXY_MODE_INGRESS = (
        "ipMode Proxy: packets to the address go to the load balancer, kube-proxy has no rule",
        "KEP-1860; API LoadBalancerIngress.ipMode",
    )
    EXTERNAL_IPS_OFF = (
        "without the gate AllowServiceExternalIPs externalIPs are not served",
        "KEP-5707; ExternalIPs in pkg/proxy/serviceport.go",
    )
    NODE_PORT_ADDRESSES = (
        "a NodePort is served at the addresses that nodePortAddresses names, and no other",
        "kube-proxy config API, nodePortAddresses; pkg/proxy/util/nodeport_addresses.go",
    )
    LOCALHOST_NODE_PORT = (
        "whether 127.0.0.1 serves NodePorts is the mode's and its configuration's",
        "KEP-3866 'NodePorts on localhost'; KEP-6032",
    )
    # Which endpoints.
    SLICES_BY_HAND = (
        "userspace mode reads Endpoints, not slices written by hand",
        "NoopEndpointSliceHandler in pkg/proxy/userspace/proxier.go, 1.25",
    )
    READY = ("ready endpoints are used", "API EndpointConditions.ready; CategorizeEndpoints in pkg/proxy/topology.go")
    TERMINATING = (
        "if no endpoint is ready, those that serve while they terminate are used",
        "KEP-1669; CategorizeEndpoints in pkg/proxy/topology.go",
    )
    SAME_NODE = (
        "all ready endpoints have node hints, one of them is for this node: only such are used",
        "KEP-3015; topologyModeFromHints in pkg/proxy/topology.go",
    )
    SAME_ZONE = (
        "all ready endpoints have zone hints, one of them is for this zone: only such are used",
        "KEP-2433, KEP-4444; topologyModeFromHints in pkg/proxy/topology.go",
    )
    ALL_NODES = ("policy Cluster: the endpoints of all nodes", "API ServiceSpec.internalTrafficPolicy")
    INTERNAL_LOCAL = ("internalTrafficPolicy Local: the node's own endpoints", "KEP-2086")
    EXTERNAL_LOCAL = (
        "externalTrafficPolicy Local: the node's own endpoints, the client's address is kept",
        "API ServiceSpec.externalTrafficPolicy; docs 'Traffic policies'",
    )
    SHORT_CIRCUIT = (
        "clients inside are treated as if they came back from a load balancer: all endpoints",
        "API ServiceSpec.externalTrafficPolicy; the EXT chains of pkg/proxy/iptables and nftables",
    )
    OWN_FIRST = (
        "ipvs: a policy Local without endpoints of the node uses the others",
        "kubernetes/kubernetes 97081; syncEndpoint in pkg/proxy/ipvs/proxier.go",
    )
    NO_POLICY = ("userspace: traffic policies are not known", "pkg/proxy/userspace/proxier.go, 1.25")
    # Without endpoints.
    REFUSED = (
        "no endpoint anywhere: refused at once",
        "docs 'Services without selectors'; REJECT in pkg/proxy/iptables, reject in nftables, ip_vs_leave in Linux",
    )
    SENT_ON = (
        "iptables: a node's own connections to external addresses without endpoints go on into the network",
        "iptablesJumpChains in pkg/proxy/iptables/proxier.go: KUBE-EXTERNAL-SERVICES hangs in INPUT and FORWARD",
    )
    ACCEPTED_AND_CLOSED = (
        "userspace: accepted, and closed when no endpoint is found",
        "ProxyLoop in pkg/proxy/userspace/proxysocket.go, 1.25",
    )
    DROPPED = (
        "policy Local, and endpoints on other nodes alone: dropped",
        "KEP-2086; API ServiceSpec.internalTrafficPolicy, .externalTrafficPolicy",
    )
    SOURCE_RANGES = (
        "loadBalancerSourceRanges: others are dropped, at the ingress IPs alone",
        "API ServiceSpec.loadBalancerSourceRanges",
    )
    # Source address, and whether the answer finds its way.
    MASQUERADE_EXTERNAL = (
        "policy Cluster: connections to external addresses are masqueraded",
        "docs 'Using Source IP'; the EXT chains of pkg/proxy/iptables and nftables",
    )
    MASQUERADE_NOT_LOCAL = (
        "what does not come from a local pod is masqueraded at a ClusterIP",
        "kube-proxy config API, detectLocalMode; KEP-2450",
    )
    MASQUERADE_ALL = ("masqueradeAll: all connections to a ClusterIP", "kube-proxy config API, masqueradeAll")
    MASQUERADE_LOCAL = (
        "the node's own connections to external addresses are masqueraded",
        "'masquerade LOCAL traffic' in pkg/proxy/iptables/proxier.go",
    )
    HAIRPIN = (
        "a pod that meets itself sees its node",
        "the endpoint chains of pkg/proxy/iptables; hairpin-connections in nftables; KUBE-LOOP-BACK in ipvs",
    )
    OWN_CONNECTION = (
        "kube-proxy connects the endpoint itself",
        "pkg/proxy/userspace, 1.25; pkg/proxy/localnodeportproxy",
    )
    NOT_FORWARDED = (
        "an endpoint in the network of the node that decides sees the client: what is not forwarded is not masqueraded",
        "iptables(8) and nft(8): no hook of postrouting sees packets to the node's own processes",
    )
    CLIENT_ADDRESS = ("the client's address is kept", "docs 'Using Source IP'")
    BOUND_ADDRESS = (
        "ipvs: a node's own connection has the Service's address, which is the node's, as its source",
        "'VIP being picked as the source IP' in pkg/proxy/ipvs/proxier.go",
    )
    NO_WAY_BACK = (
        "an answer that does not pass the node that translated the address is not the client's",
        "nf_conntrack(5); kubernetes/kubernetes 97081",
    )
    AFFINITY = ("sessionAffinity ClientIP: each client keeps its backend", "API ServiceSpec.sessionAffinity")
