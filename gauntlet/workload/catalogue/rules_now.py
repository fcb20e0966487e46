"""The rules of nodes, read because of what a row showed: what they do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family
from gauntlet.proxy import rules
from gauntlet.proxy.rules.explanation import describe
from gauntlet.semantics.asked import Row


class RulesNow:
    """The rules of nodes as they are now, each node's read once."""

    def __init__(self, cluster: Cluster, modes: Mapping[str, ProxyMode]) -> None:
        self._cluster = cluster
        self._modes = modes
        self._read: dict[tuple[str, Family], rules.Forwarding | str] = {}

    def explain(self, rows: Sequence[Row]) -> dict[str, Sequence[str]]:
        """By node, what its rules do with the first of these rows that it decides."""
        made: dict[str, Sequence[str]] = {}
        for row in rows:
            for name in row.outcome.decided_by.split(", "):
                if name not in made:
                    made[name] = self._lines(name, row)
        return made

    def _lines(self, name: str, row: Row) -> Sequence[str]:
        family = row.frontend.family
        found = self._read.get((name, family))
        if found is None:
            try:
                found = rules.read(self._cluster.node(name), self._modes[name], family)
            except GauntletError as error:
                found = f"they could not be read: {error.what}"
            self._read[name, family] = found
        if isinstance(found, str):
            return (found,)
        return describe(name, found, row.frontend.address, row.frontend.number)
