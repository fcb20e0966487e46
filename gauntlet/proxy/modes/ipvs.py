"""ipvs mode: a virtual server of the kernel for each address and port of a Service."""

from __future__ import annotations

from collections.abc import Sequence

from gauntlet.ground.cluster import Host, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.features import Feature, Has
from gauntlet.proxy.ipvs.wholeness import INTERFACE, SYNCED
from gauntlet.proxy.rules import ipvs
from gauntlet.proxy.traits import Era, Modules, Residue, RulesReader, Stage, Traits, Trial
from gauntlet.semantics.behaviour import LocalPolicy

# `ipvs.scheduler` of KubeProxyConfiguration if none is set (pkg/proxy/ipvs/proxier.go).
_SCHEDULER = "rr"


def _required(scheduler: str) -> tuple[str, ...]:
    return ("ip_vs", f"ip_vs_{scheduler or _SCHEDULER}")


def _masquerades(node: Host, node_port: int) -> bool:
    return ipvs.masquerades(node.run(ipvs.COMMANDS[Family.IPV4]).stdout, node_port)


def _see(node: str, _chains: Sequence[str], family: Family) -> tuple[str, ...]:
    cluster_ips = ipvs.CLUSTER_IPS if family is Family.IPV4 else ipvs.CLUSTER_IPS.replace("KUBE-", "KUBE-6-")
    return (f"gauntlet inspect {node}", f"ip -o addr show dev {INTERFACE}", f"ipset list {cluster_ips}")


TRAITS = Traits(
    mode=ProxyMode.IPVS,
    # KEP-5495: deprecated 1.35, to be off by default from 1.40 and removed in 1.43; its gate is there since 1.37.
    versions=(
        Era((1, 11), Stage.STABLE, until=(1, 34)),
        Era((1, 35), Stage.DEPRECATED, until=(1, 39)),
        Era((1, 40), Stage.DEPRECATED, "KubeProxyIPVS", until=(1, 42)),
    ),
    # kube-proxy 1.37 says so when it starts (createProxier in cmd/kube-proxy/app/server_linux.go).
    farewell="off by default from 1.40, gone from 1.43",
    history="KEP-5495",
    rules=RulesReader(ipvs.COMMANDS, ipvs.forwarding, ipvs.size),
    residue=Residue(f"grep -qs '^ *{INTERFACE}:' /proc/net/dev"),
    unhooked=(
        f"not all of it works: {INTERFACE} holds no address, or a jump to KUBE-SERVICES or KUBE-POSTROUTING or the set "
        f"{ipvs.CLUSTER_IPS} is missing"
    ),
    see=_see,
    # masqueradeAll and masqueradeBit are those of iptables (apis/config/v1alpha1/conversion.go).
    sections=("ipvs", "iptables"),
    # /healthz says 200 some seconds before the first virtual server is there. Once a Service has its virtual server,
    # kube-proxy fills its ipsets one by one, and a Service that is in KUBE-IPVS-IPS and not yet in KUBE-CLUSTER-IP is
    # refused by KUBE-IPVS-FILTER.
    synced=SYNCED,
    masquerades=_masquerades,
    keeps_virtual_servers=True,
    # syncEndpoint and syncService (ipvs/proxier.go).
    local_policy=LocalPolicy.OWN_FIRST,
    binds_addresses=True,
    trial=Trial(
        f"ip link add {INTERFACE} type dummy && ipset create t hash:ip,port && "
        "ipvsadm -A -t 192.0.2.1:80 -s rr && ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.2:80 -m",
        {"ipset": "ipset", "ipvsadm": "ipvsadm"},
    ),
    modules=Modules(load=(*_required(""), "dummy"), required=_required),
    has=(
        # Files below pkg/proxy of Kubernetes 1.37.
        Has(Feature.ENDPOINT_SLICES, "endpointslicecache.go"),
        Has(Feature.GRACEFUL_TERMINATION, "ipvs/graceful_termination.go"),
        Has(Feature.HALF_CLOSED, "connections are the kernel's, which passes on what comes"),
        Has(Feature.IPVS_SCHEDULERS, "`ipvs.scheduler` of KubeProxyConfiguration (ipvs/proxier.go)"),
        Has(Feature.LEAVING_NODES, "NodeEligible in healthcheck/proxy_health.go; KEP-3836", since=(1, 30)),
        Has(Feature.LOCAL_TRAFFIC_POLICY, "onlyNodeLocalEndpoints in syncEndpoint (ipvs/proxier.go)"),
        Has(Feature.PORT_OF_A_PROCESS, "IPVS takes packets before a socket sees them (ip_vs_in in ip_vs_core.c)"),
        Has(Feature.REFUSAL, "a virtual server without real servers (ip_vs_leave in ip_vs_core.c)"),
        Has(Feature.SERVES_ON, "rules are the kernel's, and stay when kube-proxy ends"),
        Has(Feature.SOURCE_IP, "only what would not come back is masqueraded (ipvs/ipset.go)"),
        Has(Feature.STRICT_ARP, "`ipvs.strictARP` of KubeProxyConfiguration (ipvs/proxier.go)"),
    ),
    instead={
        Feature.FRAGMENTS_OF_NODES: (
            "a node's own datagram to a Service is first meant for the node itself, whose loopback takes it whole, not "
            "to be cut; IPVS refuses it for the way to the backend, until the kernel has learned the MTU of that way "
            "(ensure_mtu_is_adequate in ip_vs_xmit.c): the first ones fail with EMSGSIZE"
        ),
        Feature.AFFINITY_TIMEOUT: (
            "the kernel keeps a client's persistence as long as one of its connections is known, TIME_WAIT's 120 s "
            "included, and looks again only every 60 s (ip_vs_conn_expire in ip_vs_conn.c; kubernetes/kubernetes 89358)"
        ),
    },
)
