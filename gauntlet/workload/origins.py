"""Origins: further addresses of clients, from which they ask: a rule that goes by the address of a client hurts some.

A client pod has one of each IP family, and so has the host outside: whoever asks from nowhere else takes a rule about
half of a range for a right one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_interface, ip_network

from gauntlet.ground.cluster import Host, Node
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.family import Family, family_of
from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.traffic import Target
from gauntlet.workload.clients import Clients
from gauntlet.workload.paths import link_to

# Each of the eight bits is set in some and not in others. Neither nodes nor who is beside them have one of these.
NUMBERS = (23, 46, 92, 119, 147, 170, 213, 232)
# Far from the numbers that a network of IPv6 gives out.
_FAR = {Family.IPV4: 0, Family.IPV6: 0xFF00}
# Goes on with the other lines if one fails.
_FORCED = ("-force",)
# Nobody has the address, so that a host need not look for its twin (RFC 4862).
_AT_ONCE = {Family.IPV4: "", Family.IPV6: "nodad"}


@dataclass(frozen=True)
class Origin:
    """A host that asks addresses from further ones of its own.

    `addresses` are the further ones: of each round, one of each family. `ways` are how it gets to what it asks, by
    address, in words of ip(8). `link` is the link by which the `node` of a pod gets to it.
    """

    host: Host
    addresses: Sequence[tuple[str, ...]]
    ways: Mapping[str, str]
    node: Node | None = None
    link: str = ""

    @property
    def every(self) -> frozenset[str]:
        """The further addresses."""
        return frozenset(address for of_round in self.addresses for address in of_round)

    def come(self) -> None:
        """Have them. Raises CommandFailed."""
        _ip(self.host, (f"address add {_own(each)} dev {self._dev} {_AT_ONCE[family_of(each)]}" for each in self.every))
        if self.node is not None:
            _ip(self.node, (f"route add {each} dev {self.link}" for each in self.every))

    def ask_from(self, number: int) -> None:
        """Come from these addresses from now on. Raises CommandFailed."""
        by = {family_of(each): each for each in self.addresses[number]}
        _ip(self.host, (f"route replace {at} {way} src {by[family_of(at)]}" for at, way in self.ways.items()))

    def go(self) -> None:
        """Have them no more, as far as they are there."""
        _ip(self.host, (f"route del {at} {way}" for at, way in self.ways.items()), *_FORCED)
        _ip(self.host, (f"address del {_own(each)} dev {self._dev}" for each in self.every), *_FORCED)
        if self.node is not None:
            _ip(self.node, (f"route del {each} dev {self.link}" for each in self.every), *_FORCED)

    @property
    def _dev(self) -> str:
        return next(iter(self.ways.values())).split()[-1]


@dataclass(frozen=True)
class Origins:
    """Those of each client pod, in the order of the pods, and of the host outside."""

    pods: Sequence[Origin]
    outside: Origin
    rounds: range = field(default=range(len(NUMBERS)))

    def ask_from(self, number: int) -> None:
        """Have all of them come from their addresses of this round."""
        with ThreadPoolExecutor() as together:
            list(together.map(lambda each: each.ask_from(number), (*self.pods, self.outside)))


@contextmanager
def further(api: Api, clients: Clients, inside: Sequence[Target], outside: Sequence[Target]) -> Iterator[Origins]:
    """Give client pods and the host outside further addresses, from which they ask these targets, as long as it lasts.

    Raises Inconclusive if a pod is reached by no link of its own, or the host outside is in no network.
    """
    taken = frozenset(address for pod in api.list(PodObject, "/api/v1/pods") for address in pod.addresses)
    nodes = {node.name: node for node in clients.nodes}
    pods = [_pod(pod, nodes[pod.node or ""], taken, inside) for pod in clients.pods]
    networks = [_network(clients.outside, address) for address in clients.outside.addresses]
    made = Origins(pods, Origin(clients.outside, further_of(networks, ()), _ways(clients.outside, outside)))
    with ExitStack() as ends:
        for each in (*made.pods, made.outside):
            ends.callback(each.go)
            each.come()
        yield made


def _pod(pod: Host, node: Node, taken: Collection[str], at: Sequence[Target]) -> Origin:
    return Origin(pod, further_of(node.pod_cidrs, taken), _ways(pod, at), node, link_to(node, pod.address))


def further_of(networks: Sequence[str], taken: Collection[str]) -> list[tuple[str, ...]]:
    """The further addresses of each round, one of each network, without those that are taken."""
    return [tuple(_free(network, number, taken) for network in networks) for number in NUMBERS]


def _free(network: str, number: int, taken: Collection[str]) -> str:
    """The address of this number in a network, or one behind it that no pod has."""
    first = ip_network(network).network_address + _FAR[family_of(network)]
    return next(str(first + each) for each in range(number, 2 * number) if str(first + each) not in taken)


def _network(host: Host, address: str) -> str:
    """The network on the link of a host that has this address."""
    shown = host.run(("ip", "-o", "address", "show", "to", address)).stdout.split()
    has = next((word for word in shown if word.startswith(f"{address}/")), "")
    if not has:
        raise Inconclusive(f"no interface of {host.name} has its address {address}")
    return str(ip_interface(has).network)


def _ways(host: Host, at: Sequence[Target]) -> dict[str, str]:
    """How a host gets to each of these: `via 10.244.1.1 dev eth0`, or `dev eth0`."""
    return {address: _way(host, address) for address in dict.fromkeys(each.address for each in at)}


def _way(host: Host, address: str) -> str:
    words = host.run(("ip", "-o", "route", "get", address)).stdout.split()
    named = (f"{word} {words[words.index(word) + 1]}" for word in ("via", "dev") if word in words)
    return " ".join(named)


def _own(address: str) -> str:
    return f"{address}/{128 if family_of(address) is Family.IPV6 else 32}"


def _ip(host: Host, lines: Iterable[str], *options: str) -> None:
    host.run(("ip", *options, "-batch", "-"), stdin="".join(f"{line}\n" for line in lines), check=not options)
