"""A rehearsal (`--kp-dry-run`): what stands in for traffic, effect and experiments, and tells each change.

The cases' own code runs, down to the API client and to the hosts, which tell and do nothing. Traffic has nothing to
ask, so that nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

import yaml

from gauntlet import faults
from gauntlet.faults import chaos
from gauntlet.faults.chaos.experiment import path_of
from gauntlet.faults.chaos.service import EXPOSED, replacement
from gauntlet.faults.journalled import JournalledFault
from gauntlet.ground import history
from gauntlet.ground.cluster import Host
from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.frames import pl
from gauntlet.ground.history import DeclaredFlow
from gauntlet.providers.existing.rehearsal import RehearsedCluster
from gauntlet.proxy import restart as proxy_restart
from gauntlet.traffic import Load, Target
from gauntlet.workload.served import Backends, Served

_VARIABLE = re.compile(r"\$\{(\w+)\}")
# Actions whose own parts are rehearsed elsewhere, or that only undo.
_UNDOING = frozenset({"heal", "remove", "unexpose"})


class Plan:
    """What would be done: `write` prints it, a line each."""

    def __init__(self, write: Callable[[Sequence[str]], None]) -> None:
        self._write = write
        self.changes = 0
        self.unforeseen: list[str] = []

    def heading(self, words: str) -> None:
        self._write([f"== {words}"])

    def change(self, words: str) -> None:
        self.changes += 1
        self.remark(words)

    def remark(self, words: str) -> None:
        self._write([f"   {line}" for line in words.rstrip("\n").splitlines()])

    def unknown(self, case: str, why: str) -> None:
        self.unforeseen.append(case)
        self.remark(f"what follows depends on what the cluster then shows: {why}")


class RehearsedFlow:
    """A load that nobody makes."""

    def __init__(self, declared: DeclaredFlow) -> None:
        self.declared = declared

    def wait(self, _backend_nodes: Mapping[str, str] | None = None) -> pl.DataFrame:
        return history.attempts([])

    stop = so_far = wait

    def ask_to_stop(self) -> None:
        """Nothing is under way."""

    def count(self) -> int:
        """Raises Inconclusive: who waits for attempts would wait for ever."""
        raise Inconclusive("it goes by the attempts that are made meanwhile")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        return None


class RehearsedTraffic:
    """Tells once of each client that an agent would run there."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._named: set[str] = set()

    def warm(self, *clients: Host) -> None:
        for client in clients:
            if client.name not in self._named:
                self._named.add(client.name)
                self._plan.change(f"run on {client.kind} {client.name}: the traffic agent, until the end of the run")

    def start(self, client: Host, load: Load) -> RehearsedFlow:
        self.warm(client)
        return RehearsedFlow(load.declared(client))

    def send(self, client: Host, load: Load, _backend_nodes: Mapping[str, str] | None = None) -> pl.DataFrame:
        return self.start(client, load).wait()

    def await_refusal_limit(self, _clients: Sequence[Host], _targets: Sequence[Target], _attempts: int) -> None:
        """Nobody is refused anything."""


class RehearsedEffect:
    """Every Service is obeyed at once."""

    missing = ()

    def questions(self, _served: Served, _backends: int) -> list[object]:
        return []

    def until(self, _asked: object, **_options: float) -> bool:
        return True

    def obeyed(self, _asked: object, **_options: float) -> bool:
        return True


class RehearsedExperiment:
    """Tells what the steps of an experiment would change. Faults tell it by their own plans."""

    def __init__(self, cluster: RehearsedCluster, plan: Plan) -> None:
        self._cluster = cluster
        self._plan = plan
        self._hurt = cluster.nodes[0]

    def run(self, name: str, service: Served, _backends: Backends, **variables: str | float) -> None:
        document = yaml.safe_load(path_of(name).read_text(encoding="utf-8"))
        defaults = {
            key: value.get("default", "") if isinstance(value, dict) else value
            for key, value in document["configuration"].items()
        }
        known = {**defaults, "service": service.name, "node": self._hurt.name, **variables}
        for step in document["method"]:
            if step["type"] == "action":
                self._act(step["name"], step["provider"], known)

    run_crashing_the_node = run

    def run_replacing_an_endpoint(self, name: str, service: Served, backends: Backends) -> None:
        removed, added = replacement(backends.names)
        self._plan.remark(f"pod {added} is to take the place of {removed} in {service.namespace}:")
        self.run(name, service, backends)

    def run_exposing(self, name: str, service: Served, backends: Backends, *, port: int) -> None:
        self.run(name, service, backends, port=port)
        self._plan.change(f"delete Service {service.name}{EXPOSED}")

    def _act(self, name: str, provider: Mapping[str, Any], known: Mapping[str, str | float]) -> None:
        function, arguments = provider["func"], provider.get("arguments", {})
        if function == "inject":
            given = arguments.get("parameters", {})
            self._inject(arguments["fault"], {key: _filled(value, known) for key, value in given.items()})
        elif function == "restart_proxy":
            self._hurt.run(("sh", "-c", proxy_restart.RESTART))
        elif function not in _UNDOING and function != "prepare":
            words = " ".join((getattr(chaos, function).__doc__ or name).split())
            self._plan.change(f"{name} ({words})")

    def _inject(self, name: str, parameters: Mapping[str, str | int]) -> None:
        """Raises UsageError if the limits forbid it, Inconclusive if its plan needs to see the node."""
        teller = self._cluster.teller
        with teller.looking():
            fault = faults.create(name, self._cluster, node=self._hurt.name, parameters=parameters)
            assert isinstance(fault, JournalledFault)
            record = fault.intend()
        radius = fault.blast_radius(self._cluster.mode)
        self._plan.remark(f"fault {name}, blast radius {radius}; first a timer that undoes it by itself:")
        fault.guard(record)
        self._plan.remark("then:")
        fault.act()
        self._plan.remark("and to undo it:")
        for service in record.delete:
            self._plan.change(f"delete Service {service}")
        for argv in record.undo:
            self._hurt.run(argv)


def _filled(value: object, known: Mapping[str, str | float]) -> str | int:
    """A value of an experiment's arguments, with its variable filled in as Chaos Toolkit does."""
    variable = _VARIABLE.fullmatch(str(value))
    filled = known[variable[1]] if variable else value
    text = str(filled)
    return int(text) if text.isdecimal() else text
