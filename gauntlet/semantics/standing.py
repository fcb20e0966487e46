"""Standings: what the model expects at each row, in words that are the same in every cluster.

Addresses and ports that a cluster gave out are left out: two subjects, each on a cluster of its own, can be compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gauntlet.ground.family import Family
from gauntlet.semantics.asked import Row
from gauntlet.semantics.endpoints import Backend
from gauntlet.semantics.frontends import Kind
from gauntlet.semantics.outcomes import Answer, Outcome, SourceKind, in_words
from gauntlet.semantics.places import is_loopback

# What a cluster gives out; all else is what the case says.
_GIVEN = (Kind.CLUSTER_IP, Kind.LOAD_BALANCER)


@dataclass(frozen=True)
class Standing:
    """One row: who asks what in which step, what comes of it, and the names of the rules that decide (rules.Rule)."""

    step: str
    client: str
    frontend: str
    outcome: str
    rules: tuple[str, ...]

    @property
    def row(self) -> str:
        return f"'{self.step}', {self.client} at {self.frontend}"


@dataclass
class _Numbered:
    """Numbers what a cluster gave out, in the order in which it is met: the first of its kind is 1.

    So it does with flows of a step that ask the same from the same place: their ports are given out as well.
    """

    given: dict[tuple[str, Kind, Family, object], list[object]] = field(default_factory=dict)
    flows: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __call__(self, row: Row, of: object, what: object) -> str:
        known = self.given.setdefault((row.service, row.frontend.kind, row.frontend.family, of), [])
        if what not in known:
            known.append(what)
        return _nth(known.index(what) + 1)

    def flow(self, step: str, client: str, frontend: str) -> str:
        self.flows[step, client, frontend] += 1
        return _nth(self.flows[step, client, frontend])


def standings(
    steps: Sequence[tuple[str, Sequence[Row]]], names: Mapping[str, str], tag: str = ""
) -> Iterator[Standing]:
    """Of the steps of one case, by their words. `names` are those of pods and nodes, by their addresses.

    `tag` is what the names of the case's Services end in, in this cluster.
    """
    numbered = _Numbered()
    for words, rows in steps:
        for row in rows:
            client = _place(row)
            rules = tuple(rule.name for rule in row.outcome.rules)
            frontend = f"{_service(row, tag)} {_frontend(row, names, numbered)}"
            if row.flow:
                client = f"{row.flow} of {client}"
                client += numbered.flow(words, client, frontend)
            yield Standing(words, client, frontend, _words(row.outcome, names), rules)


def _nth(number: int) -> str:
    return "" if number == 1 else f" (number {number})"


def _place(row: Row) -> str:
    return str(row.place.where) if row.place.is_outside else f"{row.place.where} on {row.place.node}"


def _frontend(row: Row, names: Mapping[str, str], numbered: _Numbered) -> str:
    asked = row.frontend
    at = f"{asked.kind} ({asked.family})"
    if asked.kind is Kind.NODE_PORT:
        where = asked.address if is_loopback(asked.address) else names.get(asked.address, asked.address)
        at += f" of {where}{numbered(row, asked.port.port, asked.number)}"
    elif asked.kind in _GIVEN:
        at += numbered(row, "", asked.address)
    else:
        at += f" {asked.address}"
    return f"{at}, port {asked.port.port}/{asked.protocol}"


def _service(row: Row, tag: str) -> str:
    return row.service.partition("/")[2].removesuffix(f"-{tag}")


def _words(outcome: Outcome, names: Mapping[str, str]) -> str:
    """`answered by client-1:8080; which see the client's address; kept for 10 s`."""
    parts = [in_words(outcome.reactions, {_name(each, names) for each in outcome.backends})]
    lost = sorted({_name(each.backend, names) for each in outcome.answers if each.comes_back is False})
    parts += [f"answers of {', '.join(lost)} are lost"] if lost else []
    parts += _sights(outcome, names)
    parts += [f"kept for {outcome.affinity_timeout_s} s"] if outcome.affinity_timeout_s is not None else []
    return "; ".join(parts)


def _sights(outcome: Outcome, names: Mapping[str, str]) -> list[str]:
    """Which address the backends see."""
    by_sight: dict[str, set[str]] = {}
    for each in outcome.answers:
        by_sight.setdefault(_seen(each), set()).add(_name(each.backend, names))
    if len(by_sight) == 1:
        return [f"which see {sight}" for sight in by_sight]
    return sorted(f"{', '.join(sorted(who))} see {sight}" for sight, who in by_sight.items())


def _seen(answer: Answer) -> str:
    kinds = {
        f"{each.kind} {each.node}".rstrip() if each.kind is SourceKind.NODE else str(each.kind)
        for each in answer.sources
    }
    return " or ".join(sorted(kinds))


def _name(backend: Backend, names: Mapping[str, str]) -> str:
    known = names.get(backend.address)
    return str(backend) if known is None else f"{known}:{backend.port}"
