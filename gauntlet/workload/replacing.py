"""All backends of some Services are replaced, one after the other or at once, while their clients go on asking."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeAlias

from gauntlet.ground.cluster import Host
from gauntlet.ground.family import Family
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, DeclaredFlow, Event, EventKind, Protocol
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.under_way import under_way
from gauntlet.workload.backend import APP, Backend
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.clients import Clients
from gauntlet.workload.served import Backends, Served
from gauntlet.workload.service import HTTP, UDP, Service

# How long a backend serves on after it was deleted: enough for every kube-proxy to have learnt of it, which took up to
# 1.7 s on two cores at a load of 20 (slos/default.yaml). A guest takes seconds for a sync.
SERVES_ON_S, ON_GUESTS_S = 4, 15
# Of the flows of one client to one frontend of each Service, together.
RATE_PER_S = 10.0
UDP_TIMEOUT_S = 0.3
# kube-proxy writes its rules once a second, and deletes what conntrack has of a backend after that: flows were silent
# for up to 2.0 s after their backend had gone and slices knew it, on two cores at a load of 8, and once for longer
# (docs/soak.md). One that leads to nobody stays silent. How late rules are is told by other cases.
LOST_AFTER_S = 4.0
# Longer than that. Whatever is waited for meanwhile is watched as well.
WATCHED_ON_S = LOST_AFTER_S + 1.5

# Who uses the backends: by which policy, and in which IP family.
User: TypeAlias = tuple[Policy, Family]
# What replaces the backends of Services: the new ones, and when each old one began to leave, and was deleted, in ns.
Act: TypeAlias = Callable[[Sequence[Served]], tuple[Backends, Mapping[str, int], Mapping[str, int]]]


@dataclass(frozen=True)
class Replaced:
    """Backends of a Service that were replaced. `seen` are all attempts at it meanwhile, of all `flows`.

    `leaving` says since when each of the former ones was to get nothing new, `ended` until when it served at least,
    `forgotten` when no slice had it any more, all in ns.
    """

    service: Served
    everyone: Backends
    new: Backends
    leaving: Mapping[str, int]
    ended: Mapping[str, int]
    forgotten: Mapping[str, int]
    flows: tuple[DeclaredFlow, ...]
    seen: pl.DataFrame

    @property
    def known_too_long_s(self) -> float:
        """How long, at most, slices had a backend that served no more: the controllers' time, not kube-proxy's."""
        return known_too_long_ns(self.ended, self.forgotten) / 1e9


@dataclass(frozen=True)
class Replacing:
    """Serves Services with a backend on each node, and replaces each by another on the same node, under traffic.

    Each user has a Service of its own; all of them have the same backends. One serves on for `serves_on_s` when it is
    deleted. Raises NotInTime if a pod does not come or go.
    """

    workload: CaseWorkload
    traffic: Traffic
    clients: Clients
    evidence: Evidence
    serves_on_s: int

    def one_by_one(self, *users: User) -> tuple[Replaced, ...]:
        """As a Deployment does with maxSurge 1 and maxUnavailable 0: each is deleted when one more is ready."""
        old = self._run("old", APP)

        def replace_each(_: Sequence[Served]) -> tuple[Backends, Mapping[str, int], Mapping[str, int]]:
            leaving: dict[str, int] = {}
            new = Backends(())
            for number, each in enumerate(old.all, start=1):
                one_more = self.workload.run(self._backend("new", APP, number, each.node))
                new = Backends((*new.all, *one_more.all))
                leaving[each.name] = self._delete(each.name)
            return new, leaving, leaving

        return self._under_traffic([_service(APP, *user) for user in users], old, replace_each)

    def by_selector(self, *users: User) -> tuple[Replaced, ...]:
        """Blue and green: the Services select the others, and those that they had are deleted once nodes obey."""
        blue, green = self._run("blue", "blue"), self._run("green", "green")

        def select(services: Sequence[Served]) -> tuple[Backends, Mapping[str, int], Mapping[str, int]]:
            at_ns = time.time_ns()
            changed = [self.workload.change(each, replace(each.declared, app="green")) for each in services]
            self.workload.wait_all_endpoints(changed, green)
            deleted = {each.name: self._delete(each.name) for each in blue.all}
            return green, {each.name: at_ns for each in blue.all}, deleted

        return self._under_traffic([_service("blue", *user) for user in users], blue, select)

    def _under_traffic(self, wanted: Sequence[Service], old: Backends, act: Act) -> tuple[Replaced, ...]:
        services = self.workload.serve_all(wanted)
        loads = [each for service in services for each in self._loads(service, RATE_PER_S / len(services))]
        with under_way(self.traffic, self.evidence, loads, old.nodes) as flows:
            new, leaving, deleted = act(services)
            self.workload.wait_all_endpoints(services, new)
            with ThreadPoolExecutor(len(services)) as pool:
                forgotten = list(pool.map(lambda each: self.workload.wait_forgotten(each, old), services))
            ended = {name: at_ns + self.serves_on_s * 10**9 for name, at_ns in deleted.items()}
            self.workload.wait_all(services, len(new.all))
            gone_ns = max(ended.values()) + max(known_too_long_ns(ended, each) for each in forgotten)
            time.sleep(max(0.0, gone_ns / 1e9 + WATCHED_ON_S - time.time()))
            everyone = Backends((*old.all, *new.all))
            seen = flows.stop(everyone.nodes)
        return tuple(
            Replaced(
                service=each,
                everyone=everyone,
                new=new,
                leaving=leaving,
                ended=ended,
                forgotten=gone,
                flows=tuple(flow for flow in flows.declared if flow.service == each.name),
                seen=seen.filter(pl.col("service") == each.name),
            )
            for each, gone in zip(services, forgotten, strict=True)
        )

    def _run(self, name: str, app: str) -> Backends:
        nodes = enumerate(self.workload.nodes, start=1)
        return self.workload.run(*(self._backend(name, app, number, node) for number, node in nodes))

    def _backend(self, name: str, app: str, number: int, node: str) -> Backend:
        return Backend(f"{name}-{number}", node, app, serves_on_s=self.serves_on_s)

    def _delete(self, name: str) -> int:
        """When it was asked for, in ns."""
        at_ns = time.time_ns()
        self.evidence.events.write(Event(EventKind.ENDPOINT_CHANGED, name, detail="deleted, serves on", at_ns=at_ns))
        self.workload.delete_backend(name)
        return at_ns

    def _loads(self, service: Served, rate_per_s: float) -> Iterator[tuple[Host, Load]]:
        """New and kept ones, over TCP and UDP, from each place where the Service is used."""
        for protocol in (Protocol.TCP, Protocol.UDP):
            for client, target in self._asked(service, protocol):
                yield client, Load(target, rate_per_s=rate_per_s)
                # A datagram that is waited for in vain holds its flow: how long that was silent is known so exactly.
                timeout_s = UDP_TIMEOUT_S if protocol is Protocol.UDP else 1.0
                kept = Load(target, users=1, rate_per_s=rate_per_s, connection=Connection.KEPT, timeout_s=timeout_s)
                yield client, kept

    def _asked(self, service: Served, protocol: Protocol) -> Iterator[tuple[Host, Target]]:
        for pod in self.clients.pods:
            yield pod, service.cluster_ip(protocol)
        for node in self.clients.nodes:
            yield self.clients.outside, service.node_port(node, protocol)
        yield self.clients.outside, service.load_balancer(protocol)


def known_too_long_ns(ended: Mapping[str, int], forgotten: Mapping[str, int]) -> int:
    """How long slices had a backend, at most, that served no more; by when each ended and was forgotten, in ns."""
    return max(0, *(forgotten[name] - at_ns for name, at_ns in ended.items()))


def _service(app: str, policy: Policy, family: Family) -> Service:
    return Service(
        f"{policy}-{family}".lower(),
        ports=(HTTP, UDP),
        type=ServiceType.LOAD_BALANCER,
        app=app,
        external_traffic=policy,
        ip_families=(family,),
    )
