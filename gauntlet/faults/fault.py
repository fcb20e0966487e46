"""The word Fault: its protocol, and the data that each fault declares about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from pydantic import BaseModel, ConfigDict

from gauntlet.ground.cluster import Cluster, Node, NodeKernel, ProxyMode
from gauntlet.ground.errors import Inconclusive, UsageError
from gauntlet.ground.history import EventLog
from gauntlet.ground.journal.store import Journal
from gauntlet.promises.promise import BlastRadius
from gauntlet.proxy.modes import traits


@dataclass(frozen=True)
class Needs:
    """What a fault needs to be possible and harmless to everything but the cluster under test.

    `elsewhere` says why only `modes` have what it hurts, and `notably` the same of modes of which there is more to say:
    the reasons of skipped cases. `pod_ranges` is whether it knows packets of pods by their addresses.
    """

    modes: frozenset[ProxyMode] = frozenset(ProxyMode)
    elsewhere: str = ""
    notably: Mapping[ProxyMode, str] = field(default_factory=dict)
    root_on_node: bool = True
    own_kernel: bool = False
    pod_ranges: bool = False

    def lacking_in(self, mode: ProxyMode) -> str | None:
        """Why it cannot be in this mode; None if it can."""
        return None if mode in self.modes else self.notably.get(mode, self.elsewhere)


def in_every_mode(radius: BlastRadius, *, carried: BlastRadius | None = None) -> dict[ProxyMode, BlastRadius]:
    """A blast radius that is the same in every mode, but for those whose kube-proxy carries each connection itself.

    What hurts it, or holds it up, reaches farther there: `carried`, if it is given.
    """
    return {mode: carried if carried and traits(mode).carries_connections else radius for mode in ProxyMode}


class NotLanded(Inconclusive):
    """The fault was injected, but the node or the cluster does not show it. Nothing follows from such a run."""


class NotHeld(Inconclusive):
    """The fault landed, but it was undone too early, or by somebody else. Nothing follows from such a run."""


class NoParameters(BaseModel):
    """Parameters of a fault that has none. Any that is given is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Scene:
    """Where a fault is injected, and where it writes what it does.

    `dead_man_s` is after how many seconds the node undoes the fault by itself. `node` is the one that is hurt;
    for a fault that touches no node it only names the event.
    """

    cluster: Cluster
    node: Node
    journal: Journal
    events: EventLog | None
    dead_man_s: float


class Fault(Protocol):
    """One fault on one target. `id` is unique; the events and the journal carry it."""

    name: ClassVar[str]
    needs: ClassVar[Needs]

    @classmethod
    def blast_radius(cls, mode: ProxyMode) -> BlastRadius:
        """Which clients may feel it at all in this mode. It is said here, and nowhere else."""
        ...

    @property
    def id(self) -> str: ...

    def inject(self) -> None:
        """Write down how to undo it, then do it. Raises UsageError if it is injected already."""
        ...

    def landed(self) -> str:
        """Evidence, read from the node or the cluster, that it is in effect. Raises NotLanded if it is not."""
        ...

    def held(self) -> str:
        """Evidence, read now, that it is still in effect. Raises NotHeld if it is not."""
        ...

    def over_by_itself(self, within_s: float) -> str:
        """Wait until nothing of it is left, without anybody's help, and return the evidence.

        Raises NotInTime after `within_s`, NotHeld if it was the node's own dead-man timer that undid it.
        """
        ...

    def heal(self) -> None:
        """Undo it. Safe to repeat, and without effect on a fault that was not injected or whose target is gone."""
        ...

    def is_over(self) -> bool:
        """Whether nothing of it is left at this moment, by healing or by itself. Writes nothing."""
        ...

    def healed(self) -> str:
        """Evidence that nothing of it is left; waits for it. Raises HealFailed if something stays."""
        ...


def refuse_unfit(name: str, needs: Needs, cluster: Cluster, node: Node) -> None:
    """Raise UsageError, before anything was changed, where this node of this cluster cannot take this fault."""
    if cluster.mode not in needs.modes:
        fitting = ", ".join(sorted(needs.modes))
        raise UsageError(
            f"fault {name} does not fit cluster {cluster.name}: it hurts the {fitting} mode, "
            f"and kube-proxy there runs in {cluster.mode} mode",
            f"use a cluster in {fitting} mode, or another fault",
        )
    if needs.own_kernel and node.kernel is not NodeKernel.OWN:
        raise UsageError(
            f"fault {name} changes the kernel of its node, and {node.name} of cluster {cluster.name} shares the host's",
            "give nodes a kernel of their own: --kp-node-kernel own, `gauntlet cluster up --node-kernel own`",
        )
