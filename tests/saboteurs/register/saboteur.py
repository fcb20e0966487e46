"""The words Saboteur, Catch and Beside: what a saboteur imitates, and by which cases it has to be caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gauntlet.ground.cluster import ProxyMode
from gauntlet.report.results import Results

HOST_KERNEL = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)


@dataclass(frozen=True)
class Catch:
    """A case that names the bug: it fails by this check in each mode of `modes`; every time.

    `case` is pytest's node id without the subject; without parameters, all of the case's variants are meant.
    """

    case: str
    check: str
    modes: tuple[ProxyMode, ...] = tuple(ProxyMode)


@dataclass(frozen=True)
class Beside:
    """What may fail as well, by this check ("" for any), and why that has to do with the bug."""

    case: str
    check: str
    because: str


@dataclass(frozen=True)
class Saboteur:
    """`name` is `<class>-<bug>`, `imitates` one sentence on the bug.

    `witnesses` are cases of other things, which have to pass beside it. `also` reads the results of a run and complains
    of what the verdicts do not show, a sentence each.
    """

    name: str
    imitates: str
    catches: tuple[Catch, ...]
    witnesses: tuple[str, ...]
    beside: tuple[Beside, ...] = ()
    modes: tuple[ProxyMode, ...] = HOST_KERNEL
    also: Callable[[Results], list[str]] = lambda results: []

    @property
    def kind(self) -> str:
        """Its class: `weights`."""
        return self.name.partition("-")[0]

    @property
    def chosen(self) -> tuple[str, ...]:
        """The cases of its run, as pytest is given them: all variants of each."""
        named = (*(each.case for each in self.catches), *self.witnesses)
        return tuple(dict.fromkeys(case.partition("[")[0] for case in named))


def is_of(case: str, named: str) -> bool:
    """Whether this case is the named one, or a variant of it."""
    return case == named or case.startswith(f"{named}[")
