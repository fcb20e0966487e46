"""A kube-proxy is asked to read a configuration, in namespaces of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gauntlet.doctor.cluster_check.report import Level
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.looking import judged
from gauntlet.doctor.lookahead.outlook import Outlook
from tests.unit.lookahead.sights import NEW, facts, proxy, told


def program(folder: Path, *lines: str) -> Path:
    """A stand-in that finds the file it is to write in $out, and the one it is to read in $file."""
    file = folder / "kube-proxy"
    find = "for each; do case $each in --config=*) file=${each#*=};; --write-config-to=*) out=${each#*=};; esac; done"
    file.write_text("\n".join(["#!/bin/sh", find, *lines]) + "\n")
    file.chmod(0o755)
    return file


def asked(kube_proxy: Path) -> Outlook:
    found = (proxy("mode: iptables"),)
    return judged(facts(), found, {"node-1": NEW}, Goal.parse("nftables@1.37"), lambda _: kube_proxy)


def test_a_program_that_takes_the_configuration_of_then(tmp_path: Path) -> None:
    found = asked(program(tmp_path, 'grep -q "^mode: nftables" "$file" && cp "$file" "$out"'))
    told(found, Level.OK, "its own word", "takes this configuration")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("echo 'Error: no such thing' >&2", "exit 1"), "ends at its start with this configuration: no such thing"),
        (("exit 0",), "it wrote no configuration, though it was asked to"),
    ],
)
def test_a_program_that_does_not(lines: Sequence[str], words: str, tmp_path: Path) -> None:
    told(asked(program(tmp_path, *lines)), Level.PROBLEM, "its own word", words)


def test_it_has_no_network_but_its_own(tmp_path: Path) -> None:
    """If it started all the same, it could not touch the rules of this machine."""
    here = Path("/proc/self/ns/net").readlink()
    asked(program(tmp_path, f'readlink /proc/self/ns/net > {tmp_path}/there; cp "$file" "$out"'))
    there = (tmp_path / "there").read_text().strip()
    assert there.startswith("net:[")
    assert there != str(here)
