"""The word Provider: where a cluster comes from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from gauntlet.ground.cluster import Cluster, NodeKernel, ProxyMode
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.family import Family
from gauntlet.providers.existing.options import ExistingOptions
from gauntlet.providers.kind.options import KindOptions

if TYPE_CHECKING:
    # The command line imports this package for the names of the providers, and has to be quick.
    from gauntlet.build.cache import Say
    from gauntlet.subject import Subject

_Record = TypeVar("_Record")

# A kernel that may be asked for beside those of NodeKernel: the one that the mode needs.
AUTO = "auto"


@dataclass(frozen=True)
class ClusterSpec:
    """What cluster is wanted.

    `keep` asks for a cluster that outlives the process that creates it. `name` is unique among the clusters of this
    user. `kind` is for the kind provider alone, `existing` for that of existing clusters, whose subject is the one
    found there. `replacements` are subjects whose kube-proxies the nodes of a new cluster may be given later
    (RollingCluster). `families` are the IP families that are asked for, the primary one first; none: those that the
    provider's clusters have.
    """

    name: str
    subject: Subject
    replacements: tuple[Subject, ...] = ()
    nodes: int = 3
    keep: bool = False
    kernel: NodeKernel = NodeKernel.HOST
    families: tuple[Family, ...] = ()
    kind: KindOptions = field(default_factory=KindOptions)
    existing: ExistingOptions = field(default_factory=ExistingOptions)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """All whose kube-proxies its nodes may run, the first one first."""
        return (self.subject, *self.replacements)

    @property
    def mode(self) -> ProxyMode:
        return self.subject.mode

    @property
    def version(self) -> str:
        """Version of its kube-proxies, as the subject has it."""
        return self.subject.version


class SubjectCluster(Cluster, Protocol):
    """A cluster of a provider, which knows of which subject it is."""

    @property
    def subject(self) -> Subject: ...


class ProxyDoesNotServe(GauntletError):
    """The kube-proxy that a node was given did not get its rules into effect in time."""


@runtime_checkable
class RollingCluster(SubjectCluster, Protocol):
    """A cluster whose nodes can be given another kube-proxy, one by one, while it runs."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The subjects whose kube-proxies its nodes can run, that of its start first."""
        ...

    def subject_of(self, node: str) -> Subject:
        """The subject that this node was last given."""
        ...

    def replace_proxy(self, node: str, subject: Subject) -> None:
        """Stop the node's kube-proxy, start that of another subject, and return when it has its rules in effect.

        As a rolling update of the DaemonSet does: the old one has ended before the new one starts. The same subject
        again is a restart. Changes by `configure_proxies` go with the kube-proxy that they were made for. Once all
        nodes have the same one, what the cluster says of its kube-proxies (`mode`, `version`, `origin`,
        `proxy_sha256`, `subject`) is that one's.

        Raises UsageError for a subject that is not among `subjects`, and ProxyDoesNotServe if the new kube-proxy
        does not serve in time. Then the node keeps trying to start it, until it is given another one.
        """
        ...


