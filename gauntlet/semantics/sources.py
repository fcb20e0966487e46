"""Which address a backend sees, and whether its answer finds the way back to the client."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.semantics.behaviour import LocalPolicy
from gauntlet.semantics.endpoints import Backend
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Answer, Source, SourceKind
from gauntlet.semantics.places import Place, ServingNode, Where
from gauntlet.semantics.rules import Rule


@dataclass(frozen=True)
class Passage:
    """A connection of a client to a frontend of a Service, at the node that decides."""

    service: Service
    frontend: Frontend
    place: Place
    at: ServingNode

    @property
    def is_own(self) -> bool:
        """Whether the deciding node itself is the client."""
        return self.place.where is Where.NODE and self.place.node == self.at.node.name

    @property
    def is_here(self) -> bool:
        """Whether the client is on the deciding node."""
        return not self.place.is_outside and self.place.node == self.at.node.name

    @property
    def is_local_pod(self) -> bool:
        """Whether the kube-proxy takes the client for a pod of its node."""
        if self.place.where is not Where.POD:
            return False
        return self.at.proxy.takes_for_local(self.place.address, self.at.node, self.place.node)

    @property
    def is_short_circuit(self) -> bool:
        """Whether a policy Local does not hold, as the client is inside."""
        return (
            self.frontend.kind.is_external
            and self.service.external_is_local
            and self.at.proxy.behaviour.local_policy is LocalPolicy.SHORT_CIRCUIT
            and (self.is_own or self.is_local_pod)
        )


def masquerade(passage: Passage) -> Rule | None:
    """The rule by which the deciding node puts its own address in; None if the client's stays."""
    proxy = passage.at.proxy
    if proxy.behaviour.connects:
        return Rule.OWN_CONNECTION
    if passage.frontend.kind is Kind.CLUSTER_IP:
        return _at_cluster_ip(passage)
    if not passage.service.external_is_local:
        return Rule.MASQUERADE_EXTERNAL
    if passage.is_short_circuit and passage.is_own:
        return Rule.MASQUERADE_LOCAL
    return None


def answer(passage: Passage, backend: Backend, masqueraded: Rule | None) -> tuple[Answer, Rule]:
    """What this backend sees and whether its answer comes back, and the rule that says so."""
    masked = Source(SourceKind.NODE, passage.at.node.name)
    if backend.address in passage.at.node.addresses and masqueraded is not Rule.OWN_CONNECTION:
        return Answer(backend, frozenset({masked if passage.is_own else _kept(passage)})), Rule.NOT_FORWARDED
    if masqueraded is not None:
        return Answer(backend, frozenset({masked})), masqueraded
    if backend.address == passage.place.address:
        if backend.node == passage.at.node.name:
            return Answer(backend, frozenset({masked})), Rule.HAIRPIN
        # A pod meets itself by another node: iptables mode masquerades that, nftables mode its own endpoints alone.
        either = frozenset({masked, Source(SourceKind.CLIENT)})
        return Answer(backend, either, comes_back=None), Rule.HAIRPIN
    stays = backend.node == passage.at.node.name
    if _is_bound(passage):
        seen = Source(SourceKind.FRONTEND)
        # Every node has the address: another would keep the answer for itself.
        return Answer(backend, frozenset({seen}), comes_back=stays), Rule.BOUND_ADDRESS if stays else Rule.NO_WAY_BACK
    returns = passage.is_here or stays
    return Answer(backend, frozenset({_kept(passage)}), returns), Rule.CLIENT_ADDRESS if returns else Rule.NO_WAY_BACK


def _kept(passage: Passage) -> Source:
    """The client's own address, of which a node has several."""
    is_node = passage.place.where is Where.NODE
    return Source(SourceKind.NODE, passage.place.node) if is_node else Source(SourceKind.CLIENT)


def _at_cluster_ip(passage: Passage) -> Rule | None:
    proxy, node = passage.at.proxy, passage.at.node
    if proxy.masquerade_all:
        return Rule.MASQUERADE_ALL
    if proxy.detects(passage.frontend.family, node):
        return None if passage.is_local_pod else Rule.MASQUERADE_NOT_LOCAL
    # "src,dst" of KUBE-CLUSTER-IP in pkg/proxy/ipvs/proxier.go: what has the ClusterIP as its source is masqueraded.
    return Rule.MASQUERADE_NOT_LOCAL if proxy.behaviour.binds_addresses and passage.is_own else None


def _is_bound(passage: Passage) -> bool:
    """Whether the client's source is the address that it asks (ipvs mode binds those that are no node's)."""
    is_node_port = passage.frontend.kind is Kind.NODE_PORT
    return passage.is_own and passage.at.proxy.behaviour.binds_addresses and not is_node_port
