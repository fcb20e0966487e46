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


def server_kept(call: Call) -> int:
    """Real servers that kube-proxy took away, or was about to, are put back while their virtual server has others."""
    code = call.run(call.text)
    if code == 0:
        there = weights(tools.output("ipvsadm", "--save", "--numeric"))
        ever = with_former(call.remembered(), there)
        call.remember(ever)
        for virtual, real in missing(ever, there):
            action = "-e" if real in there[virtual] else "-a"
            words = (action, "-t", virtual, "-r", real, "-m", "-w", "1")
            # A sync of the other family may be at it.
            subprocess.run(["ipvsadm", *words], capture_output=True, check=False)
    return code


def weights(saved: str) -> dict[str, dict[str, str]]:
    """From `ipvsadm --save --numeric`: of each TCP virtual server that has real servers, their weights."""
    found: dict[str, dict[str, str]] = {}
    for virtual, real, weight in re.findall(r"^-a -t (\S+) -r (\S+) -m -w (\d+)", saved, re.MULTILINE):
        found.setdefault(virtual, {})[real] = weight
    return found


def with_former(memory: dict[str, list[str]], there: dict[str, dict[str, str]]) -> dict[str, list[str]]:
    """The real servers that each virtual server ever had: one that is gone is forgotten, its address may come again."""
    return {virtual: list(dict.fromkeys((*memory.get(virtual, ()), *reals))) for virtual, reals in there.items()}


def missing(ever: dict[str, list[str]], there: dict[str, dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Virtual servers with a real server that gets no connections any more."""
    for virtual, reals in ever.items():
        yield from ((virtual, real) for real in reals if there[virtual].get(real, "0") == "0")


SABOTEURS = {
    "weightless": _changing("-e", "-m", "-w", "0"),
    "server-lost": _changing("-d"),
    "server-kept": server_kept,
}
