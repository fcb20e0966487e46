"""The addresses of a sandbox cluster: one plan for each IP family.

The IPv6 addresses are written with the decimal numbers of the IPv4 ones: node-1 has 10.77.0.11 and fd10:77::11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from gauntlet.ground.family import Family

_API = 2
_OUTSIDE = 200
_BEFORE_NODES = 10
_GATEWAY = 1


@dataclass(frozen=True)
class AddressPlan:
    """`on_fabric` and `pod` are forms of addresses, `services`, `pods` and `load_balancers` are ranges.

    `single` and the other `_bits` are lengths of prefixes: of one address, of the nodes' network, of a node's pods.
    """

    family: Family
    on_fabric: str
    fabric_bits: int
    services: str
    pods: str
    pod: str
    pod_bits: int
    load_balancers: str
    everything: str
    unspecified: str
    single: int

    @property
    def api(self) -> str:
        """Of the API server, and of the next router of all hosts on the fabric."""
        return self.on_fabric.format(_API)

    @property
    def outside(self) -> str:
        return self.on_fabric.format(_OUTSIDE)

    @property
    def fabric(self) -> str:
        """The nodes' network."""
        return str(ip_network(f"{self.api}/{self.fabric_bits}", strict=False))

    @property
    def first_service(self) -> str:
        """The ClusterIP of the API server's own Service."""
        return str(ip_network(self.services)[1])

    def node(self, index: int) -> str:
        """Of node `index`, counted from 1."""
        return self.on_fabric.format(_BEFORE_NODES + index)

    def node_pods(self, index: int) -> str:
        """The range of the node's pods."""
        return str(ip_network(f"{self.gateway(index)}/{self.pod_bits}", strict=False))

    def gateway(self, index: int) -> str:
        """Of a node on the links to its pods."""
        return self.pod_of(index, _GATEWAY)

    def pod_of(self, index: int, number: int) -> str:
        """Of the pod `number` (2..254) on node `index`."""
        return self.pod.format(index, number)

    def alone(self, address: str) -> str:
        """The range of this one address."""
        return f"{address}/{self.single}"


_PLANS: Mapping[Family, AddressPlan] = {
    Family.IPV4: AddressPlan(
        Family.IPV4,
        on_fabric="10.77.0.{}",
        fabric_bits=24,
        services="10.96.0.0/12",
        pods="10.244.0.0/16",
        pod="10.244.{}.{}",
        pod_bits=24,
        load_balancers="10.200.0.0/24",
        everything="0.0.0.0/0",
        unspecified="0.0.0.0",
        single=32,
    ),
    Family.IPV6: AddressPlan(
        Family.IPV6,
        on_fabric="fd10:77::{}",
        fabric_bits=64,
        # The API server takes none that is larger than /108.
        services="fd10:96::/112",
        pods="fd10:244::/48",
        pod="fd10:244:0:{}::{}",
        pod_bits=64,
        load_balancers="fd10:200::/120",
        everything="::/0",
        unspecified="::",
        single=128,
    ),
}


def plans(families: Sequence[Family]) -> tuple[AddressPlan, ...]:
    """Those of a cluster's families, the primary one first."""
    return tuple(_PLANS[family] for family in families)
