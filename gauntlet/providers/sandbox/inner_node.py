"""Nodes as the steward sees them, whatever kernel they run on."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from gauntlet.cluster import NodeKernel
from gauntlet.nodes.guest import start_in_guest
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.providers.sandbox import fabric, guest_links, layout
from gauntlet.providers.sandbox.guest_machine import GuestMachine
from gauntlet.providers.sandbox.layout import HostRecord
from gauntlet.providers.sandbox.places import Place, new_host_network_pod


class PodPlace(Protocol):
    """Where the process of a pod runs. `pid` holds its namespaces; 0 where it has none in the world."""

    @property
    def pid(self) -> int: ...
    def enter(self, argv: Sequence[str]) -> list[str]: ...
    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]: ...
    def end(self) -> None: ...
