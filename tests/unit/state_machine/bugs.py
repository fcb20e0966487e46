"""Bugs that kube-proxy has had, or might have: what it takes for true instead of what is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from gauntlet.ground.family import BOTH, Family
from gauntlet.semantics.asked import Row
from gauntlet.semantics.endpoints import Backend, Copies, PortKey
from gauntlet.semantics.frontends import Kind as FrontendKind
from gauntlet.semantics.objects import FIT, Conditions, Policy, Protocol, Service
from gauntlet.semantics.places import ServingNode, World
from gauntlet.workload.state_machine import Kind
from tests.unit.state_machine.fake import NODES, Believed, Bug

LATE = NODES[1].name


class RemovedEndpointIsKept(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        kept: dict[PortKey, dict[tuple[str, int], tuple[Backend, ...]]] = {}
        for moment in self.past:
            for port, of_port in moment.slices.items():
                kept.setdefault(port, {}).update(of_port)
        return replace(truly, slices={port: {**kept[port], **truly.slices.get(port, {})} for port in kept})


class UnreadyIsUsed(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return _seen_as(truly, lambda each: FIT if not each.conditions.terminating else each.conditions)


class TerminatingIsUsedTooEarly(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return _seen_as(truly, lambda each: FIT if each.conditions.usable_at_last else each.conditions)


class TerminatingIsNeverUsed(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return _seen_as(
            truly,
            lambda each: replace(each.conditions, serving=False) if each.conditions.terminating else each.conditions,
        )


class ExternalPolicyIsIgnored(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(truly, service=replace(truly.service, external_policy=Policy.CLUSTER))


class InternalPolicyIsIgnored(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(truly, service=replace(truly.service, internal_policy=Policy.CLUSTER))


class SourceRangesAreIgnored(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(truly, service=replace(truly.service, source_ranges=()))


class AffinityIsForgotten(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(truly, service=replace(truly.service, affinity_timeout_s=None))


class UdpIsLostAtNodePorts(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        is_lost = row.frontend.kind is FrontendKind.NODE_PORT and row.frontend.protocol is Protocol.UDP
        return _without_service(truly) if is_lost else truly


class Ipv6IsNeverServed(Bug):
    families = BOTH

    def believes(self, truly: Believed, row: Row) -> Believed:
        return _without_service(truly) if row.frontend.family is Family.IPV6 else truly


class LastEndpointIsNeverMet(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(
            truly,
            slices={
                port: dict(sorted(of_port.items())[:-1]) if len(of_port) > 1 else of_port
                for port, of_port in truly.slices.items()
            },
        )


class DeletedServiceAnswers(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        if row.service in self.past[-1].services:
            return truly
        last = next(each for each in reversed(self.past) if row.service in each.services)
        return replace(truly, service=last.services[row.service], slices=last.slices)


class FormerPortAnswers(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        if row.service not in self.past[-1].services or row.outcome.rules[:1] == ():
            return truly
        had = [service for each in self.past if (service := each.services.get(row.service)) is not None]
        ports = dict.fromkeys(port for each in reversed(had) for port in each.ports)
        return replace(truly, service=replace(truly.service, ports=tuple(ports)))


class OneNodeIsAStepLate(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        if row.outcome.decided_by != LATE or len(self.past) < 2:
            return truly
        then = self.past[-2]
        service = then.services.get(row.service) or Service(row.service, ())
        return Believed(service, then.slices, then.world)


class RestartLosesServices(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        restarted = {NODES[each.number].name for each in self.past[-1].moves if each.kind is Kind.RESTART}
        return _without_service(truly) if row.outcome.decided_by in restarted else truly


class ConfigurationIsNotFollowed(Bug):
    def believes(self, truly: Believed, row: Row) -> Believed:
        return replace(truly, world=_unmasked(truly.world))


class TypeIsNotFollowed(Bug):
    """NodePorts and load balancer IPs stay when the Service becomes one that has none."""

    def believes(self, truly: Believed, row: Row) -> Believed:
        service = truly.service
        had = [each.services[row.service] for each in self.past if row.service in each.services]
        if row.service not in self.past[-1].services:
            return truly
        ingress = tuple(dict.fromkeys(at for each in had for at in each.ingress))
        return replace(truly, service=replace(service, ingress=ingress))


BUGS = (
    RemovedEndpointIsKept,
    UnreadyIsUsed,
    TerminatingIsUsedTooEarly,
    TerminatingIsNeverUsed,
    ExternalPolicyIsIgnored,
    InternalPolicyIsIgnored,
    SourceRangesAreIgnored,
    AffinityIsForgotten,
    UdpIsLostAtNodePorts,
    Ipv6IsNeverServed,
    LastEndpointIsNeverMet,
    DeletedServiceAnswers,
    FormerPortAnswers,
    OneNodeIsAStepLate,
    RestartLosesServices,
    ConfigurationIsNotFollowed,
    TypeIsNotFollowed,
)


def _seen_as(truly: Believed, conditions: Callable[[Backend], Conditions]) -> Believed:
    changed: Copies = {
        port: {at: tuple(replace(each, conditions=conditions(each)) for each in there) for at, there in of_port.items()}
        for port, of_port in truly.slices.items()
    }
    return replace(truly, slices=changed)


def _without_service(truly: Believed) -> Believed:
    return replace(truly, service=replace(truly.service, ports=()))


def _unmasked(world: World) -> World:
    return World(tuple(ServingNode(each.node, replace(each.proxy, masquerade_all=False)) for each in world.nodes))
