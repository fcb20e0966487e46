"""A probe: a few attempts of some clients at some targets."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from gauntlet.ground.cluster import Cluster, Host, have_own_kernels
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection
from gauntlet.proxy.modes import traits
from gauntlet.traffic.evidence import Evidence
from gauntlet.traffic.exchange import Exchange
from gauntlet.traffic.flow import Flow, Traffic
from gauntlet.traffic.load import Ask, Load, Target

# Attempts of one client in one probe: enough to meet each of three backends but for one time in 10^7.
ATTEMPTS = 45
# Twice each of the users that there are without a rate. A target that answers none of them has failed already.
GIVES_UP_AFTER = 4


class Probe:
    """Sends a few attempts and waits for them: `probe(clients, target, ...)`. They become evidence of the case."""

    def __init__(self, traffic: Traffic, evidence: Evidence, most_per_s: float | None = None) -> None:
        self._traffic = traffic
        self._most_per_s = most_per_s
        self._evidence = evidence

    def __call__(
        self,
        clients: Host | Sequence[Host],
        *targets: Target,
        attempts: int = ATTEMPTS,
        rate_per_s: float | None = None,
        timeout_s: float = 1.0,
        connection: Connection = Connection.NEW,
        users: int | None = None,
        exchange: Exchange = Exchange.QUESTIONS,
        payload_bytes: int = 0,
        ask: Ask = Ask.HOSTNAME | Ask.SOURCE_IP,
        name: str = "",
        resolves_to: str = "",
        gives_up_after: int | None = GIVES_UP_AFTER,
    ) -> pl.DataFrame:
        """So many attempts of each client at each target, all clients at once. Returns the ATTEMPTS frame.

        A client makes no more at a target that left the first ones without success. What is left out is as Load has it.
        Raises Inconclusive if an agent does not work.
        """
        most_per_s = self._most_per_s and self._most_per_s / len(targets)
        loads = [
            Load(
                target,
                attempts=attempts,
                rate_per_s=rate_per_s or most_per_s,
                timeout_s=timeout_s,
                connection=connection,
                users=users,
                exchange=exchange,
                payload_bytes=payload_bytes,
                ask=ask,
                name=name,
                resolves_to=resolves_to,
                gives_up_after=gives_up_after,
            )
            for target in targets
        ]
        hosts = list(clients) if isinstance(clients, Sequence) else [clients]

        started: list[Flow] = []

        def all_targets(host: Host) -> list[pl.DataFrame]:
            flows = [self._traffic.start(host, load) for load in loads]
            started.extend(flows)
            return [flow.wait() for flow in flows]

        with self._evidence.unfinished(started), ThreadPoolExecutor(len(hosts)) as pool:
            frames = [frame for of_host in pool.map(all_targets, hosts) for frame in of_host]
        return self._evidence.add(pl.concat(frames).sort("at_ns", maintain_order=True))

    def refused(
        self, clients: Host | Sequence[Host], *targets: Target, attempts: int, timeout_s: float
    ) -> pl.DataFrame:
        """Attempts that are all to be refused, made when the kernels may send that many refusals (refusal_limit.py).

        So what a case or its waiting was refused before costs no other case an answer.
        """
        hosts = list(clients) if isinstance(clients, Sequence) else [clients]
        self._traffic.await_refusal_limit(hosts, targets, attempts)
        return self(clients, *targets, attempts=attempts, timeout_s=timeout_s, gives_up_after=None)


def most_per_s(cluster: Cluster) -> float | None:
    """How many attempts a second of one client the nodes bear; None if they bear whatever it makes."""
    if not have_own_kernels(cluster.nodes):
        return None
    return traits(cluster.mode).guest_rate_per_s
