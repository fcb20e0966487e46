"""Names and files of a sandbox cluster, and the spec and record that describe it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gauntlet.ground.cluster import Json, NodeKernel
from gauntlet.ground.disk import replace_file
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import Addressed, Family
from gauntlet.ground.journal.owner import parent, start_time
from gauntlet.ground.paths import state_root
from gauntlet.providers import record_file
from gauntlet.providers.sandbox.address_plan import AddressPlan, plans
from gauntlet.proxy.tools import Tools

API_PORT = 6443
MOST_NODES = 100
# Changes whenever the fields of a record do: versions of the gauntlet may run side by side.
LAYOUT = "7"
# Where the binaries stand inside the world: pods hide /tmp, and a cache may lie there.
BIN = "/run/gauntlet/bin"
# What the owner of a kept cluster tells its world once it is up.
KEEP = b"keep"


# Commands for own-kernel nodes, in the state folder (a socket) and on links of their own in the world.
SWITCHBOARD = "guests.sock"
MANAGEMENT_ADDRESS = "10.78.0.1"


def node_name(index: int) -> str:
    """Name of node `index`, counted from 1."""
    return f"node-{index}"


def management_address(index: int) -> str:
    """Where the agent of own-kernel node `index` listens."""
    return f"10.78.0.{10 + index}"


@dataclass(frozen=True)
class WorldSpec:
    """All that the world's first process needs to know, passed to it as JSON."""

    name: str
    subject: str  # its name
    mode: str
    tools: Tools | None  # the iptables that its kube-proxy is to find
    configuration: dict[str, Json]  # merged over the KubeProxyConfiguration that every subject gets
    nodes: int
    binaries: dict[str, str]  # the Kubernetes binaries, and what guests need, by name
    state_dir: str
    relay_url: str  # where the API server answers outside the world
    relay_fd: int
    control_fd: int  # its end of file ends the world, unless KEEP came first
    report_fd: int
    proxy_path: str  # folder put first in kube-proxy's PATH; empty for none
    user_namespace: bool  # whether the world has one of its own
    kernel: NodeKernel
    families: tuple[Family, ...]  # the primary one first

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> WorldSpec:
        raw = json.loads(text)
        typed = {"kernel": NodeKernel(raw["kernel"]), "families": tuple(map(Family, raw["families"]))}
        return cls(**raw | typed | {"tools": Tools(raw["tools"]) if raw["tools"] else None})

    @property
    def plans(self) -> tuple[AddressPlan, ...]:
        """The plan of each of its families."""
        return plans(self.families)


@dataclass(frozen=True)
class ProxyProgram:
    """A kube-proxy that nodes of a cluster can run: that of its start, or one that they may be given later."""

    name: str  # of its subject
    subject: str  # JSON of a gauntlet.subject.Subject, with the full version
    program: str  # its path inside the world
    origin: str  # for people
    sha256: str = ""  # of an own program


@dataclass(frozen=True)
class HostRecord(Addressed):
    """A host of the world. `pid` is the process, as the world counts, that holds its namespaces; 0 for a guest."""

    name: str
    addresses: tuple[str, ...]
    pid: int
    pod_cidrs: tuple[str, ...] = ()
    kernel: NodeKernel = NodeKernel.HOST

    @classmethod
    def read(cls, raw: dict[str, Any]) -> HostRecord:
        lists = {name: tuple(raw[name]) for name in ("addresses", "pod_cidrs")}
        return cls(**raw | {"kernel": NodeKernel(raw["kernel"])} | lists)


class ForeignCluster(UsageError):
    """The record of a cluster that another version of the gauntlet made."""


@dataclass(frozen=True)
class ClusterRecord:
    """What is known of a running cluster. Kept in `cluster.json` of its state folder."""

    name: str
    mode: str
    version: str
    origin: str  # of kube-proxy, for people
    subject: str  # JSON of a gauntlet.subject.Subject
    control_plane_version: str
    proxies: tuple[ProxyProgram, ...]  # that of the start first
    keep: bool
    unshare_pid: int
    unshare_started: str  # start time of that process in clock ticks: pids are used again
    init_pid: int = 0
    user_namespace: bool = True
    kernel: NodeKernel = NodeKernel.HOST
    kernel_release: str = ""
    nodes: tuple[HostRecord, ...] = ()
    outside: HostRecord | None = None
    proxy_sha256: str = ""  # of an own kube-proxy
    layout: str = LAYOUT

    def save(self) -> None:
        replace_file(state_dir(self.name) / "cluster.json", json.dumps(asdict(self)))

    @classmethod
    def load(cls, name: str) -> ClusterRecord | None:
        """The record of this name; None if there is no such cluster, or it is only being made.

        Raises ForeignCluster for one that another version of the gauntlet wrote, UnreadableRecord for one that cannot
        be read.
        """
        folder = state_dir(name)

        def of(raw: dict[str, Any]) -> ClusterRecord:
            if raw.get("layout") != LAYOUT:
                raise ForeignCluster(
                    f"sandbox cluster {name} was made by another version of the gauntlet (its process is "
                    f"{raw.get('unshare_pid', 'unknown')})",
                    f"end it with that version, or end the process and delete {folder}",
                )
            return cls._of(raw)

        return record_file.read(folder / "cluster.json", of, f"gauntlet cluster down {name} ends the cluster")

    @classmethod
    def _of(cls, raw: dict[str, Any]) -> ClusterRecord:
        raw["kernel"] = NodeKernel(raw["kernel"])
        raw["proxies"] = tuple(ProxyProgram(**each) for each in raw["proxies"])
        raw["nodes"] = tuple(HostRecord.read(node) for node in raw["nodes"])
        raw["outside"] = HostRecord.read(raw["outside"]) if raw["outside"] else None
        return cls(**raw)

    def alive(self) -> bool:
        return start_time(self.unshare_pid) == self.unshare_started


def clusters_dir() -> Path:
    return state_root() / "clusters"


def state_dir(name: str) -> Path:
    return clusters_dir() / name


def node_folder(state: Path, node: str) -> Path:
    """What concerns one node, below the state folder of its cluster."""
    return state / "nodes" / node


def proxy_kubeconfig(state: Path, node: str) -> Path:
    return node_folder(state, node) / "kube-proxy.kubeconfig"


def other_proxy(number: int) -> str:
    """Path below BIN of a kube-proxy that nodes can be given later, counted from 1. Its name has to be kube-proxy."""
    return f"other-{number}/kube-proxy"


def first_child(pid: int) -> int | None:
    """The first child of a process, as this process counts; None if it has none (yet)."""
    processes = (int(entry.name) for entry in os.scandir("/proc") if entry.name.isdecimal())
    return next((each for each in processes if parent(each) == pid), None)
