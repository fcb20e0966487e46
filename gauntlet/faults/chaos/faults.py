"""Actions and probes on faults. A fault stays known, by name and target, from `inject` to `healed`."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet import faults
from gauntlet.faults.chaos.account import Account, Key, Stage
from gauntlet.faults.chaos.target import Configuration, Target, target_of
from gauntlet.faults.fault import Fault
from gauntlet.faults.heal import heal_one, refuse_anothers
from gauntlet.ground.errors import UsageError
from gauntlet.ground.journal.store import journal_of

# One for the process: Chaos Toolkit calls functions by their names, and hands over nothing but its configuration.
_ACCOUNT = Account()


def inject(fault: str, configuration: Configuration, parameters: Mapping[str, str | int] | None = None) -> str:
    """Action: hurt the node. Returns the fault's id. An earlier one of the same name is healed first."""
    target = target_of(configuration)
    key = _key(fault, target)
    if key in _ACCOUNT.unhealed(key.cluster):
        heal(fault, configuration)
        healed(fault, configuration)
    created = faults.create(
        fault,
        target.cluster,
        node=target.hurt.name,
        parameters=parameters,
        events=target.log,
        dead_man_s=target.dead_man_s,
    )
    _ACCOUNT.open(key, created)
    created.inject()
    _ACCOUNT.mark(key, Stage.STRUCK)
    return created.id


def landed(fault: str, configuration: Configuration) -> str:
    """Probe: evidence, read from the node, that the fault is in effect. Fails where it is not."""
    target = target_of(configuration)
    evidence = _known(fault, target).landed()
    _ACCOUNT.mark(_key(fault, target), Stage.LANDED)
    return evidence


def held(fault: str, configuration: Configuration) -> str:
    """Probe: evidence, read from the node now, that the fault has lasted until now. Fails if it has not."""
    return _known(fault, target_of(configuration)).held()


def over_by_itself(fault: str, within_s: float, configuration: Configuration) -> str:
    """Probe: wait until the node has recovered without help. Fails if it has not within `within_s` seconds."""
    return _known(fault, target_of(configuration)).over_by_itself(within_s)


def heal(fault: str, configuration: Configuration) -> str:
    """Action: undo the fault. Nothing to undo is fine; one of a run that was killed is undone from the journal."""
    target = target_of(configuration)
    known = _ACCOUNT.fault(_key(fault, target))
    if known is not None:
        known.heal()
        return f"{known.id} undone"
    return "; ".join(_heal_from_journal(fault, target)) or "nothing to undo"


def healed(fault: str, configuration: Configuration) -> str:
    """Probe: evidence that nothing of the fault is left. Fails where something is."""
    target = target_of(configuration)
    known = _ACCOUNT.fault(_key(fault, target))
    if known is None:
        return "was not injected"
    evidence = known.healed()
    _ACCOUNT.mark(_key(fault, target), Stage.HEALED)
    return evidence


def faults_accounted_for(configuration: Configuration) -> bool:
    """Probe: every fault that was injected here has landed and is healed. True before anything was injected."""
    return _ACCOUNT.is_settled(target_of(configuration).cluster.name)


def was_injected(cluster_name: str) -> bool:
    """Whether this process has injected a fault into the cluster since `forget`."""
    return _ACCOUNT.has_struck(cluster_name)


def heal_all(cluster_name: str) -> tuple[str, ...]:
    """Undo and confirm every fault of this process on a cluster that is not healed yet, the last first; their ids."""
    ids = []
    for key in reversed(_ACCOUNT.unhealed(cluster_name)):
        fault = _ACCOUNT.fault(key)
        assert fault is not None
        fault.heal()
        fault.healed()
        _ACCOUNT.mark(key, Stage.HEALED)
        ids.append(fault.id)
    return tuple(ids)


def forget(cluster_name: str) -> None:
    """Forget the faults of a cluster in which nothing is injected: the next experiment accounts for its own only."""
    _ACCOUNT.forget(cluster_name)


def _heal_from_journal(fault: str, target: Target) -> list[str]:
    cluster = target.cluster
    kept = journal_of(cluster)
    mine = tuple(record for record in kept.open() if record.fault == fault and record.node in (target.hurt.name, None))
    refuse_anothers(cluster.name, mine)
    return [heal_one(cluster, kept, record).fault_id + " undone from the journal" for record in mine]


def _key(fault: str, target: Target) -> Key:
    return Key(target.cluster.name, fault, target.hurt.name)


def _known(fault: str, target: Target) -> Fault:
    known = _ACCOUNT.fault(_key(fault, target))
    if known is None:
        raise UsageError(f"fault {fault} was not injected on {target.hurt.name}", "put the action `inject` before it")
    return known
