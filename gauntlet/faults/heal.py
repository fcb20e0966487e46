"""Healing from the journal: undo what a run left in a cluster, and prove that nothing of it is left."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

from gauntlet.ground.cluster import Cluster, Host, OwnKernelNode
from gauntlet.ground.errors import GauntletError, NodeGone
from gauntlet.ground.journal.lock import ClusterInUse
from gauntlet.ground.journal.store import Journal, Record, State, journal_of
from gauntlet.ground.waiting import NotInTime, until
from gauntlet.kube.api import Api, ApiRefused, delete_if_there
from gauntlet.kube.objects import path_of_service

# A restarted kube-proxy needs some seconds to write everything again; under a crash back-off, half a minute.
CONFIRM_DEADLINE_S = 60.0
_API_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Healed:
    """One fault that `heal` undid, and how it knows."""

    fault_id: str
    fault: str
    node: str | None
    evidence: str


class HealFailed(GauntletError):
    """At least one fault could not be undone. The others were."""


def heal(cluster: Cluster) -> tuple[Healed, ...]:
    """Undo every fault of this cluster that is not confirmed as healed, the newest first.

    A node that is gone took its faults with it. Raises ClusterInUse, before anything was undone, if one of them is
    that of another process that still runs; HealFailed after trying all of them where some failed.
    """
    journal = journal_of(cluster)
    left = journal.open()
    refuse_anothers(cluster.name, left)
    healed: list[Healed] = []
    failures: list[str] = []
    for record in left:
        try:
            healed.append(heal_one(cluster, journal, record))
        except GauntletError as error:
            failures.append(f"{record.fault_id} on {record.place}: {error}")
    if failures:
        raise HealFailed(
            f"{len(failures)} fault(s) of cluster {cluster.name} could not be healed:\n" + "\n".join(failures),
            f"mend the node and run `gauntlet heal` again, or delete the cluster; the journal is {journal.path}",
        )
    return tuple(healed)


def refuse_anothers(cluster_name: str, records: tuple[Record, ...]) -> None:
    """Raise ClusterInUse if one of these faults belongs to another process that still runs."""
    for record in records:
        if record.is_anothers and record.owner is not None:
            raise ClusterInUse(cluster_name, record.owner)


def heal_one(cluster: Cluster, journal: Journal, record: Record) -> Healed:
    """Undo one fault by its record, confirm that it is gone, and write both down."""
    undo(cluster, record)
    journal.write(replace(record, state=State.HEALED, detail=""))
    evidence = confirm(cluster, record)
    journal.write(replace(record, state=State.CONFIRMED, detail=evidence))
    return Healed(record.fault_id, record.fault, record.node, evidence)


def undo(cluster: Cluster, record: Record) -> None:
    """Run what undoes the fault; nothing on a node that is gone.

    Raises CommandFailed, ApiRefused or ApiUnreachable if that fails.
    """
    for service in record.delete:
        delete_if_there(_api(cluster), path_of_service(service))
    host = _host(cluster, record)
    if host is not None:
        with suppress(NodeGone):
            _undo_on(host, record)


def _undo_on(host: Host, record: Record) -> None:
    if record.boot:
        if not isinstance(host, OwnKernelNode):
            raise GauntletError(f"{host.name} is no machine that could be booted", "start it by hand")
        host.boot()
    for argv in record.undo:
        host.run(argv)


def is_over(cluster: Cluster, record: Record) -> bool:
    """Whether nothing of the fault is left at this moment."""
    return _evidence(cluster, record) is not None


def confirm(cluster: Cluster, record: Record) -> str:
    """Evidence that nothing of the fault is left; waits for it. Raises HealFailed if something stays."""
    try:
        return until(
            lambda: _evidence(cluster, record),
            what=f"fault {record.fault_id} on {record.place} is gone",
            deadline_s=CONFIRM_DEADLINE_S,
            every_s=0.1,
        )
    except NotInTime as late:
        raise HealFailed(late.what, "look at the node and at kube-proxy's log there") from late


def _evidence(cluster: Cluster, record: Record) -> str | None:
    """How it shows that nothing of the fault is left; None while something is."""
    if any(_exists(cluster, service) for service in record.delete):
        return None
    host = _host(cluster, record)
    if record.node is not None and host is None:
        return f"node {record.node} is gone"
    if host is None or not record.check:
        return "; ".join(f"Service {service} is gone" for service in record.delete) or "nothing to undo"
    try:
        checked = host.run(record.check, check=False)
    except NodeGone as gone:
        return gone.what
    return (checked.stdout.strip() or "its check passed") if checked.code == 0 else None


def _host(cluster: Cluster, record: Record) -> Host | None:
    return next((node for node in cluster.nodes if node.name == record.node), None)


def _exists(cluster: Cluster, service: str) -> bool:
    try:
        _api(cluster).get(path_of_service(service))
    except ApiRefused as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return False
        raise
    return True


def _api(cluster: Cluster) -> Api:
    return Api(cluster.api, answer_s=_API_TIMEOUT_S)
