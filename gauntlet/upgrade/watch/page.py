"""The page that a watch ends with: the answer, who lost what, what happened to the cluster, and what is not told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gauntlet.checkers.sample import NANO
from gauntlet.ground.frames import pl
from gauntlet.ground.history import EventKind
from gauntlet.ground.version import places
from gauntlet.report.names import without_namespaces
from gauntlet.upgrade.page import phase_lines, reason_lines, wrapped
from gauntlet.upgrade.page_names import of_names
from gauntlet.upgrade.phases import PhaseHistory
from gauntlet.upgrade.watch.course import CHANGE, LEGS, Watch
from gauntlet.upgrade.watch.judging import Judged
from gauntlet.upgrade.watch.losses import Loss, lost_by_client
from gauntlet.upgrade.watch.target import Watched
from gauntlet.upgrade.watch.versions import Versions

MOST_LOSSES = 8
MOST_EVENTS = 15
_NOT_SHOWN = (EventKind.PHASE_STARTED, EventKind.PHASE_ENDED, EventKind.NOT_IN_EFFECT)


@dataclass(frozen=True)
class Heading:
    """What the page is about. `change` is the command, or how long was watched."""

    cluster: str
    change: str
    nodes: int


def page(heading: Heading, seen: Watch, judged: Judged, lost: Sequence[Loss], untold: Sequence[str]) -> Iterator[str]:
    """The lines of the page."""
    yield from wrapped(f"{heading.change}: {judged.judgement.words.upper()}", "")
    yield f"  cluster {heading.cluster}, {heading.nodes} nodes"
    yield from wrapped(_versions(seen.passed.began, seen.passed.ended, heading.nodes), "  ", "    ")
    part = judged.parts.get(CHANGE.name)
    if part is None and seen.passed.interrupted:
        yield "  interrupted before the change: nothing was begun"
    yield ""
    yield from reason_lines(judged.judgement)
    if part is not None:
        yield from _losses(part, lost)
        yield from _events(part)
    yield from phase_lines(judged.observations, seen.history, LEGS)
    for each in (*of_names(judged.observations), *untold):
        yield ""
        yield from wrapped(each, "")


def _versions(began: Versions, ended: Versions, nodes: int) -> str:
    if not began and not ended:
        return "the versions of its kube-proxies are not known"
    if began == ended:
        return f"kube-proxy {_briefly(began, nodes)}, before and after"
    return f"kube-proxy {_briefly(began, nodes) or 'unknown'} before; {_briefly(ended, nodes) or 'unknown'} after"


def _briefly(versions: Versions, nodes: int) -> str:
    """Of so many nodes; if the version of one is not known, those of the others by name."""
    alike = set(versions.values())
    return f"{alike.pop()} on all nodes" if len(alike) == 1 and len(versions) == nodes else places(versions)


def untold(watched: Watched) -> tuple[str, ...]:
    """What the answer is not about."""
    always = "What kube-proxies leave behind on nodes is not looked at: gauntlet upgrade and doctor --cluster do."
    if watched.nodes:
        lacking = "" if watched.balanced else "No Service of this cluster has a load balancer: none was asked."
        return tuple(filter(None, (lacking, always)))
    return (
        "Client pods alone (--unprivileged): not told is what clients outside lose by NodePorts and load balancers, "
        "what clients in the network of nodes lose, whether the process of kube-proxy runs and is healthy, and what is "
        "left behind.",
    )


def _losses(part: PhaseHistory, lost: Sequence[Loss]) -> Iterator[str]:
    """Who lost what, the worst first; then what each client lost in all."""
    if not lost:
        made = part.attempts.height
        words = f"Nobody lost anything: {made:,} attempts, all good." if made else "Nobody attempted anything."
        yield from wrapped(words, "")
        yield ""
        return
    yield "Who lost what, from the start of the change, and what happened there:"
    for each in lost[:MOST_LOSSES]:
        yield from wrapped(f"- {without_namespaces(each.line(part.stretch.start_ns))}", "  ", "    ")
    if len(lost) > MOST_LOSSES:
        yield f"  ... and {len(lost) - MOST_LOSSES} more outages"
    yield ""
    yield f"{'client':<30}{'node':<27}{'failed':>14}{'longest':>9}"
    for client, node, made, failed, longest_s in lost_by_client(part, lost):
        if failed:
            name = without_namespaces(client)
            yield f"{name[-29:]:<30}{node[:26]:<27}{f'{failed}/{made}':>14}{f'{longest_s:.2f} s':>9}"
    yield ""


def _events(part: PhaseHistory) -> Iterator[str]:
    """What happened to the cluster meanwhile."""
    # Endpoints that the watch itself changes are of no node.
    own = (pl.col("kind") == str(EventKind.ENDPOINT_CHANGED)) & pl.col("node").is_null()
    shown = part.events.filter(~pl.col("kind").is_in([str(kind) for kind in _NOT_SHOWN]) & ~own)
    if shown.is_empty():
        return
    yield "What happened, in seconds from the start of the change:"
    for at_ns, kind, subject, node, detail in shown.head(MOST_EVENTS).iter_rows():
        what = str(kind).replace("_", " ")
        where = f"{node}: " if node else ""
        about = "" if subject == node else f" {subject}"
        after_s = (at_ns - part.stretch.start_ns) / NANO
        yield from wrapped(f"{after_s:+7.1f} {where}{what}{about}{f', {detail}' if detail else ''}", "  ", "          ")
    if shown.height > MOST_EVENTS:
        rest = Counter(str(kind).replace("_", " ") for kind in shown["kind"][MOST_EVENTS:])
        yield from wrapped(f"... and {', '.join(f'{count} {kind}' for kind, count in rest.most_common())}", "  ")
    yield ""
