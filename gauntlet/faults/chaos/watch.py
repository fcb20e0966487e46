"""A Chaos Toolkit control that watches the Service from the hurt node, and ends with what was seen.

For `chaos run` alone: the suites have traffic of their own, and leave it out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gauntlet.checkers.outage import outages
from gauntlet.checkers.sample import NANO, hurt
from gauntlet.faults.chaos.target import Configuration, Target, target_of
from gauntlet.ground import history
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Connection, EventKind, Frontend, Outcome, Protocol
from gauntlet.proxy import health as proxy_health
from gauntlet.traffic.repeated import Answer, Repeated

MODULE = "gauntlet.faults.chaos.watch"

_EVERY_S = 0.2
# As in slos/default.yaml: a lost SYN is sent again after 1 s, and two outages may be one for so long.
_SLOW_AFTER_MS = 900.0
_HOLD_S = 2.0
_TIMEOUT_S = 1.0
# How long the node may take to say what became of an attempt; one that says nothing must not hold up the end.
_WITHIN_S = 10.0
_JOIN_S = 15.0
_TOLD = (EventKind.FAULT_LANDED, EventKind.FAULT_HELD, EventKind.FAULT_OVER, EventKind.FAULT_HEAL_CONFIRMED)

_log = logging.getLogger("chaostoolkit")


class Watch:
    """Connects from the hurt node to the Service, again and again, until it is stopped."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.since_ns = time.time_ns()
        address, port = proxy_health.address_of(target.cluster, target.service)
        self._connections = Repeated(target.hurt, address, port, timeout_s=_TIMEOUT_S, within_s=_WITHIN_S)
        # Why the process that connects could not be started; without it nothing is known of the address.
        self.trouble = ""
        self._was_ready = False
        self._rows: list[dict[str, str | int | None]] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def stop(self) -> pl.DataFrame:
        """The attempts. The last one begins after everything that was done to the node."""
        if not self._over.is_set():
            self._over.set()
            self._thread.join(_JOIN_S)
            self._attempt()
            self._connections.close()
        return history.attempts(self._rows if self._was_ready else [])

    def _go_on(self) -> None:
        while not self._over.wait(_EVERY_S):
            self._attempt()

    def _attempt(self) -> None:
        node, at_ns = self.target.hurt, time.time_ns()
        try:
            answer = self._connections.connect()
            self._was_ready = True
        except GauntletError as error:
            # The fault may have ended it before it was ready: if it ever gets ready, this was an attempt.
            self.trouble = str(error)
            answer = Answer(at_ns, time.time_ns() - at_ns, Outcome.UNREACHABLE, error.what)
        self._rows.append(
            {
                "at_ns": answer.at_ns,
                "latency_ns": answer.latency_ns,
                "client": node.name,
                "client_node": node.name,
                "service": self.target.service,
                "frontend": Frontend.CLUSTER_IP,
                "protocol": Protocol.TCP,
                "connection": Connection.NEW,
                "outcome": answer.outcome,
                "error": answer.error or None,
            }
        )


_watches: dict[object, Watch] = {}


def before_activity_control(context: Mapping[str, Any], configuration: Configuration) -> None:
    """Begin to watch just before the injection: then the Service is there, also one that the experiment made."""
    if context["provider"].get("func") == "inject" and configuration["kubeconfig"] not in _watches:
        _watches[configuration["kubeconfig"]] = Watch(target_of(configuration))


def after_method_control(context: Mapping[str, Any], configuration: Configuration) -> None:  # noqa: ARG001
    """Stop before the rollbacks, which may remove the Service."""
    if configuration["kubeconfig"] in _watches:
        _watches[configuration["kubeconfig"]].stop()


def after_experiment_control(context: Mapping[str, Any], configuration: Configuration) -> None:
    """Say what was seen, as the last words."""
    watch = _watches.pop(configuration.get("kubeconfig"), None)
    if watch is None:
        return
    attempts = watch.stop()
    if attempts.is_empty() and watch.trouble:
        _log.warning("no attempt could be made: %s", watch.trouble)
    events = watch.target.log.read().filter(pl.col("at_ns") >= watch.since_ns)
    injected = events.filter(pl.col("kind") == str(EventKind.FAULT_INJECTED))["at_ns"]
    if injected.is_empty():
        return
    _log.info("What was seen of: %s", context.get("title"))
    for kind, detail in events.select("kind", "detail").rows():
        if kind in _TOLD:
            _log.info("  %s: %s", kind.replace("_", " "), detail)
    _log.info("  %s", seen(attempts, int(injected[0])))


def seen(attempts: pl.DataFrame, injected_ns: int) -> str:
    """The longest outage of the one flow in these attempts, in words."""
    later = attempts.filter(pl.col("at_ns") >= injected_ns)
    if later.is_empty():
        return "nobody asked the Service after the injection, so nothing is known of an outage"
    flow = f"{later['service'][0]} from {later['client'][0]}"
    found = outages(attempts, hold_s=_HOLD_S, slow_after_ms=_SLOW_AFTER_MS, since_ns=injected_ns)
    if not found:
        return f"no outage: {flow} answered all {later.height} connections after the injection"
    spell = found[0].spell
    kinds = Counter(later.filter(hurt(_SLOW_AFTER_MS))["outcome"].to_list())
    words = ", ".join(f"{count} {'slow' if kind == Outcome.OK else kind}" for kind, count in kinds.most_common())
    lasted = f"{spell.length_s:.1f} s (+/- {spell.resolution_s:.1f} s)" if spell.over else "not over at the end"
    others = f", the longest of {len(found)}" if len(found) > 1 else ""
    return (
        f"outage of {flow}: {lasted}{others}, from {(spell.first_ns - injected_ns) / NANO:.1f} s after the injection; "
        f"{kinds.total()} of {later.height} connections were hurt ({words})"
    )
