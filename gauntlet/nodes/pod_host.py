"""Nodes and pods that are reached through a privileged pod on their node, by the API server's exec alone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from gauntlet.ground.cluster import Completed, HostKind, NodeKernel
from gauntlet.ground.family import Addressed
from gauntlet.kube import exec_channel, pod_exec
from gauntlet.kube.exec_channel import Credentials, Errand
from gauntlet.nodes import command
from gauntlet.proxy import finder

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_LOG = "cat $(ls -tr /var/log/pods/kube-system_kube-proxy-*/kube-proxy/*.log)"


@dataclass(frozen=True, eq=False)
class Door:
    """The privileged pod on one node. `find_pod` gives its name, when it is needed first."""

    client: ApiClient
    namespace: str
    container: str
    find_pod: Callable[[], str]

    def errand(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, most_s: float = exec_channel.UNLIMITED_S
    ) -> Errand:
        credentials = Credentials.of(self.client)
        return Errand(credentials, self.namespace, self.find_pod(), self.container, tuple(argv), env or {}, most_s)


@dataclass(frozen=True, eq=False)
class PodAccessHost(Addressed):
    """A place behind a door. `entered` is what stands before each command: how to get from the door to there."""

    door: Door
    name: str
    kind: HostKind
    node: str
    addresses: tuple[str, ...]
    entered: tuple[str, ...]

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        errand = self.door.errand([*self.entered, *argv], most_s=exec_channel.bounded(timeout_s))
        given = None if stdin is None else stdin.encode()
        try:
            done = exec_channel.run(errand, given, timeout_s)
        except TimeoutError:
            raise command.late(self.name, argv, timeout_s) from None
        return command.concluded(self.name, argv, (done.code, _text(done.stdout), _text(done.stderr)), check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        errand = self.door.errand([*self.entered, *argv], env=env)
        return pod_exec.start(errand, stdin=stdin, stdout=stdout, stderr=stderr)

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        errand = self.door.errand([*self._at_home, "python3", "-P", "-m", module, *arguments])
        return pod_exec.start(errand, stdin=stdin, stdout=stdout, stderr=stderr)

    @property
    def _at_home(self) -> tuple[str, ...]:
        """How to get to where the client image's Python is."""
        return self.entered


def into_pod(pid: int) -> tuple[str, ...]:
    """What enters the pod of this process of the node: its files (those of the client image) and its network."""
    return ("nsenter", f"--target={pid}", "--mount", "--uts", "--net", "--")


@dataclass(frozen=True, eq=False)
class PodAccessNode(PodAccessHost):
    """A node. The door is in its network already, and has the client image's Python."""

    pod_cidrs: tuple[str, ...]
    kernel: NodeKernel = NodeKernel.HOST

    def proxy_pid(self) -> int | None:
        return finder.pid_on(self)

    def proxy_log(self) -> str:
        """The files of the kubelet, in the format of CRI logs: a time and a stream stand before each line."""
        return self.run(["sh", "-c", _LOG]).stdout

    def container_pid(self, container_id: str) -> int | None:
        """The first process of a container, known by its cgroup; None if it has none."""
        script = 'grep -ls "$1" /proc/[0-9]*/cgroup | cut -d / -f 3 | sort -n | head -n 1'
        found = self.run(["sh", "-c", script, "sh", container_id], check=False).stdout.strip()
        return int(found) if found else None

    @property
    def _at_home(self) -> tuple[str, ...]:
        return ()


# What enters the node itself: its files, host name and network, with all of its processes.
INTO_NODE = ("nsenter", "--target=1", "--mount", "--uts", "--ipc", "--net", "--")


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
