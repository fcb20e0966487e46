"""Whether IPVS of a node is whole, in both families: the shell that tells it, on what the programs of a node print."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gauntlet.proxy.ipvs import wholeness

ADDRESSES = """\
1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: vec0    inet 10.77.0.11/24 scope global vec0\\       valid_lft forever preferred_lft forever
2: vec0    inet6 fd10:77::11/64 scope global \\       valid_lft forever preferred_lft forever
2: vec0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
5: kube-ipvs0    inet 10.96.0.1/32 scope global kube-ipvs0\\       valid_lft forever preferred_lft forever
5: kube-ipvs0    inet6 fd10:96::5/128 scope global \\       valid_lft forever preferred_lft forever
"""
SERVERS = """\
-A -t 10.77.0.11:30080 -s rr
-a -t 10.77.0.11:30080 -r 10.244.1.2:8080 -m -w 1
-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 10.77.0.2:6443 -m -w 1
-A -t [fd10:77::11]:30080 -s rr
-A -t [fd10:96::5]:80 -s rr
-a -t [fd10:96::5]:80 -r [fd10:244:0:1::2]:8080 -m -w 1
"""
SETS = """\
create KUBE-CLUSTER-IP hash:ip,port family inet
add KUBE-CLUSTER-IP 10.96.0.1,tcp:443
add KUBE-IPVS-IPS 10.96.0.1
add KUBE-NODE-PORT-TCP 30080
add KUBE-6-CLUSTER-IP fd10:96::5,tcp:80
add KUBE-6-IPVS-IPS fd10:96::5
add KUBE-6-NODE-PORT-TCP 30080
"""


def told(
    folder: Path, check: str, *, addresses: str = ADDRESSES, servers: str = SERVERS, sets: str = SETS
) -> tuple[int, str]:
    """What the check ends with and prints on a node whose programs print this."""
    dummy = "\n".join(line for line in addresses.splitlines() if wholeness.INTERFACE in line)
    outputs = {"ip": addresses, "dummy": dummy, "ipvsadm": servers, "ipset": sets}
    for name, text in outputs.items():
        (folder / f"{name}.out").write_text(f"{text}\n")
        program = folder / name
        program.write_text(f"#!/bin/sh\ncat {folder}/{name}.out\n")
        program.chmod(0o755)
    (folder / "ip").write_text(
        f'#!/bin/sh\ncase "$*" in *{wholeness.INTERFACE}*) cat {folder}/dummy.out ;; *) cat {folder}/ip.out ;; esac\n'
    )
    done = subprocess.run(
        ["sh", "-c", check],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def without(text: str, line: str) -> str:
    assert line in text
    return "".join(f"{each}\n" for each in text.splitlines() if line not in each)


def test_what_is_whole_in_both_families(tmp_path: Path) -> None:
    assert told(tmp_path, wholeness.CHECK) == (0, "4 virtual and 3 real servers; kube-ipvs0 has 2 addresses")
    words = "the KUBE-* ipsets hold 6 entries, of which 2 cluster IPs with a port"
    assert told(tmp_path, wholeness.SETS_CHECK) == (0, words)


def test_what_is_whole_with_ipv4_alone(tmp_path: Path) -> None:
    addresses = without(ADDRESSES, "fd10:96::5")
    servers = "".join(f"{line}\n" for line in SERVERS.splitlines() if "[" not in line)
    sets = without(SETS, "KUBE-6-")
    assert told(tmp_path, wholeness.CHECK, addresses=addresses, servers=servers)[0] == 0
    assert told(tmp_path, wholeness.SETS_CHECK, addresses=addresses, servers=servers, sets=sets)[0] == 0


@pytest.mark.parametrize("place", ["-A -t 10.96.0.1:443", "-A -t [fd10:96::5]:80"])
def test_an_address_without_a_virtual_server(tmp_path: Path, place: str) -> None:
    assert told(tmp_path, wholeness.CHECK, servers=without(SERVERS, place))[0] == 1


@pytest.mark.parametrize("address", [" 10.96.0.1/", " fd10:96::5/", " fd10:77::11/"])
def test_a_virtual_server_without_its_address(tmp_path: Path, address: str) -> None:
    assert told(tmp_path, wholeness.CHECK, addresses=without(ADDRESSES, address))[0] == 1


def test_an_address_of_the_kernels_own_needs_no_virtual_server(tmp_path: Path) -> None:
    link_local = ADDRESSES + f"5: {wholeness.INTERFACE}    inet6 fe80::2/64 scope link \\\n"
    assert told(tmp_path, wholeness.CHECK, addresses=link_local)[0] == 0
    assert told(tmp_path, wholeness.SETS_CHECK, addresses=link_local)[0] == 0


@pytest.mark.parametrize(
    "entry",
    [
        "KUBE-IPVS-IPS 10.96.0.1",
        "KUBE-6-IPVS-IPS",
        "KUBE-CLUSTER-IP 10.96.0.1,",
        "KUBE-6-CLUSTER-IP",
        "KUBE-NODE-PORT-TCP",
        "KUBE-6-NODE-PORT-TCP",
    ],
)
def test_an_entry_of_a_set_that_is_missing(tmp_path: Path, entry: str) -> None:
    assert told(tmp_path, wholeness.SETS_CHECK, sets=without(SETS, f"add {entry}"))[0] == 1
