"""The words Cluster, Node, Host and ProxyMode, as protocols that every provider fulfils.

A `Host` is a place where a command can run with a network of its own: a pod, a node, or a host
outside the cluster. A `Node` is a host that also runs one kube-proxy.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family

if TYPE_CHECKING:
    # Half a second to load, for a name in an annotation.
    from kubernetes.client import ApiClient


Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


class ProxyMode(StrEnum):
    """`mode` of KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1)."""

    IPTABLES = "iptables"
    NFTABLES = "nftables"
    IPVS = "ipvs"
    USERSPACE = "userspace"


class NodeKernel(StrEnum):
    """Whose kernel the nodes of a cluster run on: the host's, or each one its own (an OwnKernelNode)."""

    HOST = "host"
    OWN = "own"


class MachineState(StrEnum):
    OFF = "off"
    BOOTING = "booting"
    RUNNING = "running"
    FROZEN = "frozen"


class HostKind(StrEnum):
    POD = "pod"
    NODE = "node"
    OUTSIDE = "outside"


@dataclass(frozen=True)
class Limits:
    """What may be hurt in a cluster: which nodes (None: each of them), and how many at once (None: any number).

    `reconfigurable` says whether the configuration of its kube-proxies may be changed.
    """

    targets: frozenset[str] | None = None
    at_once: int | None = None
    reconfigurable: bool = True


# A cluster that was made to be hurt.
NO_LIMITS = Limits()


@dataclass(frozen=True)
class Completed:
    """What a command on a host left behind. `stdout` and `stderr` are decoded as UTF-8."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


class CommandFailed(GauntletError):
    """A command on a host ended with a non-zero exit code, or did not end in time."""

    def __init__(self, host: str, completed: Completed) -> None:
        command = " ".join(completed.argv)
        detail = completed.stderr.strip() or completed.stdout.strip() or "no output"
        super().__init__(f"`{command}` on {host} ended with {completed.code}: {detail}")
        self.completed = completed


class Host(Protocol):
    """A place to run commands. `node` is the node it is on; None for an outside host."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> HostKind: ...
    @property
    def node(self) -> str | None: ...
    @property
    def address(self) -> str:
        """The primary one of `addresses`."""
        ...

    @property
    def addresses(self) -> tuple[str, ...]:
        """One of each IP family that it has, the primary one first."""
        ...

    def address_in(self, family: Family) -> str:
        """Its address of this family. Raises LookupError if it has none."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: str | None = None,
        timeout_s: float = 30.0,
        check: bool = True,
    ) -> Completed:
        """Run a command to its end.

        Raises CommandFailed on a non-zero exit code (unless `check` is False) and on a time-out
        (always; the code is then 124).
        """
        ...

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a command and return at once. It ends, at the latest, with its cluster.

        `env` is added to the environment the host gives its commands.
        """
        ...

    def spawn_module(
        self,
        module: str,
        arguments: Sequence[str] = (),
        *,
        stdin: int | IO[str] | None = None,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start `python -m MODULE` of the gauntlet in this host's network, by a Python that has Locust.

        Whose Python and file system that is, is the provider's business. Only what traffic needs is sure to be there.
        """
        ...


class Node(Host, Protocol):
    """One node: its host, and the kube-proxy on it."""

    @property
    def pod_cidrs(self) -> tuple[str, ...]:
        """The ranges of its pods' addresses, one of each IP family, the primary one first; empty if nobody knows."""
        ...

    @property
    def kernel(self) -> NodeKernel: ...

    def proxy_pid(self) -> int | None:
        """Process id of the running kube-proxy, valid for `kill` on this node; None if none runs.

        Raises CommandFailed if a node that is not off says nothing of its processes.
        """
        ...

    def proxy_log(self) -> str:
        """All that kube-proxy on this node has logged, across restarts."""
        ...


@runtime_checkable
class OwnKernelNode(Node, Protocol):
    """A node that is a machine, with switches. Whatever is done with them, `boot` brings it back."""

    def crash(self) -> None:
        """Take the machine's power away. Without effect where it is off."""
        ...

    def stop(self) -> None:
        """Power the machine off in order. Without effect where it is off."""
        ...

    def freeze(self) -> None:
        """Stop the machine in the middle of what it does. Raises GauntletError if it is off."""
        ...

    def thaw(self) -> None:
        """Let a frozen machine go on. Without effect on one that is not frozen."""
        ...

    def boot(self, *, hidden_modules: Sequence[str] = ()) -> None:
        """Start a machine that is off and return when commands reach it; kube-proxy then starts by itself.

        Its kernel finds no modules of the names in `hidden_modules` ("ip_vs_rr"). Without effect where it runs.
        Raises GauntletError if it does not come up in time, or where the kernel has no such module.
        """
        ...

    def state(self) -> MachineState: ...


class Cluster(Protocol):
    """One cluster in one proxy mode."""

    @property
    def name(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def mode(self) -> ProxyMode: ...
    @property
    def version(self) -> str:
        """Version of its kube-proxies, `1.37.2`. The control plane may be a newer one."""
        ...

    @property
    def origin(self) -> str:
        """Where the program of its kube-proxies comes from, for people; empty if nobody knows."""
        ...

    @property
    def proxy_sha256(self) -> str:
        """SHA-256 of that program if it is the user's own, as it was when the cluster came up; empty otherwise."""
        ...

    @property
    def control_plane_version(self) -> str: ...
    @property
    def kernel(self) -> str: ...
    @property
    def api(self) -> ApiClient: ...
    @property
    def kubeconfig(self) -> Path: ...
    @property
    def nodes(self) -> tuple[Node, ...]: ...
    @property
    def families(self) -> tuple[Family, ...]:
        """The IP families of its nodes and pods, the primary one first; in a sandbox Services may have them as well."""
        ...

    @property
    def outside(self) -> Host: ...
    @property
    def api_address(self) -> str:
        """Address of the API server as the nodes see it, `IP:PORT`."""
        ...

    @property
    def client_image(self) -> str | None:
        """Image of pods that traffic comes from, where `spawn_module` needs its Python; it serves as agnhost does."""

    @property
    def refuses_freely(self) -> bool:
        """Whether its nodes say of each attempt that they refuse it; kernels limit that elsewhere (icmp(7))."""

    @property
    def state_dir(self) -> Path:
        """Where this cluster's journal and logs live, outside the checkout."""
        ...

    @property
    def limits(self) -> Limits:
        """What may be hurt here. Faults ask before they change anything."""
        ...

    def node(self, name: str) -> Node: ...

    def serving(self) -> AbstractContextManager[None]:
        """While this lasts, LoadBalancer Services get an address. Only runs need it."""
        ...

    def configure_proxies(self, changes: Mapping[str, Json]) -> None:
        """Merge `changes` into the KubeProxyConfiguration of every node. It takes effect when kube-proxy restarts.

        Unless they name another, each kube-proxy is told the name of its own node, whatever it was told before.
        """
        ...

    def pod(self, namespace: str, name: str) -> Host:
        """The host of a running pod. Raises GauntletError if there is no such running pod."""
        ...


def have_own_kernels(nodes: Sequence[Node]) -> bool:
    """Whether these are own-kernel nodes, which take many times as long for all they do."""
    return any(node.kernel is NodeKernel.OWN for node in nodes)
