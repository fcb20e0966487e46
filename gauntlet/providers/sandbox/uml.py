"""User-Mode Linux: a kernel that runs as a process, from Debian's package user-mode-linux."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground import paths
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import xstate

PROGRAM = "linux.uml"
_TOOLS = {
    PROGRAM: "user-mode-linux",
    "taskset": "util-linux",
    "modprobe": "kmod",
    "depmod": "kmod",
    "ethtool": "ethtool",
    "ipset": "ipset",
    "ipvsadm": "ipvsadm",
}
# Pages that are never touched cost nothing.
_MEMORY = "1G"
_MODULES = Path("/usr/lib/uml/modules")
# From 6.11 on a page fault of a program costs one round to the host instead of two or more; Debian's 7.2 has lost the
# tables of iptables-legacy (decision 10).
_GOOD = ((6, 12), (7, 0))
VERDICT = "verdict"


def tools() -> dict[str, str]:
    """Programs that such nodes need on this machine, each with its package."""
    return _TOOLS | ({xstate.COMPILER: "gcc"} if xstate.is_needed() else {})


def require_machine() -> None:
    """Raises EnvironmentUnfit on processors that User-Mode Linux does not run on."""
    if platform.machine() != "x86_64":
        raise EnvironmentUnfit(
            f"nodes with a kernel of their own are User-Mode Linux, which does not run on {platform.machine()}",
            "use a machine with an x86_64 processor, or one whose own kernel has what the mode needs",
        )


@dataclass(frozen=True)
class Nic:
    """A link of the guest, on `interface` of the world: a tap, or a veth end that is read raw."""

    name: str
    transport: str
    interface: str
    mac: str

    @property
    def argument(self) -> str:
        return f"{self.name}:transport={self.transport},ifname={self.interface},mac={self.mac},depth=128"


@dataclass(frozen=True)
class Kernel:
    """A User-Mode Linux. `modules` holds the trees of its modules, each named like the release."""

    program: Path
    modules: Path

    @property
    def release(self) -> str:
        return subprocess.run([self.program, "--version"], capture_output=True, text=True, check=True).stdout.strip()

    @property
    def is_good(self) -> bool:
        """Whether programs start in it in half the time that Linux 6.1 takes, and it has what kube-proxy needs."""
        first, second = re.findall(r"\d+", self.release)[:2]
        return _GOOD[0] <= (int(first), int(second)) < _GOOD[1]


def kernel() -> Kernel:
    """What guests boot here: the kernel of uml_package where it is fetched and better, else this machine's own.

    Raises EnvironmentUnfit if there is no User-Mode Linux on this machine.
    """
    mine = own()
    return fetched() if fetched_verdict() == "" and not mine.is_good else mine


def is_installed() -> bool:
    """Whether this machine has a package of it."""
    return shutil.which(PROGRAM, path=SYSTEM_PATH) is not None


def own() -> Kernel:
    """The kernel of this machine's package. Raises EnvironmentUnfit if there is none."""
    program = shutil.which(PROGRAM, path=SYSTEM_PATH)
    if program is None:
        raise EnvironmentUnfit("there is no User-Mode Linux here", "sudo apt-get install --yes user-mode-linux")
    return Kernel(Path(program), _MODULES)


def fetched_folder() -> Path:
    """Where uml_package puts its kernel: a part of the cache."""
    return paths.cache_root() / "user-mode-linux"


def fetched() -> Kernel:
    return Kernel(fetched_folder() / "usr" / "bin" / PROGRAM, fetched_folder() / "lib" / "modules")


def fetched_verdict() -> str | None:
    """Why the fetched kernel does not boot here, empty where it does; None if none is fetched."""
    try:
        return (fetched_folder() / VERDICT).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None


def on_processor(number: int) -> list[str]:
    """What to put before a guest's command line: it keeps the guest to one processor, guests in turn to all there are.

    Each system call of a guest's program is a switch between two processes of the host. On two processors that takes
    twice as long as on one (a process in the guest 15 instead of 7 ms, measured 2026-11-26). A guest that was left free
    served a connection of userspace mode in 4.7 ms, its neighbours in 2.0 (median of 200, three guests on two
    processors, 2026-11-29); kept to a processor, too, it served in 2.0, and neighbours no later.
    """
    processors = sorted(os.sched_getaffinity(0))
    return ["taskset", "--cpu-list", str(processors[number % len(processors)])]


def command(
    kernel: Kernel, nics: Sequence[Nic], run_folder: str, init: Sequence[str], parameters: Sequence[str] = ()
) -> list[str]:
    """The command line of a guest whose root file system is the caller's.

    `init` is its first process, `parameters` are more of those of the kernel.
    """
    return [
        str(kernel.program),
        f"mem={_MEMORY}",
        "root=/dev/root",
        "rootfstype=hostfs",
        "rootflags=/",
        "rw",
        f"init={init[0]}",
        "con=null",
        "con0=null,fd:1",
        "quiet",
        # A panic ends the process of the kernel.
        "panic=-1",
        *parameters,
        f"uml_dir={run_folder}",
        *(nic.argument for nic in nics),
        "--",
        *init[1:],
    ]


def last_words(console: str) -> list[str]:
    """The lines of a guest's console that say why it ended: the last few, up to a panic and without its trace."""
    lines = console.splitlines()
    panic = next((number for number, line in enumerate(lines) if "Kernel panic" in line), len(lines))
    return lines[: panic + 1][-6:]


def modules(kernel: Kernel, scratch: Path, hidden: Sequence[str] = ()) -> Path:
    """Folder of its modules, for /lib/modules/RELEASE: the package's own, or in `scratch` one without `hidden`.

    Raises UsageError if the kernel has no module of such a name.
    """
    packaged = kernel.modules / kernel.release
    if not hidden and (packaged / "modules.dep.bin").exists():
        return packaged
    tree = scratch / "lib" / "modules" / packaged.name
    if tree.exists():
        shutil.rmtree(tree)
    tree.mkdir(parents=True)
    left = set(hidden)
    for path in packaged.rglob("*"):
        relative = path.relative_to(packaged)
        name = path.name.partition(".ko")[0].replace("-", "_")
        if name in hidden and path.is_file():
            left.discard(name)
        elif path.is_dir():
            (tree / relative).mkdir(parents=True, exist_ok=True)
        elif ".ko" in path.name:
            (tree / relative).symlink_to(path)
        elif not path.name.endswith(".bin"):
            shutil.copy(path, tree / relative)
    if left:
        raise UsageError(
            f"kernel {packaged.name} has no module {', '.join(sorted(left))}", f"look into {packaged}/modules.dep"
        )
    subprocess.run(["depmod", "-b", str(scratch), packaged.name], check=True, capture_output=True)
    return tree
