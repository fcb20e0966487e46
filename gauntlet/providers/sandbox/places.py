"""Hosts inside the world, as its steward sees them: namespaces held by a process, wired to the fabric."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.waiting import until

FABRIC = "fabric"


@dataclass(frozen=True)
class Place:
    """A network, UTS and mount namespace, held by the process `pid`."""

    name: str
    holder: subprocess.Popen[str]

    @property
    def pid(self) -> int:
        return self.holder.pid

    @property
    def holder_id(self) -> str:
        return str(self.pid)

    def enter(self, argv: Sequence[str]) -> list[str]:
        return ["nsenter", f"--target={self.pid}", "--net", "--uts", "--mount", "--", *argv]

    def start(
        self, argv: Sequence[str], *, env: Mapping[str, str], log: IO[str] | int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.enter(argv),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ip(self, *lines: str) -> None:
        """Run `ip` commands, one a line, in the network of this place."""
        _ip(["nsenter", f"--target={self.pid}", "--net", "--"], lines)

    def wait_up(self, *links: str) -> None:
        """Return when the kernel sends on these links: a little after both ends are set up it still drops packets."""

        _wait_up(["nsenter", f"--target={self.pid}", "--net", "--"], links, self.name)

    def sysctl(self, *settings: Mapping[str, str]) -> None:
        """Set network sysctls of this place. Ones that the kernel does not have are an error."""
        values = ((key.replace(".", "/"), value) for each in settings for key, value in each.items())
        script = "".join(f"echo {value} > /proc/sys/{path}\n" for path, value in values)
        _sh(["nsenter", f"--target={self.pid}", "--net", "--", "sh", "-e"], script)

    def end(self) -> None:
        """End the holder. The namespaces go when the last process in them does."""
        self.holder.kill()
        self.holder.wait()


# An address that the kernel still looks for twins of (DAD, RFC 4862) serves nobody for a second or two: all addresses
# here are ours. Nobody routes by adverts.
IPV6_OFF = ("accept_dad", "accept_ra", "accept_redirects")
# For the whole network and for the links that come later, before there is any.
_IPV6 = f"""
for conf in /proc/sys/net/ipv6/conf/all /proc/sys/net/ipv6/conf/default; do
    [ -d $conf ] || continue
    for name in {" ".join(IPV6_OFF)}; do echo 0 > $conf/$name; done
done
"""
_NODE_RUN = """
new=/run/gauntlet/hosts/$1
mkdir -p $new
mount -t tmpfs tmpfs $new
mkdir -p $new/gauntlet/bin
mount --rbind /run/gauntlet/bin $new/gauntlet/bin
mount --rbind $new /run
"""
_POD_TMP = """
mount -t tmpfs tmpfs /tmp
"""
_HOLD = """
hostname "$1"
echo ready
exec sleep infinity
"""


def new_host(name: str) -> Place:
    """A place with a network and a /run of its own (the iptables lock lives there), as a node has."""
    return _place(name, f"{_IPV6}{_NODE_RUN}ip link set lo up\n{_HOLD}", ["--net"])


def new_pod(name: str) -> Place:
    """A place with a network and a /tmp of its own."""
    return _place(name, f"{_IPV6}{_POD_TMP}ip link set lo up\n{_HOLD}", ["--net"])


def new_host_network_pod(name: str, node: Place) -> Place:
    """A place with a /tmp of its own in the network of its node."""
    return _place(name, f"{_POD_TMP}{_HOLD}", [], entry=["nsenter", f"--target={node.pid}", "--net", "--"])


def _place(name: str, script: str, namespaces: Sequence[str], *, entry: Sequence[str] = ()) -> Place:
    holder = subprocess.Popen(
        [
            *entry,
            "unshare",
            "--uts",
            "--mount",
            "--propagation=private",
            *namespaces,
            "--",
            "sh",
            "-ec",
            script,
            "sh",
            name,
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert holder.stdout is not None
    said = holder.stdout.readline()
    if said != "ready\n":
        holder.kill()
        rest = holder.communicate()[0]
        raise GauntletError(f"could not make the namespaces of {name}: {(said + rest).strip()}")
    holder.stdout.close()
    return Place(name, holder)


def prepare_world_for_ipv6() -> None:
    """What each place does at its beginning, for the world's own network."""
    _sh(["sh", "-e"], _IPV6)


def world_ip(*lines: str) -> None:
    """Run `ip` commands, one a line, in the world's own network."""
    _ip([], lines)


def wait_world_links_up(*links: str) -> None:
    """As Place.wait_up, for links in the world's own network."""
    _wait_up([], links, "the world")


def _wait_up(entry: Sequence[str], links: Sequence[str], where: str) -> None:
    def up() -> bool:
        shown = _ip(entry, [f"link show dev {link}" for link in links])
        return shown.count(" state UP ") == len(links)

    until(up, what=f"links {', '.join(links)} of {where} are up", deadline_s=5.0, every_s=0.005)


def _ip(entry: Sequence[str], lines: Sequence[str]) -> str:
    return _sh([*entry, "ip", "-batch", "-"], "\n".join(lines) + "\n")


def _sh(argv: Sequence[str], script: str) -> str:
    done = subprocess.run(list(argv), input=script, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GauntletError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}\n{script}")
    return done.stdout
