"""What kube-proxy wrote into ipvs by netlink is changed after its iptables-restore, which ends each sync."""

from __future__ import annotations

import re
import subprocess

from tests.saboteurs import tools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.saboteurs.call import Act, Call


def firsts_of_several(saved: str) -> Iterator[tuple[str, str]]:
    """From `ipvsadm --save --numeric`: each TCP virtual server of several real servers, and the first of those."""
    servers: dict[str, list[str]] = {}
    for virtual, real in re.findall(r"^-a -t (\S+) -r (\S+)", saved, re.MULTILINE):
        servers.setdefault(virtual, []).append(real)
    return ((virtual, reals[0]) for virtual, reals in servers.items() if len(reals) > 1)


def _changing(action: str, *options: str) -> Act:
    def act(call: Call) -> int:
        code = call.run(call.text)
        if code == 0:
            for virtual, real in firsts_of_several(tools.output("ipvsadm", "--save", "--numeric")):
                subprocess.run(["ipvsadm", action, "-t", virtual, "-r", real, *options], check=True)
        return code

    return act


SABOTEURS = {"weightless": _changing("-e", "-m", "-w", "0"), "server-lost": _changing("-d")}
