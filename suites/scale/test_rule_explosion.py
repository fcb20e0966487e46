"""Rule explosion: very many Services with endpoints each."""

import random

import pytest

from gauntlet.checkers.availability import availability
from gauntlet.checkers.correctness import correctness
from gauntlet.checkers.recovery import recovery
from gauntlet.ground.history import EventKind
from gauntlet.promises.slo import Promises
from gauntlet.report.judge import Judge
from gauntlet.traffic.probe import Probe
from gauntlet.workload import Clients, spread
from gauntlet.workload.case_workload import CaseWorkload
from gauntlet.workload.explosion import ChangeWatch, Explosion

pytestmark = [
    pytest.mark.gate,
    pytest.mark.scale,
    pytest.mark.needs("large-transactions"),
    pytest.mark.needs("thousands-of-services"),
    pytest.mark.needs("endpoint-slices"),
]

SERVICES, ENDPOINTS = 1000, 10
# One that is lost never answers; of 3,000 attempts one may well meet a second in which a busy machine does nothing.
PATIENCE_S = 5.0


def test_thousand_services_answer_and_obey(
    workload: CaseWorkload,
    explosion: Explosion,
    watch_change: ChangeWatch,
    clients: Clients,
    probe: Probe,
    judge: Judge,
    slos: Promises,
    chance: random.Random,
) -> None:
    """Every Service answers from every node, and a change of one's endpoints is obeyed within the SLO."""
    slo = slos("rule-explosion")
    backends = workload.run(*spread(ENDPOINTS, workload.nodes))

    services = explosion.of(SERVICES, backends)
    judge(explosion.size(), explosion.sync_time())
    # All of them: of 50 samples of 20, one would find out that one of 1,000 is lost.
    seen = probe(clients.pods, *(service.cluster_ip() for service in services), attempts=1, timeout_s=PATIENCE_S)
    judge(availability(seen), correctness(seen, backends.names))

    left = backends.all[chance.randrange(ENDPOINTS)]
    history = watch_change(services[0], [left], hold_s=slo.recovery.hold_s)
    judge(
        recovery(
            history,
            EventKind.ENDPOINT_CHANGED,
            within_s=slo.recovery.within_s,
            hold_s=slo.recovery.hold_s,
            resolution_s=slo.recovery.resolution_s,
        ),
        terms=slos.terms("rule-explosion"),
    )
