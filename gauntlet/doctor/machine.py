"""What this machine can run, found out by trying it; each thing that is missing comes with its remedy."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gauntlet.build import binaries, toolchain
from gauntlet.doctor.check import Check, State
from gauntlet.doctor.left_behind import left_behind
from gauntlet.ground import paths
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.memory import CLUSTER_BYTES, available_bytes
from gauntlet.providers.sandbox import fitness, uml, world

PACKAGES = {
    "conntrack": "conntrack",
    "ethtool": "ethtool",
    "ip": "iproute2",
    "iptables": "iptables",
    "iptables-restore": "iptables",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "unshare": "util-linux",
}
# What a gate run writes below the results folder and /tmp; the etcd data of two clusters is most of it.
RUN_BYTES = 1024**3
# Of two clusters.
RUN_MEMORY_BYTES = 2 * CLUSTER_BYTES
# etcd and kube-apiserver each keep a descriptor for every watch and connection; 1,000 Services need some 2,000.
RUN_FILES = 4096


@dataclass(frozen=True)
class Feature:
    """Something the kernel must do for a sandbox node: a command that proves it in a world of its own."""

    name: str
    command: str
    remedy: str


FEATURES = (
    Feature(
        "veth and bridge",
        "ip link add name v0 type veth peer name v1 && ip link add name b0 type bridge",
        "sudo modprobe -a veth bridge",
    ),
    Feature(
        "network sysctls",
        "echo 1 >/proc/sys/net/ipv4/ip_forward && echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet",
        "use a kernel that lets a network namespace set its net.ipv4 sysctls",
    ),
    Feature(
        "iptables nat",
        "iptables -w -t nat -A OUTPUT -p tcp -d 192.0.2.1 -m statistic --mode random --probability 0.5"
        " -j DNAT --to-destination 127.0.0.1:1",
        "sudo modprobe -a iptable_nat xt_nat xt_statistic xt_comment xt_mark nf_conntrack",
    ),
    Feature(
        "nftables nat",
        "nft 'add table ip t; add chain ip t c { type nat hook output priority -100; };"
        " add rule ip t c dnat to numgen random mod 2 map { 0: 127.0.0.1, 1: 127.0.0.2 }'",
        "sudo modprobe -a nf_tables nft_chain_nat nft_numgen nft_fib_inet nft_ct",
    ),
    Feature(
        "IPv6",
        "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding && echo 0 >/proc/sys/net/ipv6/conf/default/accept_dad",
        "boot without ipv6.disable, or have clusters of IPv4 alone: --kp-families ipv4",
    ),
    Feature(
        "ip6tables nat",
        "ip6tables -w -t nat -A OUTPUT -p tcp -d 2001:db8::1 -m statistic --mode random --probability 0.5"
        " -j DNAT --to-destination '[::1]:1'",
        "sudo modprobe -a ip6table_nat ip6table_filter ip6table_mangle, or have IPv4 alone: --kp-families ipv4",
    ),
    Feature("connection tracking", "conntrack -L", "sudo modprobe -a nf_conntrack nf_conntrack_netlink"),
)


def examine() -> Iterator[Check]:
    """All checks, one after the other, as their answers come in."""
    yield _python()
    tools = _tools()
    yield tools
    namespaces = user_namespaces()
    yield namespaces
    if State.MISSING not in (tools.state, namespaces.state):
        yield from map(kernel_feature, FEATURES)
        yield guests()
    yield _go()
    yield _binaries()
    yield folder("state folder", paths.state_root(), State.MISSING)
    # What is in it already can be used.
    yield folder("cache", paths.cache_root(), State.NOTE if _built() else State.MISSING)
    yield _disk()
    yield _memory()
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE))
    yield from left_behind("sandbox")


def user_namespaces(sysctls: Path = Path("/proc/sys")) -> Check:
    """Can this user make the world of a sandbox cluster? If not, which of the usual locks is it?"""
    name = "user namespaces"
    try:
        tried = world.attempt(world.USER_WORLD, "ip link set lo up")
    except OSError as error:
        return Check(name, State.MISSING, str(error), "sudo apt-get install -y util-linux iproute2")
    if tried.returncode == 0:
        return Check(name, State.OK, "a private world can be made without root")
    said = (tried.stderr.strip() or "no output").splitlines()[-1]
    why, remedy = lock_on_namespaces(sysctls)
    return Check(name, State.MISSING, f"{why} ({said})", remedy)


def lock_on_namespaces(sysctls: Path) -> tuple[str, str]:
    """Why the kernel refuses a user namespace, and the remedy. `sysctls` is /proc/sys."""

    def value(path: str) -> str:
        file = sysctls / path
        return file.read_text().strip() if file.is_file() else ""

    if value("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor takes the rights away inside a user namespace (Ubuntu 23.10 and newer)",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (to keep it: a file in /etc/sysctl.d), "
            "or run as root",
        )
    if value("kernel/unprivileged_userns_clone") == "0":
        return (
            "ordinary users may not make user namespaces here",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1, or run as root",
        )
    if value("user/max_user_namespaces") == "0":
        return "the number of user namespaces is limited to 0", "sudo sysctl -w user.max_user_namespaces=15000"
    if container():
        return (
            "this is a container whose runtime forbids namespaces",
            "start it with --privileged (Docker, Podman), or with --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --cap-add SYS_ADMIN --cap-add NET_ADMIN",
        )
    return "the kernel refuses", "run as root, outside of any chroot, on a kernel with CONFIG_USER_NS"


def container() -> bool:
    """Does this look like the inside of a container? Used for a remedy only, never for a decision."""
    marks = ("/.dockerenv", "/run/.containerenv", "/run/systemd/container")
    if "container" in os.environ or any(Path(mark).exists() for mark in marks):
        return True
    return any(word in _read("/proc/1/cgroup") for word in ("docker", "kubepods", "containerd", "libpod"))


def kernel_feature(feature: Feature) -> Check:
    tried = world.attempt(world.USER_WORLD, feature.command)
    if tried.returncode == 0:
        return Check(feature.name, State.OK, "works in a world of its own")
    said = (tried.stderr.strip() or "no output").splitlines()[-1]
    return Check(feature.name, State.MISSING, said, feature.remedy)


def guests() -> Check:
    """Do nodes with a kernel of their own run here? Only what needs them is not possible without."""
    name = "own-kernel nodes"
    try:
        fails = fitness.guest_fails()
    except GauntletError as error:
        return Check(name, State.NOTE, error.what, error.remedy)
    if fails is None:
        return Check(name, State.OK, f"User-Mode Linux {uml.kernel().release} boots")
    return Check(
        name,
        State.NOTE,
        f"User-Mode Linux does not boot here: {fails}",
        "run iptables and nftables mode here; ipvs, userspace and faults of modules need another machine",
    )


def open_files(limits: tuple[int, int]) -> Check:
    """`limits` are the soft and the hard RLIMIT_NOFILE."""
    soft, hard = (sys.maxsize if limit == resource.RLIM_INFINITY else limit for limit in limits)
    if hard < RUN_FILES:
        return Check(
            "open files",
            State.MISSING,
            f"a process may open {hard} files at most; a cluster needs {RUN_FILES}",
            f"put the line `* hard nofile {RUN_FILES * 4}` into /etc/security/limits.conf and log in again",
        )
    return Check("open files", State.OK, f"limit {soft} (may be raised to {hard})")


def folder(name: str, place: Path, otherwise: State) -> Check:
    """May this user write there? If not, the state is `otherwise`."""
    try:
        paths.require_writable(place)
    except GauntletError as error:
        return Check(name, otherwise, error.what, error.remedy)
    return Check(name, State.OK, str(place))


def _python() -> Check:
    where = f"Python {platform.python_version()} on {platform.system()} {platform.release()}"
    if sys.platform != "linux":
        return Check("system", State.MISSING, where, "the sandbox is made of Linux namespaces: use a Linux machine")
    return Check("system", State.OK, where)


def _tools() -> Check:
    missing = [tool for tool in PACKAGES if shutil.which(tool) is None]
    if not missing:
        return Check("programs", State.OK, f"all {len(PACKAGES)} are in PATH")
    packages = sorted({PACKAGES[tool] for tool in missing})
    return Check(
        "programs",
        State.MISSING,
        f"not in PATH: {', '.join(missing)}",
        f"sudo apt-get install -y {' '.join(packages)}; their folder (/usr/sbin) must be in PATH",
    )


def _go() -> Check:
    try:
        go = toolchain.find_go(toolchain.required_go(toolchain.toolchain_root()))
    except GauntletError as error:
        if _built():
            return Check("Go", State.NOTE, f"{error.what}; what a run needs of it is built already", error.remedy)
        return Check("Go", State.MISSING, error.what, error.remedy)
    return Check("Go", State.OK, f"{go.banner.removeprefix('go version ')}, {go.path}")


def _built() -> bool:
    try:
        return binaries.find() is not None
    except GauntletError:
        return False


def _binaries() -> Check:
    name = f"Kubernetes {binaries.DEFAULT_VERSION}"
    try:
        found = binaries.find()
    except GauntletError as error:
        return Check(name, State.MISSING, f"cannot be built: {error.what}", error.remedy)
    if found is None:
        return Check(
            name,
            State.NOTE,
            "not there yet; the first run downloads or builds it (up to some 6 minutes on two cores)",
            "gauntlet binaries does it now",
        )
    return Check(name, State.OK, f"{found.version}, {found.origin}: {found.path('kube-proxy').parent}")


def _disk() -> Check:
    short = [folder for folder in (Path(tempfile.gettempdir()), Path.cwd()) if _free(folder) < RUN_BYTES]
    if short:
        return Check(
            "disk space",
            State.MISSING,
            f"{short[0]} has {_free(short[0]) / 1024**2:.0f} MiB free; a run needs {RUN_BYTES / 1024**2:.0f}",
            "make room there, or set TMPDIR and --results to folders on a larger disk",
        )
    cache = next(place for place in (paths.cache_root(), *paths.cache_root().parents) if place.exists())
    return Check("disk space", State.OK, f"{_free(cache) / 1024**3:.0f} GiB free for the cache, {paths.cache_root()}")


def _memory() -> Check:
    available = available_bytes() or RUN_MEMORY_BYTES
    detail = f"{available / 1024**3:.1f} GiB available"
    if available < RUN_MEMORY_BYTES:
        return Check(
            "memory",
            State.NOTE,
            f"{detail}; the gate with two modes wants {RUN_MEMORY_BYTES / 1024**3:.0f}",
            "close something, or run one mode at a time: gauntlet run --modes nftables",
        )
    return Check("memory", State.OK, detail)


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return ""
