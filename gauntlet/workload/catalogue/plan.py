"""The plan of a step: the rows of the tables of all cases, out of what the API has. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gauntlet.semantics.asked import Effort, Row
from gauntlet.semantics.endpoints import Copies
from gauntlet.semantics.frontends import Frontend, Kind
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Outcome
from gauntlet.semantics.places import Where, is_loopback
from gauntlet.workload.catalogue.questions import Asking, askings, besides, key, outcome, own_frontends, wanted
from gauntlet.workload.catalogue.step import Asks
from gauntlet.workload.catalogue.surroundings import Surroundings

FrontendKey = tuple[str, int, str]


@dataclass(frozen=True)
class Wanted:
    """A case in one step: its Services as the API has them, and those frontends that they had before."""

    case: str
    asks: Asks
    services: tuple[Service, ...]
    former: Mapping[FrontendKey, tuple[Service, Frontend]]


@dataclass(frozen=True)
class Planned:
    """`rows` by the number of the row, whose case is `case_of` it. `unsaid` are questions that nobody answers."""

    rows: tuple[Row, ...]
    case_of: Mapping[int, str]
    had: Mapping[str, Mapping[FrontendKey, tuple[Service, Frontend]]]
    unsaid: Mapping[str, int]


def plan(
    cases: Sequence[Wanted], found: Copies, taken: frozenset[FrontendKey], around: Surroundings, first: int
) -> Planned:
    """All rows, numbered from `first` on. `taken` are the frontends of all Services that there are in the cluster."""
    rows: list[Row] = []
    case_of: dict[int, str] = {}
    had: dict[str, Mapping[FrontendKey, tuple[Service, Frontend]]] = {}
    unsaid: dict[str, int] = {}
    for each in cases:
        now = {
            key(frontend): (service, frontend)
            for service in each.services
            for frontend in own_frontends(service, around)
        }
        had[each.case] = {**each.former, **now}
        for service, asking in _questions(each, now, taken, around):
            said = outcome(service, found, asking, around)
            if said is None:
                unsaid[each.case] = unsaid.get(each.case, 0) + 1
                continue
            number = first + len(rows)
            case_of[number] = each.case
            rows.append(
                Row(
                    number,
                    asking.asker.host.name,
                    asking.place,
                    service.name,
                    asking.frontend,
                    said,
                    effort(service, asking, said),
                )
            )
    return Planned(tuple(rows), case_of, had, unsaid)


def _questions(
    of: Wanted, now: Mapping[FrontendKey, tuple[Service, Frontend]], taken: frozenset[FrontendKey], around: Surroundings
) -> Iterator[tuple[Service, Asking]]:
    by_name = {service.name: service for service in of.services}
    for service in of.services:
        asked = wanted(own_frontends(service, around), of.asks)
        for also in of.asks.also:
            asked += besides(service, also, around)
        yield from ((service, each) for each in askings(tuple(dict.fromkeys(asked)), of.asks, around))
    for at, (service, frontend) in of.former.items():
        # What another Service was given since is that one's.
        if at in now or at in taken:
            continue
        # As it is now; of one that is gone nothing is left.
        still = by_name.get(service.name, replace(service, ports=()))
        yield from ((still, each) for each in askings(wanted((frontend,), of.asks), of.asks, around))


def effort(service: Service, asking: Asking, said: Outcome) -> Effort:
    """Who asks long enough to meet every backend, or to stay with one: pods at what they alone ask, nodes at their
    loopback, outside at all others.

    Rules are a node's, and its clients meet the same; other rows show that they lead there. At a load balancer IP any
    node may meet the client outside, and each has a memory of its own: with affinity, pods ask there.
    """
    kind, where, is_sticky = asking.frontend.kind, asking.asker.where, service.affinity_timeout_s is not None
    of_pods = kind in (Kind.CLUSTER_IP, Kind.EXTERNAL_IP) or (is_sticky and kind is Kind.LOAD_BALANCER)
    telling = Where.POD if of_pods else Where.OUTSIDE
    if not (where is telling or is_loopback(asking.frontend.address)) or not said.answers:
        return Effort.ANSWERS
    return Effort.ONE_BACKEND if is_sticky else Effort.EVERY_BACKEND
