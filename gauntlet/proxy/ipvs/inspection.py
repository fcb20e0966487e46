"""All that a node's kernel says of IPVS, with one command: in an own-kernel guest each further process costs 36 ms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gauntlet.ground.cluster import CommandFailed, Host
from gauntlet.ground.errors import GauntletError
from gauntlet.proxy.ipvs import connections, modules, servers, statistics, ticks
from gauntlet.proxy.ipvs.model import Connection, Module, RealServer, Stats, VirtualServer

# A table of hundreds of thousands of connections takes its time.
_TIMEOUT_S = 60.0
FILES = (servers.FILE, statistics.FILE, statistics.PERCPU_FILE, connections.FILE, ticks.FILE)


@dataclass(frozen=True)
class Ipvs:
    """IPVS of one kernel in one network namespace, as `inspect` found it."""

    virtual_servers: tuple[VirtualServer, ...]
    connections: tuple[Connection, ...]
    stats: Stats
    modules: tuple[Module, ...]

    def find(self, address: str, port: int) -> tuple[VirtualServer, ...]:
        """The virtual servers of this address and port, of any protocol."""
        return tuple(each for each in self.virtual_servers if (each.address, each.port) == (address, port))

    def connections_to(self, virtual: VirtualServer, real: RealServer) -> tuple[Connection, ...]:
        """The connections, without templates, that go through this virtual to this real server.

        None if the virtual server is a mark: its connections show the address that the client asked for.
        """
        return tuple(
            each
            for each in self.connections
            if not each.template
            and (each.protocol, each.virtual, each.virtual_port) == (virtual.protocol, virtual.address, virtual.port)
            and (each.real, each.real_port) == (real.address, real.port)
        )

    @property
    def templates(self) -> tuple[Connection, ...]:
        """One for each client whose real server is remembered."""
        return tuple(each for each in self.connections if each.template)


def inspect(node: Host) -> Ipvs:
    """IPVS as it is on this node now.

    Raises GauntletError if the node's kernel has no IPVS (ip_vs is not loaded), Unreadable (also a GauntletError)
    for files that are not understood, CommandFailed if no command runs on the node.
    """
    return parse(_run(node, FILES), node.name)


def listing(node: Host) -> tuple[VirtualServer, ...]:
    """The virtual servers alone: cheaper than `inspect` where there are many connections. Raises the same."""
    _, texts = _parts(_run(node, (servers.FILE, ticks.FILE)))
    return _servers(texts, node.name)


def command(files: Sequence[str]) -> tuple[str, ...]:
    """The command that shows the modules' folders, and then each line of these files with the file's path before it.

    The shell does the first by itself and becomes the second: one process in all.
    """
    shown = f"printf '%s\\n' {modules.FOLDERS}; exec grep -Hs '' {' '.join(files)} {modules.FILES}"
    return ("sh", "-c", shown)


def parse(text: str, node: str) -> Ipvs:
    """The output of `command(FILES)`. `node` is for the words of an error. Raises what `inspect` raises."""
    paths, texts = _parts(text)
    return Ipvs(
        _servers(texts, node),
        connections.parse(texts.get(connections.FILE, "")),
        statistics.parse(texts.get(statistics.FILE, ""), texts.get(statistics.PERCPU_FILE, "")),
        modules.parse(paths, texts),
    )


def _run(node: Host, files: Sequence[str]) -> str:
    # grep's exit code says no more than that a file is missing.
    done = node.run(command(files), check=False, timeout_s=_TIMEOUT_S)
    if not done.stdout:
        raise CommandFailed(node.name, done)
    return done.stdout


def _parts(text: str) -> tuple[list[str], dict[str, str]]:
    """The paths that stand alone on their line, and the text of each file."""
    paths: list[str] = []
    files: dict[str, list[str]] = {}
    for line in text.splitlines():
        path, colon, content = line.partition(":")
        if colon:
            files.setdefault(path, []).append(content)
        else:
            paths.append(path)
    return paths, {path: "\n".join(lines) for path, lines in files.items()}


def _servers(texts: dict[str, str], node: str) -> tuple[VirtualServer, ...]:
    if servers.FILE not in texts:
        raise GauntletError(
            f"the kernel of {node} has no IPVS: there is no {servers.FILE}",
            "load ip_vs there (modprobe ip_vs), or choose a node in ipvs mode that has a kernel of its own",
        )
    return servers.parse(texts[servers.FILE], ticks.parse(texts.get(ticks.FILE, "")))
