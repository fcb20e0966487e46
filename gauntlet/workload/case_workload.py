"""The workload of one case: its backends and its Services, and the wait until every node obeys them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gauntlet.ground.history import Event, EventKind, EventLog
from gauntlet.kube.api import Api
from gauntlet.workload.backend import Backend, Readiness, one_on_each
from gauntlet.workload.changes import Declarations
from gauntlet.workload.effect import Effect
from gauntlet.workload.endpoints import Endpoint, Slice
from gauntlet.workload.readiness import Switch, switch
from gauntlet.workload.served import Backends, RunningBackend, Served
from gauntlet.workload.service import Service
from gauntlet.workload.workload import Workload, in_families


class CaseWorkload:
    """The workload of one case. Services are in effect on every node when `serve` returns.

    If they are not at the deadline, an event says what was not; the attempts that the case makes next are judged.
    """

    def __init__(self, api: Api, workload: Workload, effect: Effect, nodes: tuple[str, ...], events: EventLog) -> None:
        self.api = api
        self._events = events
        self.effect = effect
        self.nodes = nodes
        self._workload = workload

    @property
    def namespace(self) -> str:
        return self._workload.namespace

    def in_namespace(self, name: str) -> CaseWorkload:
        """The same in another namespace, which is there."""
        return CaseWorkload(self.api, Workload(self.api, name), self.effect, self.nodes, self._events)

    def run(self, *backends: Backend) -> Backends:
        """Start these backends and wait until they run (and are ready, unless the case switches that)."""
        return self._workload.run(*backends)

    def run_on_each_node(self, *, readiness: Readiness = Readiness.SERVES) -> Backends:
        """One backend on each node."""
        return self.run(*one_on_each(self.nodes, readiness=readiness))

    def delete_backend(self, name: str) -> None:
        """Delete a backend's pod, and return at once."""
        self._workload.delete_backend(name)

    def wait_forgotten(self, served: Served, backends: Backends) -> Mapping[str, int]:
        """Wait until the slices hold none of these backends. Returns when each was seen to be gone, by name, in ns."""
        addresses = {each.name: in_families(served.families, (each.addresses,)) for each in backends.all}
        when = self._workload.wait_forgotten(served.declared, frozenset().union(*addresses.values()))
        return {name: max(when[address] for address in of_one) for name, of_one in addresses.items()}

    def serve(self, service: Service) -> Served:
        """Create a Service and return when every node obeys it (or the deadline for that is over)."""
        return self.serve_all([service])[0]

    def serve_all(self, services: Sequence[Service]) -> tuple[Served, ...]:
        """Create several Services at once, and return when every node obeys all of them."""
        created = self._workload.serve_all(services)
        ready = {app: len(self._workload.ready_addresses(app)) for app in {each.app for each in services} if app}
        asked = [
            question
            for served in created
            if not served.declared.headless
            for question in self.effect.questions(served, ready.get(served.declared.app or "", 0))
        ]
        if asked and not self.effect.until(asked):
            self._note_missing(created)
        return created

    def make(self, service: Service) -> Served:
        """Create a Service, and return when its slices name every ready backend, whether nodes obey it or not."""
        return self._workload.serve(service)

    def serve_endpoints(self, service: Service, endpoints: Sequence[Endpoint]) -> Served:
        """Create a Service without a selector, with these endpoints, and return when every node obeys it."""
        return self.serve_all_endpoints({service: endpoints})[0]

    def serve_all_endpoints(self, wanted: Mapping[Service, Sequence[Endpoint]]) -> tuple[Served, ...]:
        """`serve_endpoints` for several Services at once."""
        created = tuple(self._workload.serve_endpoints(service, endpoints) for service, endpoints in wanted.items())
        asked = [
            question for served in created for question in self.effect.questions(served, len(wanted[served.declared]))
        ]
        if not self.effect.until(asked):
            self._note_missing(created)
        return created

    def make_slices(self, service: Service, slices: Sequence[Slice]) -> Served:
        """Create a Service without a selector, with these slices, and return when it has its addresses."""
        return self._workload.serve_endpoints(service, slices)

    def serve_many(self, services: Sequence[Service], endpoints: Sequence[Endpoint]) -> tuple[Served, ...]:
        """Create Services without selectors by the thousand, each with these endpoints. Does not wait for effect."""
        return self._workload.serve_many(services, endpoints)

    def replace_endpoints(self, served: Served, endpoints: Sequence[Endpoint] | Sequence[Slice]) -> None:
        """Give a Service without a selector other endpoints, and return as soon as the API has them."""
        self._workload.replace_endpoints(served.declared, endpoints)

    def make_with_endpoints(self, service: Service, endpoints: Sequence[Endpoint]) -> None:
        """Create a Service without a selector, and return as soon as the API has it."""
        self._workload.make_with_endpoints(service, endpoints)

    def delete_with_endpoints(self, service: Service) -> None:
        """Delete a Service without a selector, and return as soon as the API has no more of it."""
        self._workload.delete_with_endpoints(service)

    def become(self, previous: Declarations, wanted: Declarations) -> None:
        """Make, change and delete what differs of these, and return as soon as the API has it.

        Raises ManifestRefused, ApiUnreachable.
        """
        for refusal in self._workload.apply(previous, wanted).values():
            raise refusal

    def change(self, served: Served, wanted: Service) -> Served:
        """Make another one of a Service with a selector, at the addresses it has; returns as soon as the API has it."""
        self._workload.change(served.declared, wanted)
        return replace(served, declared=wanted)

    def delete(self, service: Service) -> None:
        """Delete a Service with a selector, and return as soon as the API has it no more."""
        self._workload.delete_service(service.name)

    def wait_endpoints(self, served: Served, backends: Backends) -> bool:
        """Wait until the slices hold exactly these backends, then until every node obeys."""
        return self.wait_all_endpoints([served], backends)

    def wait_all_endpoints(self, services: Sequence[Served], backends: Backends) -> bool:
        """The same for several Services at once."""
        for each in services:
            wanted = in_families(each.families, (backend.addresses for backend in backends.all))
            self._workload.wait_endpoints(each.declared, wanted)
        return self.wait_all(services, len(backends.all))

    def wait(self, served: Served, backends: int) -> bool:
        """Wait until every node sends the Service to exactly so many backends, or the deadline for that is over."""
        return self.wait_all([served], backends)

    def wait_all(self, services: Sequence[Served], backends: int) -> bool:
        """The same for several Services at once, with one deadline."""
        asked = [question for each in services for question in self.effect.questions(each, backends)]
        obeyed = self.effect.until(asked)
        if not obeyed:
            self._note_missing(services)
        return obeyed

    def _note_missing(self, services: Sequence[Served]) -> None:
        names = ", ".join(service.name for service in services)
        self._events.write(Event(EventKind.NOT_IN_EFFECT, names, detail="; ".join(self.effect.missing)))

    def slice_addresses(self, served: Served) -> frozenset[str]:
        """Addresses of the ready endpoints in the slices of a Service."""
        return self._workload.slice_addresses(served.declared)

    def switch(self, backend: RunningBackend, readiness: Readiness) -> Switch:
        """What makes this backend, declared with FILE or GATE, ready and unready."""
        return switch(self.api, backend, readiness)
