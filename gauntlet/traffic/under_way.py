"""Flows of several clients that go on while something is done, as evidence of a case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from gauntlet.ground.cluster import Host
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow
from gauntlet.ground.waiting import until
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.flow import Flow, Traffic
from gauntlet.traffic.load import Load

_GRACE_S = 10.0


def await_attempts(flows: Sequence[Flow], count: int, *, what: str, deadline_s: float) -> None:
    """Wait until each flow has made so many more attempts. Raises NotInTime, which says `what` did not come."""
    wanted = [(flow, flow.count() + count) for flow in flows]
    until(lambda: all(flow.count() >= many for flow, many in wanted), what=what, deadline_s=deadline_s)


@dataclass(frozen=True)
class UnderWay:
    """Flows, one for each client and load."""

    flows: tuple[Flow, ...]
    evidence: Evidence

    @property
    def declared(self) -> tuple[DeclaredFlow, ...]:
        return tuple(flow.declared for flow in self.flows)

    def await_attempts(self, count: int) -> None:
        """Wait until each flow has made so many more. Raises NotInTime if one falls behind its own rate."""
        longest_s = max(count / (flow.load.rate_per_s or 1.0) for flow in self.flows)
        await_attempts(self.flows, count, what=f"each flow makes {count} attempts", deadline_s=longest_s + _GRACE_S)

    def stop(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
        """End them all together. Their attempts (ATTEMPTS schema), which are evidence from then on.

        `backend_nodes` says which node each backend is on. Raises Inconclusive as Flow.stop does.
        """
        for flow in self.flows:
            flow.ask_to_stop()
        return self.evidence.add(pl.concat(flow.stop(backend_nodes) for flow in self.flows))


@contextmanager
def under_way(
    traffic: Traffic, evidence: Evidence, wanted: Iterable[tuple[Host, Load]], backend_nodes: Mapping[str, str]
) -> Iterator[UnderWay]:
    """Start these loads of these clients. If the context ends by an error, what they attempted until then is kept."""
    flows: list[Flow] = []
    with ExitStack() as stack:
        stack.enter_context(evidence.unfinished(flows, backend_nodes))
        for client, load in wanted:
            flows.append(stack.enter_context(traffic.start(client, load)))
        yield UnderWay(tuple(flows), evidence)
