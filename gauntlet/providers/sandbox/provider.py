"""Creates, finds and deletes sandbox clusters."""

from __future__ import annotations

import logging
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gauntlet.build.cache import Say
from gauntlet.ground import ending, paths
from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.environment import PROXY_PATH
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.family import BOTH, Family
from gauntlet.ground.journal import lock
from gauntlet.kube import kubeconfig as kubeconfigs
from gauntlet.providers import programs
from gauntlet.providers.protocol import ClusterSpec, Provider, names_in, read_each, require_distinct
from gauntlet.providers.record_file import UnreadableRecord
from gauntlet.providers.sandbox import iptables_tools, layout, proxy_programs, uml_package, world, xstate
from gauntlet.providers.sandbox.cluster import SandboxCluster
from gauntlet.providers.sandbox.fitness import host_lacks
from gauntlet.providers.sandbox.layout import ClusterRecord, ForeignCluster
from gauntlet.proxy.modes import traits

# A folder without a record is one that another run is just making, unless it is older than this.
_BEING_MADE_S = 60.0
_IPV6 = Path("/proc/sys/net/ipv6")
_log = logging.getLogger(__name__)


class SandboxProvider:
    """See gauntlet.providers.protocol.Provider."""

    name = "sandbox"
    makes_clusters = True
    runs_daemon_sets = False
    # They are namespaces without an uplink.
    reachable = False
    zoned = True
    dual_stack = True
    clusters_at_once = 2
    environment = ()
    modes = tuple(ProxyMode)

    def __init__(self) -> None:
        self._mine: dict[str, world.World] = {}

    @property
    def unprivileged(self) -> bool:
        return os.geteuid() != 0

    def kernel_for(self, mode: ProxyMode) -> NodeKernel:
        lack = host_lacks(mode)
        if not lack:
            return NodeKernel.HOST
        try:
            world.require_tools(NodeKernel.OWN)
        except EnvironmentUnfit as error:
            what = f"this machine's kernel cannot serve kube-proxy in {mode} mode ({lack}), and {error.what}"
            raise EnvironmentUnfit(what, error.remedy) from None
        return NodeKernel.OWN

    def require_kernel(self, mode: ProxyMode, kernel: NodeKernel) -> None:
        if kernel is NodeKernel.OWN and (missing := traits(mode).guests_lack):
            raise UsageError(
                f"nodes with a kernel of their own cannot run kube-proxy in {mode} mode: User-Mode Linux has {missing}",
                "let them use this machine's kernel: --kp-node-kernel host, `gauntlet cluster up --node-kernel host`",
            )
        if kernel is NodeKernel.OWN:
            world.require_tools(kernel)
        if kernel is NodeKernel.HOST and (lack := host_lacks(mode)):
            raise EnvironmentUnfit(
                f"this machine's kernel cannot serve kube-proxy in {mode} mode: {lack}",
                "let them have one of their own: --kp-node-kernel own, `gauntlet cluster up --node-kernel own`",
            )

    def prepare(self, spec: ClusterSpec, say: Say) -> None:
        for subject in spec.subjects:
            programs.ensure(subject, say)

    def create(self, spec: ClusterSpec) -> SandboxCluster:
        self.check(spec)
        spec = replace(spec, families=served_families(spec))
        lock.take(self.name, spec.name)
        try:
            return self._create(spec)
        except BaseException:
            lock.release(self.name, spec.name)
            raise

    def _create(self, spec: ClusterSpec) -> SandboxCluster:
        self._refuse_taken(spec.name)
        binaries, proxies = proxy_programs.gathered(spec, _log.warning)
        if spec.kernel is NodeKernel.OWN:
            uml_package.ensure(_log.warning)
            if xstate.is_needed():
                binaries = replace(binaries, programs={**binaries.programs, xstate.LIBRARY: xstate.ensure()})
        before = os.environ.get(PROXY_PATH, "")
        proxy_path = str(Path(before).resolve()) if before else ""
        try:
            with ending.held_back():
                started = self._mine[spec.name] = world.World.start(spec, binaries, proxies, proxy_path)
            return SandboxCluster(started.wait_up())
        except GauntletError:
            # The logs stay until the next start, for the reader of the error.
            with ending.held_back():
                if failed := self._mine.pop(spec.name, None):
                    failed.end()
            raise
        except BaseException:
            self.delete(spec.name)
            raise

    def connect(self, kubeconfig: Path) -> SandboxCluster:
        name = kubeconfigs.cluster_name(kubeconfig)
        record = ClusterRecord.load(name)
        if record is None or not record.init_pid or not record.alive():
            raise UsageError(f"sandbox cluster {name} of {kubeconfig} no longer runs", "gauntlet cluster list")
        return SandboxCluster(record)

    def list(self) -> tuple[SandboxCluster, ...]:
        found: list[SandboxCluster] = []
        records, _ = read_each(layout.clusters_dir(), ClusterRecord.load)
        for name, record in records.items():
            folder = layout.state_dir(name)
            if record is not None and record.alive():
                if record.init_pid:
                    found.append(SandboxCluster(record))
            elif record is not None or time.time() - folder.stat().st_mtime > _BEING_MADE_S:
                shutil.rmtree(folder, ignore_errors=True)
                lock.clear(self.name, name)
        return tuple(found)

    def broken(self) -> Mapping[str, GauntletError]:
        """Those whose record cannot be read.

        What a killed run left goes at the next start, and clusters of other versions are theirs.
        """
        _, unread = read_each(layout.clusters_dir(), ClusterRecord.load)
        return {name: error for name, error in unread.items() if not isinstance(error, ForeignCluster)}

    def keep_logs(self, name: str, into: Path) -> None:
        try:
            shutil.copytree(layout.state_dir(name) / "logs", into, dirs_exist_ok=True)
        except (OSError, shutil.Error) as error:
            raise GauntletError(f"the logs of {name} could not be copied to {into}: {error}") from error

    def knows(self, name: str) -> bool:
        return name in names_in(layout.clusters_dir())

    def delete(self, name: str) -> None:
        """Faults need no healing first: with the world every node ends that could be hurt."""
        with ending.held_back(), lock.ending(self.name, name):
            self._end(name)
            if layout.state_dir(name).exists():
                shutil.rmtree(layout.state_dir(name))

    def _end(self, name: str) -> None:
        if started := self._mine.pop(name, None):
            started.end()
        try:
            record = ClusterRecord.load(name)
        except UnreadableRecord:
            world.end_unrecorded(name)
            return
        if record is not None:
            world.end(record)

    def check(self, spec: ClusterSpec) -> None:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", spec.name):
            raise UsageError(
                f"{spec.name!r} is no name for a cluster", "use 1 to 40 small letters, digits and inner dashes"
            )
        world.require_tools()
        for subject in spec.subjects:
            programs.require_pinned(subject)
            self.require_kernel(subject.mode, spec.kernel)
        require_distinct(spec)
        iptables_tools.require(spec)
        _require_families(served_families(spec))
        if not 1 <= spec.nodes <= layout.MOST_NODES:
            raise UsageError(f"a sandbox cluster of {spec.nodes} nodes", f"ask for 1 to {layout.MOST_NODES}")
        proxy_path = os.environ.get(PROXY_PATH, "")
        if proxy_path and not Path(proxy_path).is_dir():
            raise UsageError(f"{PROXY_PATH}={proxy_path} is not a folder", "name a folder or unset it")
        paths.require_writable(layout.clusters_dir())
        self._refuse_taken(spec.name)
        world.flags()

    def _refuse_taken(self, name: str) -> None:
        self.list()
        if layout.state_dir(name).exists():
            raise UsageError(
                f"there is a sandbox cluster {name} already",
                f"choose another name, or end it: gauntlet cluster down {name}",
            )


PROVIDER: type[Provider] = SandboxProvider


def served_families(spec: ClusterSpec) -> tuple[Family, ...]:
    """The families of a cluster to be made: the primary one alone if a kube-proxy that it may have serves no other."""
    families = spec.families or BOTH
    modes = {subject.mode for subject in spec.subjects}
    return families[:1] if any(traits(mode).one_family for mode in modes) else families


def _require_families(families: Sequence[Family]) -> None:
    """Raises EnvironmentUnfit if this machine's kernel has no IPv6 and the cluster is to have it."""
    if Family.IPV6 in families and not _IPV6.exists():
        raise EnvironmentUnfit(
            "this machine's kernel has no IPv6, which clusters have beside IPv4",
            "have IPv4 alone (--kp-families ipv4, `gauntlet cluster up --families ipv4`) or boot without ipv6.disable",
        )
