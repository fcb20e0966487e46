"""The programs of a cluster of a subject: its kube-proxy, and what that works with."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from gauntlet.build import binaries
from gauntlet.build.binaries import DEFAULT_VERSION, Binaries
from gauntlet.build.cache import Say
from gauntlet.build.toolchain import modules, pinned_minor, toolchain_root
from gauntlet.ground.errors import UsageError
from gauntlet.subject import DATA_PLANE, Subject


def ensure(subject: Subject, say: Say) -> Binaries:
    """Find the programs, or build or download them first; an own kube-proxy gets the newest control plane.

    Raises what gauntlet.build.binaries.ensure and `checksum` do.
    """
    found = binaries.ensure(_minor(subject), say)
    if subject.program is None:
        return found
    return replace(
        found,
        version=subject.version,
        programs={**found.programs, DATA_PLANE: subject.program},
        origin=f"given: {subject.program}",
        proxy_sha256=checksum(subject.program),
    )


def checksum(program: Path) -> str:
    """The SHA-256 of an own program, in hexadecimal digits. Raises UsageError if this user may not read it."""
    try:
        with program.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(
            f"{program} cannot be read: {error.strerror}", "let this user read it: its SHA-256 goes on record"
        ) from None


def require_pinned(subject: Subject) -> None:
    """Raises UsageError for a version whose binaries toolchain/ does not pin."""
    modules(_minor(subject), toolchain_root())


def _minor(subject: Subject) -> str:
    return pinned_minor(DEFAULT_VERSION if subject.program is not None else subject.version, toolchain_root())
