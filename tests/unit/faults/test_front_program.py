"""A program in front of one of kube-proxy's: whom it fails for, and where it is put. The shell runs, without mounts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gauntlet.faults import front_program
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy.modes import traits
from gauntlet.proxy.traits import Call

RESTORES, NFT = traits(ProxyMode.IPTABLES).writers, traits(ProxyMode.NFTABLES).writers
# What is behind: it says what it read, and how it was called.
BEHIND = '#!/bin/bash\ncat\necho "$@"\n'


@pytest.fixture
def kube_proxy(tmp_path: Path) -> Path:
    """A shell that bears the name."""
    shutil.copy(str(shutil.which("bash")), tmp_path / "kube-proxy")
    return tmp_path / "kube-proxy"


def called(
    shell: str | Path, folder: Path, calls: tuple[Call, ...], tool: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """How a call of a tool by this shell ends, with a program in front of it that goes by these calls."""
    text = front_program.front("tag", tool, calls).replace(f"/run/tag/{tool}.behind", str(folder / "behind"))
    for path, content in ((folder / tool, text), (folder / "behind", BEHIND)):
        path.write_text(content)
        path.chmod(0o755)
    # Two commands: of a single one the shell would become the program, and be nobody's parent.
    command = [str(shell), "-c", '"$0" "$@"; exit $?', str(folder / tool), *arguments]
    return subprocess.run(command, input="rules\n", capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("calls", "tool", "arguments"),
    [
        (RESTORES, "iptables-restore", ("-w", "5", "--noflush", "--counters")),
        (RESTORES, "iptables-restore", ()),
        (RESTORES, "ip6tables-restore", ("--noflush",)),
        (NFT, "nft", ("-f", "-")),
        (NFT, "nft", ("--check", "-f", "-")),
    ],
)
def test_kube_proxy_writes_in_vain(
    kube_proxy: Path, tmp_path: Path, calls: tuple[Call, ...], tool: str, arguments: tuple[str, ...]
) -> None:
    done = called(kube_proxy, tmp_path, calls, tool, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "the gauntlet lets this fail\n")


@pytest.mark.parametrize(
    ("calls", "tool", "arguments"),
    [
        (RESTORES, "iptables", ("-t", "nat", "-C", "PREROUTING")),
        (RESTORES, "iptables-save", ("-t", "nat")),
        (NFT, "nft", ("--json", "list", "chains", "ip")),
        (NFT, "nft", ("list", "map", "ip", "kube-proxy", "a-f-b")),
    ],
)
def test_kube_proxy_reads_as_before(
    kube_proxy: Path, tmp_path: Path, calls: tuple[Call, ...], tool: str, arguments: tuple[str, ...]
) -> None:
    done = called(kube_proxy, tmp_path, calls, tool, *arguments)
    assert (done.returncode, done.stdout) == (0, f"rules\n{' '.join(arguments)}\n")


@pytest.mark.parametrize(("calls", "tool"), [(RESTORES, "iptables-restore"), (NFT, "nft")])
def test_others_write_as_before(tmp_path: Path, calls: tuple[Call, ...], tool: str) -> None:
    done = called("bash", tmp_path, calls, tool, "-f", "-")
    assert (done.returncode, done.stdout) == (0, "rules\n-f -\n")


def test_a_program_is_where_the_first_folder_of_the_path_has_it() -> None:
    folders = front_program.search_path("HOME=/root\0PATH=/usr/local/sbin:/usr/sbin::/sbin\0TERM=x\0")
    assert folders == ("/usr/local/sbin", "/usr/sbin", "/sbin")
    asked = front_program.there(7, ["nft"], folders)
    assert asked[4:] == ("/proc/7/root/usr/local/sbin/nft", "/proc/7/root/usr/sbin/nft", "/proc/7/root/sbin/nft")
    printed = "/proc/7/root/usr/sbin/nft\n/proc/7/root/sbin/nft\n/proc/7/root/sbin/other\n"
    assert front_program.first_places(printed, 7) == {"nft": "/usr/sbin/nft", "other": "/sbin/other"}
    assert front_program.search_path("HOME=/root\0") == ()


def test_what_is_there_is_found_links_that_lead_nowhere_too(tmp_path: Path) -> None:
    """A link of a container may lead to a place that the node does not have."""
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("/nowhere")
    script = front_program.there(1, [], [])[2]
    places = [str(tmp_path / name) for name in ("file", "nothing", "link")]
    done = subprocess.run(["sh", "-c", script, "sh", *places], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [places[0], places[2]]


def test_what_is_behind_is_kept_before_anything_stands_in_front() -> None:
    """iptables-restore and ip6tables-restore are one file on Debian."""
    places = {each.tool: f"/usr/sbin/{each.tool}" for each in RESTORES}
    script = front_program.put("tag", 7, places, RESTORES)[2].splitlines()
    mounts = [line.split()[-2:] for line in script if line.startswith("mount")]
    assert mounts == [
        ["/usr/sbin/iptables-restore", "/run/tag/iptables-restore.behind"],
        ["/usr/sbin/ip6tables-restore", "/run/tag/ip6tables-restore.behind"],
        ["/run/tag/iptables-restore", "/usr/sbin/iptables-restore"],
        ["/run/tag/ip6tables-restore", "/usr/sbin/ip6tables-restore"],
    ]
