"""The first process of a guest: mounts, names, links, and then the agent for as long as the guest lives.

The kernel runs this file with the path of a settings file as its argument. An exception is a panic of the guest;
its traceback is in the guest's console log.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

from gauntlet.nodes.guest import kernel
from gauntlet.nodes.guest.agent import Agent
from gauntlet.nodes.guest.settings import MANAGEMENT_LINK, PORT, TOOLS, Settings

# kube-proxy 1.25 in userspace mode asks for as many.
_OPEN_FILES = 64000
_LEGACY = "/usr/sbin/xtables-legacy-multi"
_TOOLS = [f"{family}{what}" for family in ("iptables", "ip6tables") for what in ("", "-save", "-restore")]


def main() -> None:
    settings = Settings.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.environ["PATH"] = settings.path
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    _mounts(settings)
    socket.sethostname(settings.name)
    # As at the start of any machine, a module that is missing is worth a word in the log, no more.
    subprocess.run(["modprobe", "--all", *settings.load], check=False)
    listener = _network(settings)
    sys.stdout.write(f"{settings.name} is up\n")
    sys.stdout.flush()
    Agent(listener).serve()


def _mounts(settings: Settings) -> None:
    kernel.mount("proc", "/proc")
    kernel.mount("sysfs", "/sys")
    # Files of a host's root look like nobody's where the guest is an ordinary user's: set-uid mount(8) would lose its
    # rights by being run. Everything here is root's anyway.
    kernel.mount("none", "/", flags=kernel.REMOUNT | kernel.NOSUID)
    kernel.mount("tmpfs", "/run", options="mode=755")
    devices = Path("/dev")
    for kind, name in (("devpts", "pts"), ("tmpfs", "shm")):
        (devices / name).mkdir(exist_ok=True)
        kernel.mount(kind, str(devices / name))
    for name, number in (("fd", ""), ("stdin", "0"), ("stdout", "1"), ("stderr", "2")):
        (devices / name).symlink_to(Path("/proc/self/fd", number))
    Path(settings.binaries).mkdir(parents=True)
    kernel.mount("hostfs", settings.binaries, options=settings.binaries)
    modules = Path("/lib/modules", os.uname().release)
    kernel.mount("tmpfs", str(modules.parent), options="mode=755")
    modules.mkdir()
    kernel.mount("hostfs", str(modules), options=settings.modules)
    tools = Path(TOOLS)
    tools.mkdir(parents=True)
    for name in _TOOLS:
        (tools / name).symlink_to(_LEGACY)


def _network(settings: Settings) -> socket.socket:
    """Set up both networks of the guest. Returns where commands arrive.

    They have a link and a network of their own, so that nothing done to the node's links and rules stops them.
    """
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    kernel.new_network()
    management = os.open("/proc/self/ns/net", os.O_RDONLY)
    kernel.enter_network(own)
    away = f"link set {MANAGEMENT_LINK} netns /proc/1/fd/{management}"
    # First: an address of IPv6 is looked for twins of as its link then says.
    for key, value in settings.sysctls.items():
        Path("/proc/sys", key).write_text(value, encoding="ascii")
    _run(["ip", "-batch", "-"], "\n".join([away, *settings.ip]))
    kernel.enter_network(management)
    _run(["ip", "-batch", "-"], "\n".join(settings.management_ip))
    # It stays in the network it was made in.
    listener = socket.create_server(("", PORT), backlog=128)
    kernel.enter_network(own)
    os.close(own)
    os.close(management)
    return listener


def _run(argv: list[str], stdin: str = "") -> None:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    main()
