"""The course of one declared case: where it is, and what came of its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Event
from gauntlet.semantics.asked import Row
from gauntlet.semantics.frontends import Frontend
from gauntlet.semantics.objects import Service as Modelled
from gauntlet.workload.catalogue.plan import FrontendKey
from gauntlet.workload.catalogue.step import Step
from gauntlet.workload.changes import Declarations
from gauntlet.workload.service import IpFamilyPolicy, Service

LONGEST_NAME = 63


@dataclass(frozen=True)
class StepRecord:
    """One step: its rows, the attempts at them that count, and the rules that were read because of what they showed.

    `unasked` says by the number of a row why nobody asked it. `left_out` are rows that are to be refused and that have
    no place here: the kernels refuse a client only so often.
    """

    words: str
    rows: tuple[Row, ...]
    attempts: pl.DataFrame
    rules: Mapping[str, Sequence[str]]
    unasked: Mapping[int, str]
    left_out: int = 0


@dataclass
class Course:
    """`tag` sets the Services of a case apart from those of others. `trouble` ends it: nothing more is asked.

    `is_hopeless` is set once it was not obeyed at a deadline: nobody waits for it again.
    """

    key: str
    tag: str
    steps: tuple[Step, ...] = ()
    records: list[StepRecord] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    former: Mapping[FrontendKey, tuple[Modelled, Frontend]] = field(default_factory=dict)
    trouble: BaseException | None = None
    is_hopeless: bool = False

    def step(self, number: int) -> Step | None:
        """None if it has ended by then."""
        if self.trouble is not None or number >= len(self.steps):
            return None
        return self.steps[number]

    def is_over(self, number: int) -> bool:
        """Whether it came to its last step before this one."""
        return self.trouble is None and number >= len(self.steps)

    def declared(self, number: int, *, both_families: bool) -> Declarations:
        """What is to be there in a step, under the names that it has in the cluster."""
        step = self.step(number)
        if step is None:
            return {}
        again = self._asked_while_away(number)
        return {
            self._named(self._back(service) if service.name in again else service, both_families=both_families): of
            for service, of in step.services.items()
        }

    def name(self, service: str) -> str:
        """What a Service of the case is called in the cluster. One with a very long name keeps it."""
        tagged = f"{service}-{self.tag}"
        return tagged if len(tagged) <= LONGEST_NAME else service

    def refuse(self, refusals: Mapping[str, GauntletError], number: int) -> None:
        """End the course if one of its Services is among these."""
        step = self.step(number)
        names = [] if step is None else [self.name(service.name) for service in step.services]
        self.trouble = next((refusals[name] for name in names if name in refusals), self.trouble)

    def _asked_while_away(self, number: int) -> frozenset[str]:
        """Services that the step before did not have, though flows asked for them."""
        before = self.step(number - 1) if number else None
        if before is None:
            return frozenset()
        there = {service.name for service in before.services}
        return frozenset(flow.service for flow in before.flows) - there

    def _back(self, service: Service) -> Service:
        """The same at the addresses and NodePorts that it had last, unless it names others."""
        suffix = f"/{self.name(service.name)}"
        had = [(was, frontend) for was, frontend in self.former.values() if was.name.endswith(suffix)]
        if not had:
            return service
        last = had[-1][0]
        node_ports = {(each.port, str(each.protocol).lower()): each.node_port for each in last.ports}
        ports = tuple(
            replace(port, node_port=port.node_port or node_ports.get((port.number, str(port.protocol)), 0))
            for port in service.ports
        )
        keeps_ports = ports if service.has_node_ports else service.ports
        return replace(service, cluster_ips=service.cluster_ips or last.cluster_ips, ports=keeps_ports)

    def _named(self, service: Service, *, both_families: bool) -> Service:
        says_nothing = service.ip_family_policy is None and not service.ip_families and not service.external_name
        policy = IpFamilyPolicy.PREFER_DUAL_STACK if both_families and says_nothing else service.ip_family_policy
        return replace(service, name=self.name(service.name), ip_family_policy=policy)