class Provider(Protocol):
    """Creates, finds and deletes clusters. Raises EnvironmentUnfit if it cannot work here."""

    @property
    def name(self) -> str: ...
    @property
    def makes_clusters(self) -> bool:
        """Whether clusters begin with `create` and end with `delete`.

        Others are somebody's: taken in the mode and version that they are found in, and still running after `delete`,
        with every fault that was not healed before.
        """
        ...

    @property
    def runs_daemon_sets(self) -> bool:
        """Whether something in its clusters makes the Pods of DaemonSets."""
        ...

    @property
    def reachable(self) -> bool:
        """Whether packets from this machine reach the nodes."""
        ...

    @property
    def unprivileged(self) -> bool:
        """Whether nodes have no more rights than this user, who is not root."""
        ...

    @property
    def zoned(self) -> bool:
        """Whether the nodes of the clusters that it makes are labelled with zones, of which there are two or more."""
        ...

    @property
    def dual_stack(self) -> bool:
        """Whether the clusters that it makes may have both IP families."""
        ...

    @property
    def clusters_at_once(self) -> int:
        """How many clusters of one subject a run may make at once, if the processors bear them."""
        ...

    @property
    def environment(self) -> tuple[str, ...]:
        """Names of the environment variables that say where its clusters are made."""
        ...

    @property
    def modes(self) -> tuple[ProxyMode, ...]:
        """The modes in which it can bring up a cluster."""
        ...

    def kernel_for(self, mode: ProxyMode) -> NodeKernel:
        """Whose kernel nodes need for this mode: the host's where it has what the mode needs, else their own."""
        ...

    def require_kernel(self, mode: ProxyMode, kernel: NodeKernel) -> None:
        """Raises UsageError or EnvironmentUnfit if nodes on this kernel cannot run kube-proxy in this mode."""
        ...

    def check(self, spec: ClusterSpec) -> None:
        """Raises UsageError or EnvironmentUnfit if `create` would; builds nothing, and changes no cluster."""
        ...

    def prepare(self, spec: ClusterSpec, say: Say) -> None:
        """Build what `create` would build unseen, if that takes minutes, and say so."""
        ...

    def create(self, spec: ClusterSpec) -> SubjectCluster:
        """Bring up a cluster and return when its API server and proxies serve. This process uses it from then on.

        Raises ClusterInUse if another process uses a cluster of this name.
        """
        ...

    def connect(self, kubeconfig: Path) -> SubjectCluster:
        """The running cluster that this kubeconfig belongs to. Raises UsageError if it is none of ours."""
        ...

    def list(self) -> tuple[SubjectCluster, ...]:
        """The running clusters of this user, and, on the way, clean-up of what dead ones left. See also `broken`."""
        ...

    def broken(self) -> Mapping[str, GauntletError]:
        """What `list` cannot give though something of it may be there, by the names of the clusters: why, and a remedy.

        One whose record cannot be read does not keep the others from being listed.
        """
        ...

    def knows(self, name: str) -> bool:
        """Whether a cluster of this name runs, or has left something in this user's state."""
        ...

    def keep_logs(self, name: str, into: Path) -> None:
        """Copy what a running cluster has logged into a folder. Raises GauntletError if that fails."""
        ...

    def delete(self, name: str) -> None:
        """End a cluster and verify that nothing of it is left. A cluster that is gone counts as deleted.

        Raises ClusterInUse if another process uses it, and OpenFaults if it would go on with faults in it that only
        its journal knows.
        """
        ...


def chosen_kernel(maker: Provider, mode: ProxyMode, asked: str) -> NodeKernel:
    """Whose kernel nodes get: `host` or `own` as asked for, with `auto` what the mode needs.

    Raises UsageError or EnvironmentUnfit if they cannot run kube-proxy in this mode on it.
    """
    if asked == AUTO:
        return maker.kernel_for(mode)
    maker.require_kernel(mode, NodeKernel(asked))
    return NodeKernel(asked)


def require_distinct(spec: ClusterSpec) -> None:
    """Raises UsageError if two subjects of a cluster have the same name, by which its nodes are given them."""
    names = Counter(each.name for each in spec.subjects)
    twice = [name for name, times in names.items() if times > 1]
    if twice:
        raise UsageError(
            f"two subjects of cluster {spec.name} have the name {twice[0]}",
            "name each, as in before=nftables@1.36,after=nftables@1.37",
        )


def names_in(folder: Path) -> frozenset[str]:
    """Names of the clusters that have a state folder here."""
    return frozenset(entry.name for entry in folder.iterdir()) if folder.is_dir() else frozenset()


def read_each(
    folder: Path, load: Callable[[str], _Record | None]
) -> tuple[dict[str, _Record | None], dict[str, GauntletError]]:
    """The records of the clusters that have a state folder here, None if one has none yet; and why others are unread.

    Both by the names of the clusters. `load` raises UsageError for a record that is not to be used.
    """
    records: dict[str, _Record | None] = {}
    unreadable: dict[str, GauntletError] = {}
    for name in sorted(names_in(folder)):
        try:
            records[name] = load(name)
        except UsageError as error:
            unreadable[name] = error
    return records, unreadable
