"""Has clients ask a DNS server for records."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.lookup import Lookup, Name
from gauntlet.traffic import lookup
from gauntlet.traffic.load import Target

_TIMEOUT_S = 1.0
_BEGINS_WITHIN_S = 30.0


def look_up(clients: Sequence[Host], targets: Sequence[Target], names: Iterable[Name]) -> tuple[Lookup, ...]:
    """Each client asks each target for all of these, one after the other. Raises Inconclusive if it cannot ask."""
    asked = tuple(names)
    pairs = [(client, target) for client in clients for target in targets]
    with ThreadPoolExecutor(len(clients)) as pool:
        answered = list(pool.map(lambda pair: _ask(pair[0], pair[1], asked), pairs))
    return tuple(each for of_one in answered for each in of_one)


def _ask(client: Host, target: Target, names: Sequence[Name]) -> list[Lookup]:
    at_ns = time.time_ns()
    process = client.spawn_module(
        lookup.__name__,
        [target.address, str(target.port), str(_TIMEOUT_S)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    questions = json.dumps([(each.name, each.kind.name, str(target.protocol)) for each in names])
    try:
        said, complaints = process.communicate(questions, timeout=_BEGINS_WITHIN_S + _TIMEOUT_S * len(names))
    except subprocess.TimeoutExpired:
        process.kill()
        said, complaints = process.communicate()
    if process.returncode != 0:
        raise Inconclusive(f"{client.name} could not ask {target}: {complaints.strip() or 'no word why'}")
    answers = zip(names, json.loads(said), strict=True)
    return [
        Lookup(client.name, str(target), name, at_ns, frozenset(found), trouble) for name, (found, trouble) in answers
    ]
