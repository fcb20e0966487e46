"""The faults by name: each file beside this one that holds a fault adds it, without being listed anywhere."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeGuard

from pydantic import BaseModel, ValidationError

from gauntlet.faults import limits
from gauntlet.faults.fault import Fault, Scene, refuse_unfit
from gauntlet.faults.journalled import JournalledFault
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventLog
from gauntlet.ground.journal.store import journal_of
from gauntlet.promises.promise import BlastRadius

# Long enough for every experiment; short enough that a node left alone is well before anyone looks.
DEAD_MAN_S = 120.0


def discover(package: str) -> dict[str, type[JournalledFault]]:
    """The faults in the modules of a package, by name. A class without a name of its own is what several faults share.

    Raises RuntimeError if two faults have one name.
    """
    found: dict[str, type[JournalledFault]] = {}
    modules = pkgutil.iter_modules(importlib.import_module(package).__path__)
    for module in sorted(each.name for each in modules if not each.ispkg):
        for kind in vars(importlib.import_module(f"{package}.{module}")).values():
            if _is_fault(kind) and kind.__module__ == f"{package}.{module}":
                if kind.name in found:
                    raise RuntimeError(f"{kind.__module__} and {found[kind.name].__module__} both have {kind.name}")
                found[kind.name] = kind
    return found


def _is_fault(value: object) -> TypeGuard[type[JournalledFault]]:
    return isinstance(value, type) and issubclass(value, JournalledFault) and "name" in vars(value)


def names() -> tuple[str, ...]:
    return tuple(sorted(FAULTS))


def of_experiment(name: str) -> type[JournalledFault] | None:
    """The fault that has this scenario; None if none has it."""
    return next((fault for fault in FAULTS.values() if name in {each.name for each in fault.scenarios}), None)


def scenarios_without_a_case(suites: Path) -> tuple[str, ...]:
    """The names of the scenarios that no file of this folder names, in order."""
    named = {
        node.value
        for file in suites.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    return tuple(sorted({each.name for fault in FAULTS.values() for each in fault.scenarios} - named))


def blast_radius(faults: Collection[str], mode: ProxyMode) -> BlastRadius:
    """The widest of the blast radii of these faults, given by their ids (`packet-loss-1a2b3c4d`)."""
    every = tuple(BlastRadius)
    reached = [FAULTS[each.rpartition("-")[0]].blast_radius(mode) for each in faults]
    return max(reached, key=every.index, default=BlastRadius.NONE)


def create(
    name: str,
    cluster: Cluster,
    *,
    node: str | None = None,
    parameters: Mapping[str, str | int] | None = None,
    events: EventLog | None = None,
    dead_man_s: float = DEAD_MAN_S,
) -> Fault:
    """A fault, not injected yet. `node` is the one to hurt; the first where none is given.

    Raises UsageError, before anything was changed, for an unknown fault, node or parameter and for a cluster
    that cannot take the fault (wrong mode, shared kernel) or where its limits forbid it.
    """
    kind = FAULTS.get(name)
    if kind is None:
        raise UsageError(f"there is no fault {name!r}", f"choose one of: {', '.join(names())}")
    target = cluster.node(node) if node else cluster.nodes[0]
    refuse_unfit(kind.name, kind.needs, cluster, target)
    kept = journal_of(cluster)
    limits.require(kind, cluster, target, kept)
    scene = Scene(cluster, target, kept, events, dead_man_s)
    return kind(scene, _validated(name, kind.parameters, parameters or {}))


def _validated(name: str, model: type[BaseModel], given: Mapping[str, str | int]) -> BaseModel:
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        allowed = ", ".join(sorted(model.model_fields)) or "none"
        raise UsageError(f"wrong parameters for fault {name}: {wrong}", f"its parameters are: {allowed}") from None


# Last, because a module that is looked into may import the rest of this one.
FAULTS: Mapping[str, type[JournalledFault]] = discover(__name__.rpartition(".")[0])
