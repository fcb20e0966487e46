"""Clusters of kind, through pytest-kind's KindCluster. This file alone imports pytest-kind, which is under the GPL."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gauntlet.build import docker
from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.build.cache import Say
from gauntlet.build.images import making
from gauntlet.build.images.node import NETWORK_LABEL
from gauntlet.build.toolchain import pinned_minor, toolchain_root
from gauntlet.ground import paths
from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.journal import lock
from gauntlet.kube import kubeconfig as kubeconfigs
from gauntlet.providers.kind import bringup as kind_bringup
from gauntlet.providers.kind import config as kind_config
from gauntlet.providers.kind import containers, proxy_images
from gauntlet.providers.kind import tools as kind_tools
from gauntlet.providers.kind.admission import refuse_containers, require_makeable, stopped, unfinished
from gauntlet.providers.kind.cluster import (
    KindRecord,
    RunningKindCluster,
    clusters_dir,
    failed_dir,
    state_dir,
)
from gauntlet.providers.kind.options import KindOptions
from gauntlet.providers.kind.tools import KindTools
from gauntlet.providers.protocol import ClusterSpec, Provider, names_in, read_each
from gauntlet.providers.sandbox.fitness import host_lacks
from gauntlet.proxy.modes import traits
from gauntlet.subject import Subject

if TYPE_CHECKING:
    from pytest_kind import KindCluster  # type: ignore[import-untyped]

_LOGS_S = 120.0


class KindProvider:
    """See gauntlet.providers.protocol.Provider."""

    name = "kind"
    makes_clusters = True
    runs_daemon_sets = True
    reachable = True
    unprivileged = zoned = dual_stack = False
    clusters_at_once = 1
    environment = ("DOCKER_HOST",)
    modes = tuple(ProxyMode)

    def kernel_for(self, mode: ProxyMode) -> NodeKernel:
        self.require_kernel(mode, NodeKernel.HOST)
        return NodeKernel.HOST

    def require_kernel(self, mode: ProxyMode, kernel: NodeKernel) -> None:
        if kernel is NodeKernel.OWN:
            raise UsageError(
                "kind nodes share this machine's kernel: none has one of its own", "use the sandbox provider for that"
            )
        taken = traits(mode).modules
        if taken is not None and (lack := host_lacks(mode)):
            raise EnvironmentUnfit(
                f"kind cannot serve {mode} mode here: its nodes share this machine's kernel, which says: {lack}",
                f"sudo modprobe -a {' '.join(taken.load)}; or use the sandbox provider, whose nodes may have a kernel "
                "of their own",
            )

    def prepare(self, spec: ClusterSpec, say: Say) -> None:
        """Images of nodes are made by `gauntlet images build` alone; without them `create` refuses."""
        if spec.replacements:
            proxy_images.gathered(spec, say)

    def create(self, spec: ClusterSpec) -> RunningKindCluster:
        """Bring up a cluster, or use the one of this name again where it was kept (as pytest-kind does)."""
        self.check(spec)
        lock.take(self.name, spec.name)
        try:
            return RunningKindCluster(self._used_again(spec) or self._new(spec))
        except BaseException:
            lock.release(self.name, spec.name)
            raise

    def _used_again(self, spec: ClusterSpec) -> KindRecord | None:
        """A cluster that was kept, if there is one: what may not leave its nodes is as of today."""
        if (kept := self._kept(spec)) is not None:
            kind_bringup.swallow(kept, kind_config.service_subnet(kind_config.path(spec.mode).read_text("utf-8")))
        return kept

    def _new(self, spec: ClusterSpec) -> KindRecord:
        images = _images(spec)
        tools = kind_tools.find(spec.kind, _image_version(spec))
        return self._create(spec, tools, spec.kind.image or images.node, images)

    def check(self, spec: ClusterSpec) -> None:
        require_makeable(spec)
        docker.require()
        paths.require_writable(clusters_dir())
        kind_tools.require_given(spec.kind)
        if self._kept(spec) is not None:
            return
        refuse_containers(spec.name)
        images = _images(spec)
        missing = [tag for tag in (images.client, spec.kind.image or images.node) if tag in images.missing()]
        if missing:
            raise EnvironmentUnfit(
                f"Docker has no image {', '.join(missing)}",
                "gauntlet images build makes it; --kind-image=kindest/node:vX.Y.Z takes a public node image instead",
            )

    def connect(self, kubeconfig: Path) -> RunningKindCluster:
        name = kubeconfigs.cluster_name(kubeconfig)
        record = KindRecord.load(name)
        docker.require()
        if record is None or containers.idle(record):
            raise UsageError(f"kind cluster {name} of {kubeconfig} no longer runs", "gauntlet cluster list")
        return RunningKindCluster(record)

    def list(self) -> tuple[RunningKindCluster, ...]:
        records, _ = read_each(clusters_dir(), KindRecord.load)
        return tuple(RunningKindCluster(record) for record, idle in containers.looked_at(records) if not idle)

    def broken(self) -> Mapping[str, GauntletError]:
        """Also those whose bring-up was killed (a cluster has its folder before its first container), and stopped ones.

        What another process is making or ending is its own.
        """
        records, unreadable = read_each(clusters_dir(), KindRecord.load)
        free = {name: record for name, record in records.items() if not lock.user(self.name, name)}
        killed = {name: unfinished(name) for name, record in free.items() if record is None}
        idle = {each.name: stopped(each.name, those) for each, those in containers.looked_at(free) if those}
        return unreadable | killed | idle

    def knows(self, name: str) -> bool:
        return name in names_in(clusters_dir())

    def delete(self, name: str) -> None:
        """Faults need no healing first: with its containers every node ends that could be hurt."""
        with lock.ending(self.name, name):
            self._delete(name)

    def _delete(self, name: str) -> None:
        if not state_dir(name).exists():
            return
        docker.require()
        containers.remove_beside(name)
        try:
            record = KindRecord.load(name)
        except UsageError:
            # Another version's, perhaps. To delete a cluster takes no more than its name.
            record = None
        version = record.version.rpartition(".")[0] if record is not None else DEFAULT_VERSION
        with _in(state_dir(name)):
            _kind(name, kind_tools.find(KindOptions(), version), "").delete()
        containers.remove_nodes(name)
        shutil.rmtree(state_dir(name))

    def keep_logs(self, name: str, into: Path) -> None:
        """`kind export logs` of a cluster into a folder. Raises GauntletError if kind cannot."""
        record = KindRecord.load(name)
        if record is None:
            return
        tools = kind_tools.find(KindOptions(), record.version.rpartition(".")[0])
        _export_logs(tools, name, into)

    def _kept(self, spec: ClusterSpec) -> KindRecord | None:
        record = KindRecord.load(spec.name)
        if record is None or containers.idle(record):
            return None
        kept = Subject.of_json(record.subject)
        same = kept.mode is spec.mode and kept.configuration == spec.subject.configuration
        if not same or not spec.subject.may_be(record.version) or spec.kind.image not in ("", record.image):
            raise UsageError(
                f"there is a kind cluster {spec.name} already, of {record.image} ({record.version}) in {record.mode} "
                "mode",
                f"choose another name, or end it: gauntlet cluster down {spec.name}",
            )
        return record

    def _create(self, spec: ClusterSpec, tools: KindTools, image: str, images: making.Images) -> KindRecord:
        proxies = proxy_images.gathered(spec, lambda _: None) if spec.replacements else ()
        folder = state_dir(spec.name)
        if folder.exists():
            # Of a cluster of this name that was never finished; or whose containers are gone, and the faults in them:
            # undone on new nodes, they would be new ones.
            containers.remove(spec.name)
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        config = kind_config.path(spec.mode).read_text(encoding="utf-8")
        network = docker.label(image, NETWORK_LABEL)
        file = folder / "kind.yaml"
        # What differs by subject is laid over the configuration of nodes that get one after the other.
        own = {} if spec.replacements else spec.subject.configuration
        completed = kind_config.complete(config, nodes=spec.nodes, image=image, network=network, configuration=own)
        # On disk before the first container is made: `broken` goes by it.
        replace_file(file, completed)
        try:
            with _in(folder):
                _bring_up(_kind(spec.name, kind_tools.retaining(tools, folder), image), file)
            record = kind_bringup.finish(
                spec, image, images, network=network, service_subnet=kind_config.service_subnet(config)
            )
            return kind_bringup.equip(record, proxies) if proxies else record
        except GauntletError as error:
            error.what += f"\n  {self._bury(spec.name, tools)}"
            raise
        except BaseException:
            self.delete(spec.name)
            raise

    def _bury(self, name: str, tools: KindTools) -> str:
        """Delete a cluster that did not come up. Returns where the logs of its nodes are, or why there are none."""
        logs = failed_dir() / name
        try:
            if not containers.nodes(name):
                return "it has no node whose logs could be kept"
            _export_logs(tools, name, logs)
        except GauntletError as error:
            # What a broken node lacks, kind cannot export, and then calls the whole a failure.
            return f"the logs of its nodes, as far as they could be had: {logs} ({error.what})"
        finally:
            self.delete(name)
        return f"the logs of its nodes: {logs}"


PROVIDER: type[Provider] = KindProvider


def _image_version(spec: ClusterSpec) -> str:
    """The minor version of the images that are made here for a cluster.

    With a node image from elsewhere, any does. Nodes that are given one kube-proxy after the other are under the newest
    control plane, as in the sandbox: it must not be older than any of them.
    """
    newest = bool(spec.kind.image or spec.replacements)
    return DEFAULT_VERSION if newest else pinned_minor(spec.version, toolchain_root())


def _images(spec: ClusterSpec) -> making.Images:
    return making.find(_image_version(spec), say=lambda _: None)


def _kind(name: str, tools: KindTools, image: str) -> KindCluster:
    """Raises EnvironmentUnfit if pytest-kind is not installed. It is loaded only here: that takes a while."""
    try:
        from pytest_kind import KindCluster
    except ModuleNotFoundError as error:
        raise EnvironmentUnfit(f"the kind provider needs pytest-kind: {error}", "make setup") from error
    return KindCluster(
        name, state_dir(name) / "kubeconfig", image=image or None, kind_path=tools.kind, kubectl_path=tools.kubectl
    )


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    """pytest-kind makes a folder .pytest-kind where it stands; that belongs to the cluster's state."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _bring_up(cluster: KindCluster, config: Path) -> None:
    try:
        cluster.create(config)
    except subprocess.CalledProcessError as error:
        raise GauntletError(
            f"kind create cluster ended with {error.returncode}; what it said stands above",
            "gauntlet doctor --kind tells what commonly breaks kind",
        ) from error


def _export_logs(tools: KindTools, name: str, into: Path) -> None:
    """Raises GauntletError if kind cannot, or not in time."""
    argv = [str(tools.kind), "export", "logs", str(into), f"--name={name}"]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=_LOGS_S, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise GauntletError(f"kind export logs was not done after {_LOGS_S:g} s; {into} has what there is") from None
    if done.returncode != 0:
        raise GauntletError(f"kind export logs ended with {done.returncode}: {done.stderr.strip()[-500:]}")
