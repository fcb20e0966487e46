"""Each declared case asks something: what it declares can be made, and changes what the model expects."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator, Sequence

import pytest

from fixtures.catalogue_page import Case, cases
from gauntlet.ground.cluster import ProxyMode
from gauntlet.promises.support import unsupported
from gauntlet.semantics import Reaction
from gauntlet.semantics.outcomes import Outcome
from gauntlet.workload import Service, endpoints, unready
from gauntlet.workload.catalogue import Step, Steps
from tests.unit.catalogue.made_up import LISTENING, PODS, Row, tables

ALL = cases()
DECLARED = tuple(each for each in ALL if each.declared is not None)
MODES = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
# Both are shown at once, however a mode does it: a client cannot see whether a port is closed or nobody is there.
DEFINITE = frozenset({Reaction.ANSWERED, Reaction.REFUSED})


def steps_of(case: Case) -> Iterator[tuple[str, Steps]]:
    """What a case declares, once for each of its parameters."""
    assert case.declared is not None
    build = case.declared.steps
    named = [mark for mark in getattr(case.function, "pytestmark", []) if mark.name == "parametrize"]
    if not named:
        yield case.entry.name, build(PODS) if inspect.signature(build).parameters else build()
    for mark in named:
        name, values = mark.args[:2]
        for value in values:
            yield f"{case.entry.name}[{value}]", build(PODS, **{name: value})


NEEDS = {name: case.entry.needs for case in DECLARED for name, _ in steps_of(case)}
STEPS = {name: steps for case in DECLARED for name, steps in steps_of(case)}


RUN = [
    (name, mode)
    for name, needs in NEEDS.items()
    for mode in MODES
    if not any(unsupported(each, mode, "1.37") for each in needs)
]


@functools.cache
def tables_of(name: str, mode: ProxyMode) -> list[list[Row]]:
    return tables(STEPS[name], mode)


@pytest.mark.parametrize(("name", "mode"), RUN)
def test_each_step_expects_something_definite(name: str, mode: ProxyMode) -> None:
    """Somebody must be answered or refused in the case, and each step expects something else than the one before."""
    made = tables_of(name, mode)
    assert any(row.outcome.reactions <= DEFINITE for table in made for row in table), "nobody is answered or refused"
    for step, before, after in zip(STEPS[name][1:], made, made[1:], strict=False):
        assert differ(before, after) or kept(STEPS[name]), f"step '{step.words}' expects just what the one before did"


@pytest.mark.parametrize("name", STEPS)
def test_each_endpoint_that_is_to_answer_listens(name: str) -> None:
    """A backend that must answer is asked at a port that its pod has."""
    asked = {
        (each.backend.address, each.backend.port)
        for table in tables_of(name, ProxyMode.IPTABLES)
        for row in table
        for each in row.outcome.answers
    }
    assert asked <= LISTENING


@pytest.mark.parametrize("name", STEPS)
def test_each_step_has_words_of_its_own(name: str) -> None:
    words = [step.words for step in STEPS[name]]
    assert len(set(words)) == len(words)
    assert all(words)


def test_names_are_unique_in_the_catalogue() -> None:
    names = [case.entry.name for case in DECLARED]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.entry.name)
def test_a_case_is_a_sentence(case: Case) -> None:
    """Its docstring is one sentence or two, and a declared one names its source."""
    assert case.entry.sentence.endswith(".")
    assert case.declared is None or case.declared.source


def test_there_are_as_many_as_were_promised() -> None:
    assert len(STEPS) >= 100


def kept(steps: Steps) -> bool:
    """Whether the case is about flows that go on, which no table shows."""
    return any(step.flows for step in steps)


def differ(before: Sequence[Row], after: Sequence[Row]) -> bool:
    """Whether a row that was asked before is expected to fare otherwise, or a new one to fare definitely."""
    known = {row.key: seen(row.outcome) for row in before}
    return any(
        known[row.key] != seen(row.outcome) if row.key in known else row.outcome.reactions <= DEFINITE for row in after
    )


def seen(outcome: Outcome) -> tuple[object, ...]:
    """What a client and the backends may notice of an outcome."""
    answers = {(each.backend.address, each.backend.port, each.sources, each.comes_back) for each in outcome.answers}
    return outcome.reactions, frozenset(answers), outcome.affinity_timeout_s


SERVICE = Service("web", app=None)


def test_a_step_that_expects_what_the_one_before_did_is_found() -> None:
    first = Step("one", {SERVICE: endpoints(PODS[0])})
    alike = Step("another that is not ready", {SERVICE: endpoints(PODS[0], unready(PODS[1]))})
    other = Step("another", {SERVICE: endpoints(PODS[0], PODS[1])})
    assert not differ(*tables((first, alike), ProxyMode.NFTABLES))
    assert differ(*tables((first, other), ProxyMode.NFTABLES))


def test_a_case_in_which_nobody_is_answered_or_refused_is_found() -> None:
    left_alone = Service("web", app=None, labels={"service.kubernetes.io/service-proxy-name": "another"})
    (table,) = tables((Step("left alone", {left_alone: endpoints(PODS[0])}),), ProxyMode.IPTABLES)
    assert not any(row.outcome.reactions <= DEFINITE for row in table)


def test_an_endpoint_that_does_not_listen_is_found() -> None:
    (table,) = tables((Step("a host's pod", {SERVICE: endpoints(PODS.of_the_host[0])}),), ProxyMode.IPTABLES)
    asked = {(each.backend.address, each.backend.port) for row in table for each in row.outcome.answers}
    assert not asked <= LISTENING
