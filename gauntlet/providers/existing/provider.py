"""Somebody's cluster, by kubeconfig and context: never made, never deleted, and only touched where that is allowed."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import yaml

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.build.cache import Say
from gauntlet.build.images import making
from gauntlet.ground import paths
from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.journal import lock
from gauntlet.ground.journal.store import journal_in, require_healed
from gauntlet.kube import kubeconfig as kubeconfigs
from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.providers.existing import marker, node_access
from gauntlet.providers.existing.cluster import ExistingCluster
from gauntlet.providers.existing.record import ExistingRecord, clusters_dir, state_dir
from gauntlet.providers.existing.survey import Survey, glance, nodes_of, survey
from gauntlet.providers.node_record import NodeRecord
from gauntlet.providers.protocol import ClusterSpec, Provider, names_in, read_each

NAME = "existing"
_SYSTEM_PODS = "/api/v1/namespaces/kube-system/pods"


class ExistingProvider:
    """See gauntlet.providers.protocol.Provider."""

    name = NAME
    makes_clusters = False
    runs_daemon_sets = True
    reachable = True
    unprivileged = zoned = dual_stack = False
    clusters_at_once = 1
    environment = ()
    modes = tuple(ProxyMode)

    def kernel_for(self, mode: ProxyMode) -> NodeKernel:
        self.require_kernel(mode, NodeKernel.HOST)
        return NodeKernel.HOST

    def require_kernel(self, mode: ProxyMode, kernel: NodeKernel) -> None:
        """Nodes are in the mode that they are in; there is nothing to lack."""
        if kernel is NodeKernel.OWN:
            raise UsageError(
                f"nodes of somebody's cluster ({mode} mode) are no machines that the gauntlet could crash and boot",
                "leave --kp-node-kernel out; the sandbox provider has such nodes",
            )

    def check(self, spec: ClusterSpec) -> None:
        paths.require_writable(clusters_dir())
        refuse_busy(survey(spec.existing))

    def prepare(self, spec: ClusterSpec, say: Say) -> None:
        """Nothing runs there but what is there already, and the client image."""

    def create(self, spec: ClusterSpec) -> ExistingCluster:
        """Get onto the nodes of the cluster that `spec.existing` means; `spec.mode` is the one found there.

        What a run that was killed left of its own is cleared away first; its faults are for the journal to heal.
        Raises UsageError, before anything was changed, where the gauntlet may not act there.
        """
        found = survey(spec.existing)
        lock.take(self.name, found.name)
        try:
            return self._enter(found, spec)
        except BaseException:
            lock.release(self.name, found.name)
            raise

    @contextmanager
    def visit(self, spec: ClusterSpec) -> Iterator[ExistingCluster]:
        """Get onto the nodes for a look around, and leave again. Raises what `create` does.

        What a run that was killed left stays as it is if faults are among it: healing them needs it.
        """
        found = glance(spec.existing)
        with lock.used(self.name, found.name):
            before = ExistingRecord.load(found.name)
            if before is not None and journal_in(state_dir(found.name)).open():
                there = {node.metadata.name for node in nodes_of(Api(found.access.client))}
                nodes = tuple(node for node in before.nodes if node.name in there)
                cluster = ExistingCluster(replace(before, nodes=nodes))
                cluster.entrance.open()
                yield cluster
                return
            entered = self._enter(found, spec)
            try:
                yield entered
            finally:
                self.delete(entered.name)

    def claim(self, spec: ClusterSpec) -> ExistingCluster:
        """Use a cluster without getting onto its nodes: no privileged pod is made. `delete` ends it as ever.

        Raises what `create` does, but needs no way from this machine to the nodes; and OpenFaults if a run that was
        killed left faults: to heal them needs the way onto the nodes.
        """
        found = glance(spec.existing)
        lock.take(self.name, found.name)
        try:
            require_healed(found.name, journal_in(state_dir(found.name)))
            record, before = self._begin(found, spec)
            api = Api(found.access.client)
            node_access.refuse_forbidden_claim(api, record.run)
            with self._recorded(record, before, found):
                node_access.claim(api, record.run)
        except BaseException:
            lock.release(self.name, found.name)
            raise
        return ExistingCluster(record)

    def _begin(self, found: Survey, spec: ClusterSpec) -> tuple[ExistingRecord, ExistingRecord | None]:
        """The record of a run that begins, and that of one that was killed, whose things are gone by now."""
        before = refuse_busy(found)
        image = spec.existing.client_image or making.client_image(DEFAULT_VERSION, say=lambda _: None)
        if before is not None:
            sweep(Api(found.access.client))
        return _record(found, spec, secrets.token_hex(4), image), before

    def _enter(self, found: Survey, spec: ClusterSpec) -> ExistingCluster:
        record, before = self._begin(found, spec)
        api = Api(found.access.client)
        node_access.refuse_forbidden(api, record.run, record.image)
        cluster = ExistingCluster(record)
        with self._recorded(record, before, found):
            cluster.entrance.open()
        return cluster

    @contextmanager
    def _recorded(self, record: ExistingRecord, before: ExistingRecord | None, found: Survey) -> Iterator[None]:
        """Keep the record of what is about to be made. If that fails, it is taken away again, and then the record."""
        _write(record, found)
        try:
            yield
        except BaseException:
            sweep(Api(found.access.client))
            if before is None:
                shutil.rmtree(state_dir(record.name))
            raise

    def connect(self, kubeconfig: Path) -> ExistingCluster:
        name = kubeconfigs.cluster_name(kubeconfig)
        record = ExistingRecord.load(name)
        if record is None:
            raise UsageError(f"no run is at work in cluster {name} of {kubeconfig}", "gauntlet cluster list")
        return ExistingCluster(record)

    def list(self) -> tuple[ExistingCluster, ...]:
        """Those that a run is at work in, or was killed in."""
        records, _ = read_each(clusters_dir(), ExistingRecord.load)
        return tuple(ExistingCluster(record) for record in records.values() if record is not None)

    def broken(self) -> Mapping[str, GauntletError]:
        return read_each(clusters_dir(), ExistingRecord.load)[1]

    def keep_logs(self, name: str, into: Path) -> None:
        """What kube-proxies have logged, by the API server."""
        record = ExistingRecord.load(name)
        if record is None:
            return
        api = Api(ExistingCluster(record).api)
        into.mkdir(parents=True, exist_ok=True)
        for pod in api.list(PodObject, _SYSTEM_PODS, {"labelSelector": "k8s-app=kube-proxy"}):
            log = api.get(f"{_SYSTEM_PODS}/{pod.metadata.name}/log")
            (into / f"{pod.metadata.name}.log").write_bytes(log)

    def knows(self, name: str) -> bool:
        return name in names_in(clusters_dir())

    def delete(self, name: str) -> None:
        """Take away what the gauntlet made in this cluster, and verify that. The cluster and its marker stay."""
        with lock.ending(self.name, name):
            record = ExistingRecord.load(name)
            require_healed(name, journal_in(state_dir(name)))
            if record is not None:
                sweep(Api(ExistingCluster(record).api))
            if state_dir(name).exists():
                shutil.rmtree(state_dir(name))


PROVIDER: type[Provider] = ExistingProvider


def refuse_busy(found: Survey) -> ExistingRecord | None:
    """Raise UsageError if another run is at work in a cluster, or was killed there by others; changes nothing.

    Also if a run of this user was killed there and left a fault on a node that is away just now: healing would take it
    for gone. Returns the record of a run of this user that was killed there, if there is one.
    """
    owner = lock.user(NAME, found.name)
    if owner is not None and not owner.started_me:
        raise lock.ClusterInUse(found.name, owner)
    before = ExistingRecord.load(found.name)
    api = Api(found.access.client)
    node_access.refuse_other(api, "" if before is None else before.run)
    hurt = {each.node for each in journal_in(state_dir(found.name)).open()}
    away = hurt - {node.metadata.name for node in found.nodes}
    if still_there := sorted(node.metadata.name for node in nodes_of(api) if node.metadata.name in away):
        raise UsageError(
            f"a run that was killed left faults on {', '.join(still_there)}, which is not ready",
            f"bring the node back, or delete it for good (kubectl delete node); then gauntlet heal --name {found.name}",
        )
    return before


def sweep(api: Api) -> None:
    """Delete the gauntlet's namespaces, but for its marker, and the way onto the nodes; wait until they are gone."""
    names = [each.metadata.name for each in marker.own(api) if each.metadata.name != marker.NAMESPACE]
    marker.delete_namespaces(api, names)
    if marker.found(api) is not None:
        node_access.remove(api)


def _record(found: Survey, spec: ClusterSpec, run: str, image: str) -> ExistingRecord:
    nodes = tuple(NodeRecord.of(node) for node in found.nodes)
    return ExistingRecord(
        name=found.name,
        context=found.access.context,
        run=run,
        mode=str(spec.mode),
        version=spec.version,
        control_plane_version=found.version,
        kernel=", ".join(sorted({node.status.node_info.kernel_version for node in found.nodes})),
        api_address=found.api_address,
        image=image,
        nodes=nodes,
        targets=found.targets,
        at_once=found.at_once,
        outside=found.outside,
    )


def _write(record: ExistingRecord, found: Survey) -> None:
    """Keep the record, and a kubeconfig of this one context, which tells whose it is. Only this user can read them."""
    folder = state_dir(record.name)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    single = kubeconfigs.single(found.access.kubeconfig, record.context, kubeconfigs.Origin(NAME, record.name))
    replace_file(folder / "kubeconfig", yaml.safe_dump(single, sort_keys=False), mode=0o600)
    record.save()
