"""What a guest is told when it boots: a file of the world, named on the kernel's command line."""

from __future__ import annotations

import json
from typing import NamedTuple

FABRIC_LINK = "vec0"
POD_LINK = "vec1"
MANAGEMENT_LINK = "vec2"
# Links to iptables-legacy, and the modules of the running kernel, lie on file systems of the guest's own.
TOOLS = "/run/gauntlet/sbin"
PORT = 1024


class Settings(NamedTuple):
    """`ip` and `management_ip` are lines for `ip -batch`; `management_ip` for the network that only commands pass."""

    name: str
    ip: list[str]
    management_ip: list[str]
    sysctls: dict[str, str]
    binaries: str  # folder of the world that is to be seen at the same path
    modules: str  # folder of the world with the tree of /lib/modules/RELEASE
    load: list[str]  # modules that are loaded at boot
    path: str  # PATH

    def to_json(self) -> str:
        return json.dumps(self._asdict())

    @classmethod
    def from_json(cls, text: str) -> Settings:
        return cls(**json.loads(text))
