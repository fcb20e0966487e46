"""The subjects of a run: those that it asks for, or the one of the cluster that it is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gauntlet.ground.choice import exclusive
from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.errors import UsageError
from gauntlet.ground.profiles import parse_modes
from gauntlet.ground.version import minor_of
from gauntlet.providers import programs
from gauntlet.providers.protocol import chosen_kernel
from gauntlet.providers.registry import provider
from gauntlet.subject import Subject, chosen_by, parse_all

UNNAMED = "iptables,nftables"


def asked_for(modes: str | None, written: str | None, version: str) -> tuple[Subject, ...] | None:
    """The subjects of --kp-modes or of --kp-subjects, at --kp-version if they say none; None if neither is given.

    Raises UsageError for what cannot be a subject, and if both are given.
    """
    minor_of(version)
    exclusive(
        {"--kp-modes": modes, "--kp-subjects": written},
        f"--kp-modes is the short form: give --kp-subjects={written} alone",
    )
    if modes is not None:
        written = ",".join(parse_modes(modes))
    return None if written is None else parse_all(written, version)


def unasked(version: str) -> tuple[Subject, ...]:
    """The subjects of a run that names none."""
    return parse_all(UNNAMED, version)


def agreed(asked: Sequence[Subject] | None, running: Subject, whose: str, sha256: str = "") -> Subject:
    """The subject of a cluster that is there already, by the name that was asked for, if one was.

    `sha256` is the checksum of the own program that runs there; empty if it is none, or not on record.
    Raises UsageError, which begins with `whose` kube-proxies they are, if another subject was asked for.
    """
    if asked is None:
        return running
    remedy = f"give {chosen_by(running.written)}, or leave it out"
    if [each.mode for each in asked] != [running.mode]:
        wanted_modes = ", ".join(str(each.mode) for each in asked)
        raise UsageError(f"{whose} in {running.mode} mode, not in {wanted_modes}", remedy)
    (wanted,) = asked
    if not wanted.may_be(running.version):
        raise UsageError(f"{whose} at {running.version}, not at {wanted.version}", remedy)
    if wanted.says_version and wanted.program != running.program:
        another = (
            f"another program than {wanted.program}" if wanted.program else f"a program of its own, {running.program}"
        )
        raise UsageError(f"{whose} from {another}", remedy)
    if wanted.program is not None and sha256 and programs.checksum(wanted.program) != sha256:
        raise UsageError(
            f"{whose} what {wanted.program} was when it came up (SHA-256 {sha256[:12]}…), and the file is another now",
            f"end the cluster and bring it up again; or leave the program out, to test what runs: "
            f"--kp-modes={running.mode}",
        )
    if (wanted.gates, wanted.fields, wanted.tools) != (running.gates, running.fields, running.tools):
        raise UsageError(
            f"{whose} with another configuration than {wanted.name}",
            f"{remedy}: a cluster that is there is tested as it is",
        )
    return replace(running, name=wanted.name, written=wanted.written)


def require_pinned(subjects: Sequence[Subject]) -> None:
    """Raises UsageError for a version whose binaries toolchain/ does not pin."""
    for subject in subjects:
        programs.require_pinned(subject)


def require_offered(source: str, subjects: Sequence[Subject]) -> None:
    """Raises UsageError for a mode in which this provider has no clusters."""
    offered = provider(source).modes
    missing = dict.fromkeys(str(each.mode) for each in subjects if each.mode not in offered)
    if missing:
        raise UsageError(
            f"the provider {source} has no cluster in mode {', '.join(missing)}",
            f"choose from {', '.join(offered)} with --kp-modes, or another --kp-provider",
        )


def kernels(source: str, subjects: Sequence[Subject], asked: str) -> dict[str, NodeKernel]:
    """Whose kernel the nodes of each new cluster run on, by the subject's name: as asked for, or as its mode needs it.

    Raises UsageError or EnvironmentUnfit if kube-proxy cannot run on it in that mode.
    """
    return {each.name: chosen_kernel(provider(source), each.mode, asked) for each in subjects}
