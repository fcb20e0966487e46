"""What commonly breaks kind, looked for before it does. Sources: kind.sigs.k8s.io/docs/user/known-issues."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from gauntlet.build import docker
from gauntlet.doctor.check import Check, State
from gauntlet.doctor.left_behind import left_behind
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError
from gauntlet.providers.sandbox.fitness import host_lacks
from gauntlet.proxy.modes import traits
from gauntlet.proxy.traits import Modules

# Three nodes that unpack their images, and what a run writes.
CLUSTER_BYTES = 4 * 1024**3
# kind's own recommendation ("Pod errors due to too many open files").
RECOMMENDED_WATCHES = 524_288
RECOMMENDED_INSTANCES = 512
_V2_CONTROLLERS = frozenset({"cpu", "memory", "pids"})


def examine() -> Iterator[Check]:
    """All checks, one after the other. What follows from Docker is left out where there is none."""
    found = daemon()
    yield found
    if found.state is State.OK:
        yield disk()
        yield image()
    yield inotify(Path("/proc/sys"))
    yield cgroups(Path("/sys/fs/cgroup"))
    yield programs()
    yield from left_behind("kind")
    yield from modules()


def daemon() -> Check:
    try:
        version = docker.require()
    except GauntletError as error:
        return Check("Docker", State.MISSING, error.what, error.remedy)
    return Check("Docker", State.OK, f"daemon {version} answers")


def disk() -> Check:
    root = docker.root()
    if not root.exists():
        return Check("Docker's disk", State.NOTE, f"{root} is not on this machine: its room is not known")
    free = shutil.disk_usage(root).free
    detail = f"{free / 1024**3:.1f} GiB free in {root}"
    if free < CLUSTER_BYTES:
        return Check(
            "Docker's disk",
            State.MISSING,
            f"{detail}; a cluster needs {CLUSTER_BYTES / 1024**3:.0f}",
            "docker system df shows what it holds, docker system prune frees what nobody uses; kubelets evict pods "
            "from a disk that is 85 % full",
        )
    return Check("Docker's disk", State.OK, detail)


def image() -> Check:
    found = docker.run("images", "--quiet", "kube-proxy-gauntlet/client")
    if found.split():
        return Check("images", State.OK, "a client image is there")
    return Check("images", State.MISSING, "no client image was built yet", "gauntlet images build")


def inotify(sysctls: Path) -> Check:
    """`sysctls` is /proc/sys. Every systemd, kubelet and container runtime of every node takes some."""
    watches, instances = (int((sysctls / "fs/inotify" / name).read_text()) for name in _INOTIFY)
    detail = f"{watches} watches, {instances} instances for each user"
    if watches >= RECOMMENDED_WATCHES and instances >= RECOMMENDED_INSTANCES:
        return Check("inotify", State.OK, detail)
    return Check(
        "inotify",
        State.NOTE,
        f"{detail}; kind recommends {RECOMMENDED_WATCHES} and {RECOMMENDED_INSTANCES}: with fewer, nodes may fail with "
        "'too many open files'",
        f"sudo sysctl -w fs.inotify.max_user_watches={RECOMMENDED_WATCHES} "
        f"fs.inotify.max_user_instances={RECOMMENDED_INSTANCES} (to keep it: a file in /etc/sysctl.d)",
    )


_INOTIFY = ("max_user_watches", "max_user_instances")


def cgroups(root: Path) -> Check:
    """`root` is /sys/fs/cgroup."""
    controllers = root / "cgroup.controllers"
    if not controllers.is_file():
        return Check(
            "cgroups",
            State.NOTE,
            "version 1: kubelets since 1.35 start there only when told to (failCgroupV1: false), as kind-configs/ do",
            "give that to configs of your own as well, or boot with systemd.unified_cgroup_hierarchy=1",
        )
    lacking = _V2_CONTROLLERS - set(controllers.read_text().split())
    if lacking:
        return Check(
            "cgroups",
            State.MISSING,
            f"version 2 without {', '.join(sorted(lacking))}",
            "a rootless Docker needs them delegated: https://rootlesscontaine.rs/getting-started/common/cgroup2/",
        )
    return Check("cgroups", State.OK, "version 2 with cpu, memory and pids")


def programs() -> Check:
    missing = [program for program in ("kind", "kubectl") if shutil.which(program) is None]
    if missing:
        return Check(
            "kind and kubectl",
            State.NOTE,
            f"not in PATH: {', '.join(missing)}; they are built from toolchain/ when a cluster is made",
            "put them in PATH, or name them by --kind-bin and --kind-kubectl-bin, to use your own",
        )
    return Check("kind and kubectl", State.OK, f"{shutil.which('kind')}, {shutil.which('kubectl')}")


def modules() -> Iterator[Check]:
    """For each mode that takes modules of the kernel, whether this machine's has them."""
    for mode in ProxyMode:
        taken = traits(mode).modules
        if taken is not None:
            yield _modules(mode, taken)


def _modules(mode: ProxyMode, taken: Modules) -> Check:
    name = f"{mode} on kind"
    try:
        lack = host_lacks(mode)
    except EnvironmentUnfit as unfit:
        return Check(name, State.NOTE, unfit.what, unfit.remedy)
    if lack:
        return Check(
            name,
            State.NOTE,
            f"unsupported here, as nodes share this kernel: {lack}",
            f"sudo modprobe -a {' '.join(taken.load)}; or the sandbox provider: its nodes may have a kernel of their "
            "own",
        )
    return Check(name, State.OK, f"this kernel has {taken.load[0]}")
