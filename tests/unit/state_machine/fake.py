"""A data plane that is made of the model: it does what the model says, unless it is given a bug."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gauntlet.checkers import truth
from gauntlet.checkers.observed import Names
from gauntlet.checkers.truth import Judged
from gauntlet.ground.cluster import HostKind, ProxyMode
from gauntlet.ground.family import BOTH, Family, first_of
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome as Seen
from gauntlet.semantics.asked import Effort, Row, enough_to_meet
from gauntlet.semantics.endpoints import Copies, copies
from gauntlet.semantics.objects import Service
from gauntlet.semantics.outcomes import Outcome, Reaction, Source, SourceKind
from gauntlet.semantics.places import Where, World
from gauntlet.workload.catalogue import Pods, effort
from gauntlet.workload.catalogue.plan import Planned, Wanted, plan
from gauntlet.workload.catalogue.questions import Asking, outcome
from gauntlet.workload.catalogue.step import Step
from gauntlet.workload.catalogue.surroundings import Asker, Surroundings
from gauntlet.workload.state_machine import Move, steps
from gauntlet.workload.state_machine.moves import Configuration
from gauntlet.workload.state_machine.moves import Sequence as Moves
from gauntlet.workload.state_machine.state import State, states
from gauntlet.workload.state_machine.trial import Trouble
from tests.unit.catalogue import made_up
from tests.unit.catalogue.asking import Client

NODES = made_up.NODES[:2]
PODS = Pods(tuple(each for each in made_up.PODS.all if each.node in {node.name for node in NODES}))
NAMES = Names({each.name: each.addresses for each in PODS.all})
_ASKERS = (
    *(Asker(Client(each.name, HostKind.POD, each.node, each.addresses), Where.POD) for each in PODS.one_each),  # type: ignore[arg-type]
    *(Asker(Client(each.name, HostKind.NODE, each.name, each.addresses), Where.NODE) for each in NODES),  # type: ignore[arg-type]
    Asker(Client("outside", HostKind.OUTSIDE, None, tuple(made_up.OUTSIDE.values())), Where.OUTSIDE),  # type: ignore[arg-type]
)
_BY_NAME = {each.host.name: each for each in _ASKERS}
_OUTCOMES = {
    Reaction.ANSWERED: Seen.OK,
    Reaction.REFUSED: Seen.REFUSED,
    Reaction.SWALLOWED: Seen.TIMEOUT,
    Reaction.UNANSWERED: Seen.UNREACHABLE,
}


@dataclass(frozen=True)
class Believed:
    """What the kube-proxy that decides a row takes for true: the Service, all endpoints, and the nodes."""

    service: Service
    slices: Copies
    world: World


@dataclass(frozen=True)
class Moment:
    """What the API has after a step, and the moves that led there."""

    services: Mapping[str, Service]
    slices: Copies
    world: World
    moves: tuple[Move, ...] = ()


@dataclass
class Bug:
    """Does nothing wrong. Others say what they take for true instead, which `past` (this step last) may tell."""

    past: list[Moment] = field(default_factory=list)
    # Those that are asked.
    families: ClassVar[tuple[Family, ...]] = (Family.IPV4,)

    def believes(self, truly: Believed, row: Row) -> Believed:
        return truly


def attempt(mode: ProxyMode, bug: Bug, sequence: Moves) -> Trouble | None:
    """Take the sequence to its end, or to the first step that the checkers do not let pass."""
    given = made_up.Given()
    before: Planned | None = None
    taken = zip(sequence, steps(sequence, PODS), states(sequence), strict=True)
    for number, (moves, step, state) in enumerate(taken):
        around = surroundings(mode, state, bug.families)
        now = _moment(given, step, around.world, moves)
        bug.past.append(now)
        former = {} if before is None else before.had["case"]
        wanted = [Wanted("case", step.asks, tuple(now.services.values()), former)]
        before = plan(wanted, now.slices, frozenset(), around, 1)
        judged = Judged(step.words, before.rows, _attempts(before.rows, bug, now, around), NAMES, around.own)
        wrong = [each for each in truth.findings([judged]) if each.verdict is not Verdict.PASS]
        # A step without any Service asks nothing.
        if before.rows and wrong:
            return Trouble(number, tuple(line for each in wrong for line in (each.reason, *each.details)))
    return None


def surroundings(mode: ProxyMode, state: State, families: tuple[Family, ...]) -> Surroundings:
    serving = tuple(each for each in made_up.world(mode).nodes if each.node in NODES)
    is_all = state.configuration is Configuration.MASQUERADE_ALL
    world = World(tuple(replace(each, proxy=replace(each.proxy, masquerade_all=is_all)) for each in serving))
    own = {each.name: frozenset(each.addresses) for each in NODES}
    return Surroundings(world, _ASKERS, own, {each.name: mode for each in NODES}, families, nobody_else=True)


def _moment(given: made_up.Given, step: Step, world: World, moves: tuple[Move, ...]) -> Moment:
    services = [given.service(made_up.dual(each)) for each in step.services]
    found = copies(each for service in step.services for each in made_up.slices_in(step, service))
    return Moment({each.name: each for each in services}, found, world, moves)


def _attempts(rows: Sequence[Row], bug: Bug, now: Moment, around: Surroundings) -> pl.DataFrame:
    made: list[tuple[int, str, str | None, str | None, str | None]] = []
    for row in rows:
        truly = Believed(_service(row, now), now.slices, now.world)
        believed = bug.believes(truly, row)
        made += _of_row(row, row.outcome if believed == truly else _outcome(row, believed, around), around)
    schema = {
        "row": pl.Int64,
        "outcome": pl.String,
        "backend": pl.String,
        "seen_source_ip": pl.String,
        "error": pl.String,
    }
    return pl.DataFrame(made, schema, orient="row")


def _service(row: Row, now: Moment) -> Service:
    return now.services.get(row.service) or Service(row.service, ())


def _outcome(row: Row, believed: Believed, around: Surroundings) -> Outcome:
    asking = Asking(_BY_NAME[row.client], row.place, row.frontend)
    found = outcome(believed.service, believed.slices, asking, replace(around, world=believed.world))
    assert found is not None
    return found


def _of_row(row: Row, does: Outcome, around: Surroundings) -> list[tuple[int, str, str | None, str | None, str | None]]:
    """As many attempts as the engine makes. One backend after the other, or always one if the Service has affinity."""
    reaction = Reaction.ANSWERED if Reaction.ANSWERED in does.reactions else min(does.reactions)
    if reaction is not Reaction.ANSWERED:
        return [(row.number, str(_OUTCOMES[reaction]), None, None, None)]
    answers = [each for each in does.answers if each.comes_back is not False]
    if does.affinity_timeout_s is not None:
        answers = answers[:1]
    count = effort.first(row)
    if row.effort is Effort.EVERY_BACKEND and len(answers) < effort.backends(row):
        count = enough_to_meet(effort.backends(row))
    made: list[tuple[int, str, str | None, str | None, str | None]] = []
    for number in range(count):
        answer = answers[number % len(answers)]
        address = _source(min(answer.sources, key=lambda each: each.kind), row, around)
        name = next(name for name, known in NAMES.addresses.items() if answer.backend.address in known)
        made.append((row.number, str(Seen.OK), name, address, None))
    return made


def _source(of: Source, row: Row, around: Surroundings) -> str:
    if of.kind is SourceKind.CLIENT:
        return row.place.address
    if of.kind is SourceKind.FRONTEND:
        return row.frontend.address
    return first_of(row.frontend.family, tuple(sorted(around.own[of.node])))


class Sound(Bug):
    """As the model says, in both families."""

    families = BOTH
