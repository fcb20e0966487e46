"""The lines of an upgrade's timeline: attempts by who asks what in which way, and what each node ran when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.checkers.outage import outages
from gauntlet.checkers.sample import failed
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind, History
from gauntlet.report.binning import Axis

# More than these are one line: of the healthiest.
MOST_LINES = 16
FRONTENDS = {
    "cluster_ip": "cluster IP",
    "node_port": "NodePort",
    "load_balancer": "load balancer",
    "external_ip": "external IP",
    "headless": "headless",
    "dns": "DNS",
}
_KEY = ("who", "frontend", "service", "protocol", "connection")


@dataclass(frozen=True)
class Hurt:
    """A stretch in which at least one flow of a line was out: its ends, and the longest outage in it."""

    start_s: float
    end_s: float
    longest_s: float


@dataclass(frozen=True)
class Line:
    """Attempts of clients of one kind, to one kind of frontend, by one kind of connection."""

    name: str
    attempts: pl.DataFrame
    failed: int
    hurts: tuple[Hurt, ...]


def lines(history: History, axis: Axis, hold_s: float) -> tuple[Line, ...]:
    """The lines from the traffic that was there, those within the cluster first."""
    stops = stops_ns(history)
    parts = _told_apart(history.attempts).partition_by(list(_KEY), as_dict=True)
    services = {key[2] for key in parts}
    found = [
        Line(_name(key, several=len(services) > 1), part, _failed(part), tuple(_hurts(part, axis, hold_s, stops)))
        for key, part in sorted(parts.items(), key=lambda item: _order(item[0]))
    ]
    return _fewer(found, axis, hold_s, stops)


def stops_ns(history: History) -> list[int]:
    """When kube-proxies were stopped, in order."""
    return sorted(history.events.filter(pl.col("kind") == str(EventKind.PROXY_STOPPED))["at_ns"])


def _told_apart(attempts: pl.DataFrame) -> pl.DataFrame:
    """With who asks, and the Service without its namespace, which is another one in each run."""
    who = (
        pl.when(pl.col("client_node").is_null())
        .then(pl.lit("outside"))
        .when(pl.col("client_node") == pl.col("client"))
        .then(pl.lit("nodes"))
        .otherwise(pl.lit("pods"))
    )
    return attempts.with_columns(who=who, service=pl.col("service").str.split("/").list.last())


def _order(key: Sequence[object]) -> tuple[object, ...]:
    who, frontend, service, protocol, connection = key
    places = ("pods", "nodes", "outside")
    return (places.index(str(who)), list(FRONTENDS).index(str(frontend)), service, protocol, connection != "new")


def _name(key: Sequence[object], *, several: bool) -> str:
    who, frontend, service, protocol, connection = key
    where = FRONTENDS.get(str(frontend), str(frontend))
    return f"{who} → {f'{service} ' if several else ''}{where}, {connection} {str(protocol).upper()}"


def _failed(attempts: pl.DataFrame) -> int:
    return attempts.filter(failed()).height


def _hurts(attempts: pl.DataFrame, axis: Axis, hold_s: float, stops: Sequence[int]) -> list[Hurt]:
    """The outages of all flows, those that overlap joined."""
    found: list[Hurt] = []
    spells = [each.spell for each in outages(attempts, hold_s=hold_s, deeds_ns=stops)]
    for spell in sorted(spells, key=lambda each: each.first_ns):
        start_s = axis.seconds(spell.first_ns)
        end_s = axis.end_s if spell.after_ns is None else axis.seconds(spell.after_ns)
        if found and start_s <= found[-1].end_s:
            last = found[-1]
            found[-1] = Hurt(last.start_s, max(last.end_s, end_s), max(last.longest_s, spell.length_s))
        else:
            found.append(Hurt(start_s, end_s, spell.length_s))
    return found


def _fewer(found: Sequence[Line], axis: Axis, hold_s: float, stops: Sequence[int]) -> tuple[Line, ...]:
    if len(found) <= MOST_LINES:
        return tuple(found)
    worst = sorted(found, key=lambda line: -line.failed)[: MOST_LINES - 1]
    rest = pl.concat([line.attempts for line in found if line not in worst])
    hurts = tuple(_hurts(rest, axis, hold_s, stops))
    others = Line(f"{len(found) - len(worst)} others", rest, _failed(rest), hurts)
    return (*(line for line in found if line in worst), others)


@dataclass(frozen=True)
class Stay:
    """A stretch in which a node ran one subject's kube-proxy; none while it was replaced."""

    node: str
    subject: str
    start_s: float
    end_s: float


def stays(history: History, nodes: Sequence[str], first: str, axis: Axis) -> tuple[Stay, ...]:
    """What each node ran: `first` from the beginning, then what it was given."""
    found: list[Stay] = []
    for node in nodes:
        since_s, subject = axis.start_s, first
        kinds = [str(EventKind.PROXY_STOPPED), str(EventKind.PROXY_REPLACED)]
        mine = history.events.filter((pl.col("node") == node) & pl.col("kind").is_in(kinds))
        for at_ns, kind, given in mine.sort("at_ns").select("at_ns", "kind", "subject").iter_rows():
            at_s = axis.seconds(at_ns)
            if kind == EventKind.PROXY_STOPPED:
                found += [Stay(node, subject, since_s, at_s)] if subject else []
                subject = ""
            else:
                since_s, subject = at_s, given
        found += [Stay(node, subject, since_s, axis.end_s)] if subject else []
    return tuple(found)
