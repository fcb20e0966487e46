"""Who lost what, for how long, at which node, and what happened there at that time: pure functions of the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.checkers.outage import outages
from gauntlet.checkers.sample import NANO, OUTSIDE, by_flow, end_ns, failed
from gauntlet.checkers.spells import Spell
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, Frontend, History
from gauntlet.upgrade.watch.sightings import AWAY

# What happens within so long of a loss stands beside it: a neighbour in time, not a proof of the cause.
_NEAR_S = 60.0
_NOT_BESIDE = (
    EventKind.PHASE_STARTED,
    EventKind.PHASE_ENDED,
    EventKind.CLIENT_CAME,
    EventKind.CLIENT_LEFT,
    EventKind.ENDPOINT_CHANGED,
    EventKind.COMMAND_ENDED,
)


@dataclass(frozen=True)
class Loss:
    """One outage of one flow. `node` is the client's, or that whose address was asked from outside; else `outside`.

    `what` is the kind of connection and the frontend, `beside` what happened at the node at that time; may be empty.
    """

    node: str
    client: str
    what: str
    spell: Spell
    beside: str

    def line(self, origin_ns: int) -> str:
        spell = self.spell
        after_s = (spell.first_ns - origin_ns) / NANO
        end = "" if spell.over else ", not over at the end"
        beside = f"; {self.beside}" if self.beside else "; nothing was seen to happen there"
        return (
            f"{self.node}: {self.client}, {self.what}: {spell.length_s:.2f} s (+/- {spell.resolution_s:.2f} s) from"
            f" {after_s:+.1f} s, {spell.hurt} attempts{end}{beside}"
        )


def losses(part: History, hold_s: float, addresses: Mapping[str, str]) -> tuple[Loss, ...]:
    """Every outage of every flow, the longest first. `addresses` says which node has an address."""
    stops = sorted(part.events.filter(pl.col("kind") == str(EventKind.PROXY_STOPPED))["at_ns"])
    flows = dict(by_flow(part.attempts.filter(failed())))
    found = []
    for each in outages(part.attempts, hold_s=hold_s, deeds_ns=stops):
        row = flows[each.flow].row(0, named=True)
        node = _node(row, addresses)
        what = f"{row['connection']} {str(row['protocol']).upper()} by {str(row['frontend']).replace('_', ' ')}"
        found.append(Loss(node, str(row["client"]), what, each.spell, beside(part.events, node, each.spell)))
    return tuple(found)


def _node(row: Mapping[str, object], addresses: Mapping[str, str]) -> str:
    if row["client_node"] is not None:
        return str(row["client_node"])
    if row["frontend"] == str(Frontend.NODE_PORT):
        return addresses.get(str(row["address"]), OUTSIDE)
    return OUTSIDE


def beside(events: pl.DataFrame, node: str, spell: Spell) -> str:
    """The event nearest to the beginning of a loss: at its node, or else the start of the command. May be empty."""
    told = events.filter(~pl.col("kind").is_in([str(kind) for kind in _NOT_BESIDE]))
    mine = told.filter(pl.col("node") == node) if node != OUTSIDE else told
    commands = told.filter(pl.col("kind") == str(EventKind.COMMAND_STARTED))
    for choice in (mine, commands):
        near = choice.with_columns(off=(pl.col("at_ns") - spell.first_ns).abs()).filter(pl.col("off") <= _NEAR_S * NANO)
        if near.height:
            row = near.sort("off").row(0, named=True)
            off_s = (row["at_ns"] - spell.first_ns) / NANO
            when = f"{abs(off_s):.1f} s {'later' if off_s > 0 else 'before'}"
            at = f" on {row['node']}" if row["node"] and node == OUTSIDE else ""
            return f"{str(row['kind']).replace('_', ' ')}{at} {when}"
    return ""


def gone_with_nodes(history: History, nodes: Mapping[str, str], gone: Mapping[str, int]) -> dict[str, int]:
    """When each backend began to go (`gone`), those of nodes that went away among them: with its last answer before.

    That a node is away is seen long after it is, so it is told by the last answer that anybody got of the backend.
    `nodes` says on which node each backend is.
    """
    found = dict(gone)
    away = history.events.filter(pl.col("kind").is_in([str(kind) for kind in AWAY]))
    for node, at_ns in away.select("node", "at_ns").iter_rows():
        for backend in [name for name, its in nodes.items() if its == node]:
            answers = history.attempts.filter(~failed() & (pl.col("backend") == backend) & (end_ns() <= at_ns))
            last = answers.select(end_ns().max()).item() if answers.height else at_ns
            found[backend] = min(found.get(backend, last), last)
    return found


def lost_by_client(part: History, found: Sequence[Loss]) -> tuple[tuple[str, str, int, int, float], ...]:
    """For each client its node, attempts made and failed, and its longest outage in seconds; the worst first."""
    rows = []
    for (client, node), mine in part.attempts.group_by(["client", "client_node"]):
        longest_s = max((each.spell.length_s for each in found if each.client == client), default=0.0)
        rows.append((str(client), str(node or OUTSIDE), mine.height, mine.filter(failed()).height, longest_s))
    return tuple(sorted(rows, key=lambda row: (-row[4], -row[3], row[0])))
