"""Somebody's cluster in a rehearsal: whatever would be changed there is told, and nothing is."""

from __future__ import annotations

import copy
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from gauntlet.build.cache import Say
from gauntlet.ground.cluster import Completed, HostKind, Json, Limits, NodeKernel, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import Addressed
from gauntlet.kube.api import Api
from gauntlet.kube.objects import PodObject
from gauntlet.providers.existing.rehearsal_api import RehearsingClient
from gauntlet.providers.existing.survey import Survey

# No process has it: the most that Linux allows is one less (PID_MAX_LIMIT).
_PID = 4194305
_PID_WORDS = "<pid of kube-proxy>"
_STAT = f"{_PID} (kube-proxy) S" + " 0" * 49


class Teller:
    """Tells of commands, unless they only look."""

    def __init__(self, say: Say) -> None:
        self.say = say
        self._looking = False

    @contextmanager
    def looking(self) -> Iterator[None]:
        """For as long as this lasts, commands are known to change nothing."""
        self._looking = True
        try:
            yield
        finally:
            self._looking = False

    def command(self, host: str, argv: Sequence[str]) -> None:
        if not self._looking:
            self.say(f"run on {host}: {shlex.join(argv).replace(str(_PID), _PID_WORDS)}")


@dataclass(frozen=True)
class RehearsedHost(Addressed):
    """A place where no command is ever run. Each succeeds and prints nothing."""

    teller: Teller
    name: str
    kind: HostKind
    node: str | None
    addresses: tuple[str, ...]

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,  # noqa: ARG002 - the protocol's
        timeout_s: float = 30.0,  # noqa: ARG002
        check: bool = True,  # noqa: ARG002
    ) -> Completed:
        if tuple(argv) == ("cat", f"/proc/{_PID}/stat"):
            return Completed(tuple(argv), 0, _STAT, "")
        if tuple(argv[:2]) == ("ip", "-json"):
            return Completed(tuple(argv), 0, "[]", "")
        self.teller.command(self.name, argv)
        return Completed(tuple(argv), 0, "", "")

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,  # noqa: ARG002
        stdin: int | IO[str] | None = None,  # noqa: ARG002
        stdout: int | IO[str] | None = None,  # noqa: ARG002
        stderr: int | IO[str] | None = None,  # noqa: ARG002
    ) -> subprocess.Popen[str]:
        raise UsageError(f"a rehearsal starts nothing: {shlex.join(argv)}", "leave --kp-dry-run out")

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),  # noqa: ARG002
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return self.spawn(("python3", "-m", module), stdin=stdin, stdout=stdout, stderr=stderr)


@dataclass(frozen=True)
class RehearsedNode(RehearsedHost):
    pod_cidrs: tuple[str, ...]
    kernel: NodeKernel = NodeKernel.HOST

    def proxy_pid(self) -> int | None:
        return _PID

    def proxy_log(self) -> str:
        return ""


class RehearsedCluster:
    """See gauntlet.ground.cluster.Cluster. Its journal is in a folder that goes with it."""

    provider = "existing"
    refuses_freely = False

    def __init__(self, found: Survey, mode: ProxyMode, version: str, image: str, say: Say) -> None:
        self.teller = Teller(say)
        self.name = found.name
        self.mode = mode
        self.version = version
        self.origin = ""
        self.proxy_sha256 = ""
        self.control_plane_version = found.version
        self.kernel = ", ".join(sorted({node.status.node_info.kernel_version for node in found.nodes}))
        self.api = RehearsingClient(found.access.client, say)
        self.api_address = found.api_address
        self.kubeconfig = found.access.kubeconfig
        self.client_image: str | None = image
        self._folder = tempfile.TemporaryDirectory(prefix="gauntlet-rehearsal-")
        self.state_dir = Path(self._folder.name)
        self.limits = Limits(frozenset(found.targets), found.at_once, reconfigurable=False)
        self.outside = RehearsedHost(self.teller, "outside", HostKind.OUTSIDE, None, (found.outside,))
        self.families = found.families
        self.nodes = tuple(
            RehearsedNode(
                self.teller,
                node.metadata.name,
                HostKind.NODE,
                node.metadata.name,
                node.addresses,
                pod_cidrs=node.spec.pod_ranges,
            )
            for node in found.nodes
        )

    def node(self, name: str) -> RehearsedNode:
        for node in self.nodes:
            if node.name == name:
                return node
        raise UsageError(f"cluster {self.name} has no node {name!r}", "kubectl get nodes")

    @property
    def looked_at(self) -> RehearsedCluster:
        """The same cluster, for who only looks: commands on its nodes are known to change nothing, and are not told."""
        quiet = copy.copy(self)
        quiet.nodes = tuple(replace(node, teller=Teller(lambda _: None)) for node in self.nodes)
        return quiet

    def serving(self) -> AbstractContextManager[None]:
        """Nothing is to be served."""
        return nullcontext()

    def configure_proxies(self, changes: Mapping[str, Json]) -> None:
        raise UsageError(f"kube-proxy's configuration is not changed in somebody's cluster ({dict(changes)})")

    def pod(self, namespace: str, name: str) -> RehearsedHost:
        pod = Api(self.api).one(PodObject, f"/api/v1/namespaces/{namespace}/pods/{name}")
        full_name = f"{namespace}/{name}"
        return RehearsedHost(self.teller, full_name, HostKind.POD, pod.spec.node_name, pod.addresses)
