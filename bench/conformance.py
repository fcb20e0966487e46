"""How long the conformance profile takes, when all is well and when half of it is broken."""

from __future__ import annotations

from dataclasses import dataclass

from bench.profile_run import FAILED, run
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.finding import Verdict
from gauntlet.ground.paths import project_root
from gauntlet.report.results import Results

PROFILE = "conformance"
MODES = (ProxyMode.IPTABLES, ProxyMode.NFTABLES)
# No NodePort is served.
SABOTEUR = project_root() / "tests" / "saboteurs" / "ports-node-ports-lost"
# The share of the cases that has to fail for half of it to be broken.
LEAST, MOST = 0.4, 0.75


@dataclass(frozen=True)
class Conformance:
    """`took_s` for all modes together; `cases` that ran in each of them, of the mode that has the fewest.

    `peak_gib`: the memory of all processes together at its most.
    """

    took_s: float
    cases: int
    peak_gib: float


def sound() -> Conformance:
    """Raises Inconclusive if a case does not pass."""
    done = run(PROFILE, MODES)
    return Conformance(done.took_s, min(_cases(done.results, mode) for mode in MODES), done.peak_gib)


def broken_s() -> float:
    """Seconds, with the saboteur. Raises Inconclusive if not about half of the cases fail."""
    done = run(PROFILE, MODES, code=FAILED, environment={PROXY_PATH: str(SABOTEUR)})
    cases = done.results.cases()
    failed = sum(each.verdict is Verdict.FAIL for each in cases)
    if not LEAST * len(cases) <= failed <= MOST * len(cases):
        raise Inconclusive(f"the saboteur made {failed} of {len(cases)} cases fail, which is not half of them")
    return done.took_s


def _cases(results: Results, subject: str) -> int:
    return len({each.case for each in results.findings if each.subject == subject})
