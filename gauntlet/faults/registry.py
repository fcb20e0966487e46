"""The faults by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel, ValidationError

from gauntlet.faults import limits
from gauntlet.faults.clear_ipvs import ClearIpvs
from gauntlet.faults.crash_kernel import CrashKernel
from gauntlet.faults.delete_dummy import DeleteDummy
from gauntlet.faults.delete_real_server import DeleteRealServer
from gauntlet.faults.delete_table import DeleteTable
from gauntlet.faults.delete_virtual_server import DeleteVirtualServer
from gauntlet.faults.fault import Fault, Scene, refuse_unfit
from gauntlet.faults.flush_all_tables import FlushAllTables
from gauntlet.faults.flush_ipset import FlushIpset
from gauntlet.faults.flush_nat import FlushNat
from gauntlet.faults.ipvs_absent import IpvsAbsent
from gauntlet.faults.journalled import JournalledFault
from gauntlet.faults.kill_proxy import KillProxy
from gauntlet.faults.packet_loss import PacketLoss
from gauntlet.faults.partition_api import PartitionApi
from gauntlet.faults.partition_nodes import PartitionNodes
from gauntlet.faults.port_clash import PortClash
from gauntlet.faults.port_taken import PortTaken
from gauntlet.faults.scheduler_absent import SchedulerAbsent
from gauntlet.faults.stop_proxy import StopProxy
from gauntlet.faults.unload_idle_scheduler import UnloadIdleScheduler
from gauntlet.faults.unload_scheduler import UnloadScheduler
from gauntlet.faults.unload_used_scheduler import UnloadUsedScheduler
from gauntlet.faults.zero_weight import ZeroWeight
from gauntlet.ground.cluster import Cluster, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventLog
from gauntlet.ground.journal.store import journal_of
from gauntlet.promises.promise import BlastRadius

# Long enough for every experiment; short enough that a node left alone is well before anyone looks.
DEAD_MAN_S = 120.0

_ALL: tuple[type[JournalledFault], ...] = (
    KillProxy,
    StopProxy,
    FlushNat,
    FlushAllTables,
    DeleteTable,
    ClearIpvs,
    DeleteVirtualServer,
    DeleteRealServer,
    ZeroWeight,
    FlushIpset,
    DeleteDummy,
    SchedulerAbsent,
    IpvsAbsent,
    UnloadIdleScheduler,
    UnloadUsedScheduler,
    UnloadScheduler,
    CrashKernel,
    PartitionNodes,
    PartitionApi,
    PacketLoss,
    PortTaken,
    PortClash,
)

FAULTS: Mapping[str, type[JournalledFault]] = {fault.name: fault for fault in _ALL}


def names() -> tuple[str, ...]:
    return tuple(sorted(FAULTS))


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
