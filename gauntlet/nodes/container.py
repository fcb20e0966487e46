"""Hosts in Docker containers: kind nodes, pods on them, and the host outside. Reached by `docker exec`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gauntlet.build import docker
from gauntlet.ground.cluster import Completed, HostKind, NodeKernel
from gauntlet.ground.family import Addressed
from gauntlet.nodes import command
from gauntlet.proxy import finder

# A container with this label belongs to the cluster that the label names.
MEMBER_LABEL = "dev.gauntlet.cluster"
# What `timeout --signal=KILL` ends with where it had to kill (coreutils); docker itself needs a moment more.
_KILLED = 137
_DOCKER_S = 15.0
_MATE = "-traffic"


@dataclass(frozen=True)
class ContainerHost(Addressed):
    """A container. Commands run in it as root; one that its caller leaves goes on until its container ends."""

    container: str
    name: str
    kind: HostKind
    node: str | None
    addresses: tuple[str, ...]

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        # timeout(1) in the container: docker exec would leave the command running there.
        bounded = ["timeout", "--signal=KILL", f"{timeout_s:g}", *self._entered(argv)]
        interactive = [] if stdin is None else ["--interactive"]
        done = docker.call("exec", *interactive, self.container, *bounded, stdin=stdin, timeout_s=timeout_s + _DOCKER_S)
        if done.returncode == _KILLED:
            raise command.late(self.name, argv, timeout_s)
        return command.concluded(self.name, argv, (done.returncode, done.stdout, done.stderr), check=check)

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return start(self.container, self._entered(argv), env or {}, stdin=stdin, stdout=stdout, stderr=stderr)

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        argv = self._entered(_python(module, arguments))
        return start(self.container, argv, {}, stdin=stdin, stdout=stdout, stderr=stderr)

    def _entered(self, argv: Sequence[str]) -> list[str]:
        return list(argv)


@dataclass(frozen=True)
class ContainedPod(ContainerHost):
    """A pod on a kind node. `container` is the node; `pid` the pod's first process, as the node counts."""

    pid: int

    def _entered(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--mount", "--uts", "--net", "--", *argv]


@dataclass(frozen=True)
class ContainerNode(ContainerHost):
    """A kind node. `client_image` is that of the container beside it, which is in its network and has a Python."""

    cluster: str
    pod_cidrs: tuple[str, ...]
    client_image: str
    kernel: NodeKernel = NodeKernel.HOST

    def proxy_pid(self) -> int | None:
        """All processes of the node's pods are to be seen in the node's container."""
        return finder.pid_on(self)

    def proxy_log(self) -> str:
        """The files of the kubelet, in the format of CRI logs: a time and a stream stand before each line."""
        script = "cat $(ls -tr /var/log/pods/kube-system_kube-proxy-*/kube-proxy/*.log)"
        return self.run(["sh", "-c", script]).stdout

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        return start(self._mate(), _python(module, arguments), {}, stdin=stdin, stdout=stdout, stderr=stderr)

    def _mate(self) -> str:
        """The container in this node's network, made where there is none, and anew where the node was restarted."""
        mate = self.container + _MATE
        network = _started(self.container)
        made = docker.call("inspect", "--format", '{{.State.Running}} {{index .Config.Labels "network"}}', mate)
        if made.returncode == 0 and made.stdout.split() == ["true", network]:
            return mate
        if made.returncode == 0:
            docker.run("rm", "--force", mate)
        docker.run(
            *("run", "--detach", "--name", mate, "--label", f"{MEMBER_LABEL}={self.cluster}", "--label"),
            *(f"network={network}", f"--network=container:{self.container}", self.client_image),
        )
        return mate


def _python(module: str, arguments: Sequence[str]) -> list[str]:
    """The Python of the client image (gauntlet/build/images/client.Dockerfile), with Locust and the traffic agent."""
    return ["python3", "-P", "-m", module, *arguments]


def _started(container: str) -> str:
    """When the container was started last: a restart gives it a new network."""
    return docker.run("inspect", "--format", "{{.State.StartedAt}}", container).strip()


def start(
    container: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    stdin: int | IO[str] | None,
    stdout: int | IO[str] | None,
    stderr: int | IO[str] | None,
) -> subprocess.Popen[str]:
    """Start a command in a container, and return the process that stands in for it."""
    options = [part for name, value in env.items() for part in ("--env", f"{name}={value}")]
    entered = ["docker", "exec", "--interactive", *options, container, *argv]
    return command.spawn(entered, os.environ, stdin=stdin, stdout=stdout, stderr=stderr)
