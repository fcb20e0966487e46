"""Nodes as the steward sees them, whatever kernel they run on."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from gauntlet.ground.cluster import NodeKernel
from gauntlet.nodes.guest.node import stand_in, start_in_guest
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.providers.sandbox import fabric, guest_links
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.guest_machine import GuestMachine
from gauntlet.providers.sandbox.layout import HostRecord
from gauntlet.providers.sandbox.places import Place, new_host_network_pod
from gauntlet.providers.sandbox.pod_status import IN_GUEST


class PodPlace(Protocol):
    """Where the process of a pod runs. `holder_id` is for the pod's status."""

    @property
    def holder_id(self) -> str: ...
    def enter(self, argv: Sequence[str]) -> list[str]: ...
    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]: ...
    def end(self) -> None: ...


class InnerNode(Protocol):
    """One node: where its kube-proxy runs, and what its pods are joined to."""

    @property
    def name(self) -> str: ...
    @property
    def index(self) -> int: ...
    @property
    def record(self) -> HostRecord: ...
    def wait_booted(self) -> None:
        """Return when it is up for the first time. Raises GauntletError if it does not boot."""
        ...

    def wait_on(self) -> None:
        """Return when commands can be started on it, however long that takes."""
        ...

    def start(self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int) -> subprocess.Popen[str]: ...
    @property
    def plans(self) -> Sequence[AddressPlan]: ...
    def wire_pod(self, pod: Place, number: int, link: str) -> None:
        """Join pod `number` to the node by a link of this name; every packet of it passes the node's network."""
        ...

    def host_network_pod(self) -> PodPlace: ...


def addresses(node: InnerNode) -> tuple[str, ...]:
    """The node's own, the primary one first."""
    return tuple(plan.node(node.index) for plan in node.plans)


def pod_ranges(node: InnerNode) -> tuple[str, ...]:
    return tuple(plan.node_pods(node.index) for plan in node.plans)


def _record(node: InnerNode, pid: int, kernel: NodeKernel) -> HostRecord:
    return HostRecord(node.name, addresses(node), pid, pod_ranges(node), kernel)


@dataclass(frozen=True)
class NamespaceNode:
    """An InnerNode on the host's kernel."""

    place: Place
    index: int
    plans: Sequence[AddressPlan]

    @property
    def name(self) -> str:
        return self.place.name

    @property
    def record(self) -> HostRecord:
        return _record(self, self.place.pid, NodeKernel.HOST)

    def wait_booted(self) -> None:
        return

    def wait_on(self) -> None:
        return

    def start(self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int) -> subprocess.Popen[str]:
        return self.place.start(argv, env=env, log=log)

    def wire_pod(self, pod: Place, number: int, link: str) -> None:
        fabric.wire_pod(self.place, self.index, number, pod, link, self.plans)

    def host_network_pod(self) -> PodPlace:
        return new_host_network_pod(self.name, self.place)


@dataclass(frozen=True)
class Guest:
    """An InnerNode with a kernel of its own."""

    machine: GuestMachine
    index: int
    switchboard: Switchboard
    plans: Sequence[AddressPlan]

    @property
    def name(self) -> str:
        return self.machine.name

    @property
    def record(self) -> HostRecord:
        return _record(self, 0, NodeKernel.OWN)

    def wait_booted(self) -> None:
        self.machine.wait_running()

    def wait_on(self) -> None:
        self.machine.wait_on()

    def start(self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int) -> subprocess.Popen[str]:
        return start_in_guest(self.switchboard, self.name, argv, env=env, stdout=log, stderr=subprocess.STDOUT)

    def wire_pod(self, pod: Place, number: int, link: str) -> None:
        guest_links.wire_pod(self.index, number, pod, link, self.plans)

    def host_network_pod(self) -> PodPlace:
        return _PodInGuest(self)


@dataclass(frozen=True)
class _PodInGuest:
    """A pod in the network of its node is a process of the guest. It sees the guest's /tmp."""

    guest: Guest
    holder_id: str = IN_GUEST

    def enter(self, argv: Sequence[str]) -> list[str]:
        return stand_in(self.guest.switchboard, self.guest.name, argv)

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        return self.guest.start(argv, env=env, log=log)

    def end(self) -> None:
        return
