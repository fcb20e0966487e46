"""The subject of a cluster that is there, and those of a run that names none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.providers import programs, subjects
from gauntlet.subject import parse_all, present


@pytest.mark.parametrize("asked", [None, "nftables", "nftables@1.36", "nftables@1.36.3", "next=nftables"])
def test_a_kubeconfig_decides_the_subject(asked: str | None) -> None:
    named = None if asked is None else parse_all(asked, "1.37")
    found = subjects.agreed(named, present(ProxyMode.NFTABLES, "1.36.3"), "they run")
    assert (found.mode, found.version) == (ProxyMode.NFTABLES, "1.36.3")
    assert found.name == (asked.partition("=")[0] if asked else "nftables")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("iptables", r"they run in nftables mode, not in iptables\n.*--kp-modes=nftables"),
        ("nftables,iptables", r"they run in nftables mode, not in nftables, iptables\n"),
        ("nftables@1.37", r"they run at 1\.36\.3, not at 1\.37\n"),
        ("nftables+SomeGate", r"with another configuration than nftables\+SomeGate\n"),
    ],
)
def test_a_kubeconfig_of_another_subject_is_refused(asked: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        subjects.agreed(parse_all(asked, "1.37"), present(ProxyMode.NFTABLES, "1.36.3"), "they run")


def test_a_kubeconfig_of_an_own_program_is_not_taken_for_the_release_of_its_version() -> None:
    found = replace(present(ProxyMode.NFTABLES, "1.37.2"), program=Path("/opt/kube-proxy"))
    with pytest.raises(UsageError, match="they run from a program of its own, /opt/kube-proxy"):
        subjects.agreed(parse_all("nftables@1.37", "1.37"), found, "they run")
    assert subjects.agreed(parse_all("nftables", "1.37"), found, "they run").program == found.program


def test_a_program_that_was_built_anew_is_not_the_one_that_runs(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\necho Kubernetes v1.37.2\n")
    program.chmod(0o755)
    asked = parse_all(f"next=nftables@{program}", "1.37")
    running, before = replace(asked[0], name="nftables"), programs.checksum(program)
    assert subjects.agreed(asked, running, "it runs", before).name == "next"

    program.write_text("#!/bin/sh\necho Kubernetes v1.37.2\n# another build\n")
    words = rf"it runs what {program} was when it came up \(SHA-256 {before[:12]}…\), and the file is another now"
    with pytest.raises(UsageError, match=rf"{words}\n.*bring it up again.*--kp-modes=nftables"):
        subjects.agreed(asked, running, "it runs", before)
    assert subjects.agreed(parse_all("nftables", "1.37"), running, "it runs", before).program == program
    assert subjects.agreed(asked, running, "it runs", "").name == "next", "nothing is on record"


def test_a_program_is_on_record_by_its_content(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert programs.checksum(program) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(UsageError, match=r"missing cannot be read: No such file.*\n.*SHA-256 goes on record"):
        programs.checksum(tmp_path / "missing")


def test_without_a_cluster_the_subjects_are_those_of_the_gate() -> None:
    assert [each.name for each in subjects.unasked("1.37")] == ["iptables", "nftables"]
