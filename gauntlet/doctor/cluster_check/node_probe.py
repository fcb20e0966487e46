"""What one shell on a node can tell without changing anything there: commands, and readers of what they print.

All but the rules comes from two commands, because in an own-kernel guest each process costs 36 ms.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy import finder, residue
from gauntlet.proxy.ipvs import modules
from gauntlet.proxy.ipvs.wholeness import INTERFACE

_MARK = "=== gauntlet "
_CONNTRACK = "/proc/sys/net/netfilter/nf_conntrack"
_TELL = r"""echo "process $pid $state"
  printf 'arguments '
  tr '\0\n' '\037 ' < "$process/cmdline"
  echo"""
LOOK = (
    "sh",
    "-c",
    f"""
echo "{_MARK}clock"
date +%s
echo "{_MARK}processes"
{finder.each(_TELL)}
echo "{_MARK}service"
if command -v systemctl >/dev/null; then
  systemctl show kube-proxy.service --property=LoadState,ActiveState,SubState 2>/dev/null
fi
echo "{_MARK}conntrack"
cat {_CONNTRACK}_count {_CONNTRACK}_max 2>/dev/null
echo "{_MARK}modules"
printf '%s\\n' {modules.FOLDERS}
echo "{_MARK}addresses"
ip -o addr show 2>/dev/null
echo "{_MARK}traces"
{residue.probe()}
""",
)
_ASK_S = 3
_STATUS = re.compile(r"^(?P<body>.*)\n(?P<code>\d{3}) (?P<exit>\d+)\n$", re.DOTALL)


@dataclass(frozen=True)
class Process:
    """A kube-proxy on the node: its id there, the letter of its state in proc(5), its command line."""

    pid: int
    state: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Conntrack:
    """Entries of the table of tracked connections, and how many there may be: 0 is no limit (nf_conntrack_core.c)."""

    count: int
    most: int

    @property
    def fill(self) -> float:
        """In [0, 1], or more where the limit was lowered under the count."""
        return self.count / self.most if self.most else 0.0

    @property
    def share(self) -> str:
        """The same in words."""
        return f"{self.fill:.0%}" if self.most else "no limit"


@dataclass(frozen=True)
class Answer:
    """What an HTTP GET on the node brought. `code` is None if nothing answered; `trouble` then says why."""

    code: int | None
    body: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Look:
    """What LOOK printed. `service` is the state of systemd's unit kube-proxy, empty where there is none.

    `traces` are the modes of which the node's kernel holds something; `addresses` are the node's own; `clock_s` is its
    time, in seconds since 1970.
    """

    clock_s: int
    processes: tuple[Process, ...]
    service: str
    conntrack: Conntrack | None
    modules: tuple[str, ...]
    addresses: frozenset[str]
    traces: tuple[ProxyMode, ...]


def look(text: str) -> Look:
    """Read what LOOK printed."""
    parts = _parts(text)
    clock = "".join(parts.get("clock", []))
    return Look(
        clock_s=int(clock) if clock.isdecimal() else 0,
        processes=_processes(parts.get("processes", [])),
        service=_service(parts.get("service", [])),
        conntrack=_conntrack(parts.get("conntrack", [])),
        modules=tuple(module.name for module in modules.parse(parts.get("modules", []), {})),
        addresses=_addresses(parts.get("addresses", [])),
        traces=residue.parse(parts.get("traces", [])),
    )


def ask(urls: Sequence[str]) -> tuple[str, ...]:
    """The command that GETs these, one after the other; `answers` reads what it prints."""
    # A proxy of the environment would ask from somewhere else.
    get = f"curl --silent --show-error --max-time {_ASK_S} --noproxy '*' --write-out '\\n%{{http_code}}'"
    lines = [f"echo '{_MARK}{n}'; {get} {shlex.quote(url)} 2>&1; echo \" $?\"" for n, url in enumerate(urls)]
    return ("sh", "-c", "\n".join([*lines, "true"]))


def answers(text: str, number: int) -> tuple[Answer, ...]:
    """The answers to the URLs of `ask`, in their order."""
    parts = _parts(text)
    return tuple(_answer("".join(f"{line}\n" for line in parts.get(str(n), []))) for n in range(number))


def _answer(text: str) -> Answer:
    found = _STATUS.match(text)
    if found is None:
        said = text.strip()
        return Answer(None, trouble="the node has no curl" if "not found" in said else said or "no answer")
    if found["exit"] != "0":
        return Answer(None, trouble=" ".join(found["body"].split()) or f"curl ended with {found['exit']}")
    return Answer(int(found["code"]), found["body"])


def _parts(text: str) -> dict[str, list[str]]:
    """Lines by the mark above them."""
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.split("\n")[:-1] if text.endswith("\n") else text.split("\n"):
        if line.startswith(_MARK):
            current = parts.setdefault(line.removeprefix(_MARK), [])
        else:
            current.append(line)
    return parts


def _processes(lines: Sequence[str]) -> tuple[Process, ...]:
    found = []
    for process, arguments in zip(lines[::2], lines[1::2], strict=False):
        pid, state = (*process.removeprefix("process ").split(), "", "")[:2]
        words = arguments.removeprefix("arguments ").split("\x1f")
        if pid.isdecimal():
            found.append(Process(int(pid), state, tuple(word for word in words if word)))
    return tuple(found)


def _service(lines: Sequence[str]) -> str:
    """`active (running)`; empty where systemd knows no such unit."""
    said: Mapping[str, str] = {key: value for key, _, value in (line.partition("=") for line in lines)}
    if said.get("LoadState") != "loaded":
        return ""
    return f"{said.get('ActiveState', '')} ({said.get('SubState', '')})"


def _conntrack(lines: Sequence[str]) -> Conntrack | None:
    numbers = [int(word) for line in lines if (word := line.strip()).isdecimal()]
    return Conntrack(numbers[0], numbers[1]) if len(numbers) == 2 else None


def _addresses(lines: Sequence[str]) -> frozenset[str]:
    """Addresses of `ip -o addr show`, without those that ipvs mode puts on its dummy interface."""
    words = [line.split() for line in lines]
    return frozenset(
        each[3].partition("/")[0]
        for each in words
        if len(each) > 3 and each[2] in ("inet", "inet6") and each[1] != INTERFACE
    )
