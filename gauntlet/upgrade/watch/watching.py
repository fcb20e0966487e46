"""A watch while it lasts: traffic, then somebody else's change, then rest; and what was seen of all that."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gauntlet.traffic import Traffic
from gauntlet.traffic.evidence import Evidence
from gauntlet.upgrade.roll_cost import Setting
from gauntlet.upgrade.watch.course import CHANGE, Order, Watch
from gauntlet.upgrade.watch.losses import gone_with_nodes
from gauntlet.upgrade.watch.stream import Stream
from gauntlet.upgrade.watch.target import Watched
from gauntlet.upgrade.watch.watcher import Show, Watcher
from gauntlet.upgrade.watch.workplace import Workplace, workplace
from gauntlet.workload.service import STICKY

NAME = "watch"


def watch(watched: Watched, order: Order, folder: Path, show: Show) -> Watch:
    """Let traffic flow while the order's command runs, or for as long as it says, and until the cluster is at rest.

    Ctrl-C ends the command, or the watch without one; what was seen until then is what there is. Attempts and events
    are kept below `folder`, also if it ends by an error.
    """
    evidence = Evidence(folder, NAME)
    try:
        with (
            Traffic(evidence.folder / "traffic") as traffic,
            workplace(watched, traffic, evidence.events) as place,
            _flowing(place, traffic, evidence) as stream,
        ):
            watcher = Watcher(watched, place, evidence, show, stream)
            watcher.go(order, folder)
    finally:
        evidence.save()
    passed = watcher.passed
    passed.findings[CHANGE.name] += [*stream.broken, stream.arrived]
    passed.partings = tuple(stream.partings)
    history = evidence.history()
    seen = place.surroundings.backends
    setting = Setting(
        stream.presence.flows,
        frozenset(seen.nodes),
        sticky={place.sticky.name: float(STICKY.affinity_timeout_s or 0)},
        gone=gone_with_nodes(history, seen.nodes, seen.gone),
        present=stream.presence.until(time.time_ns()),
        unnamed=place.resolver.unnamed if place.resolver else frozenset(),
    )
    return Watch(history, setting, passed)


@contextmanager
def _flowing(place: Workplace, traffic: Traffic, evidence: Evidence) -> Iterator[Stream]:
    stream = Stream(traffic, evidence, place.surroundings.backends.nodes)
    try:
        yield stream
    except BaseException:
        stream.break_off()
        raise
    stream.stop()
