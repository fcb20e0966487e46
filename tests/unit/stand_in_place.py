"""A host as far as a flow knows it: where it is."""

from __future__ import annotations

from dataclasses import dataclass

from gauntlet.ground.family import Addressed


@dataclass(frozen=True)
class Place(Addressed):
    """`node` is the one that it is on; None outside."""

    name: str
    node: str | None
    addresses: tuple[str, ...] = ()
