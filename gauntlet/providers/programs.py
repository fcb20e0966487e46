"""The programs of a cluster of a subject: its kube-proxy, and what that works with."""

from __future__ import annotations

from dataclasses import replace

from gauntlet.build import binaries
from gauntlet.build.binaries import DEFAULT_VERSION, Binaries
from gauntlet.build.cache import Say
from gauntlet.build.toolchain import modules, pinned_minor, toolchain_root
from gauntlet.subject import DATA_PLANE, Subject


def ensure(subject: Subject, say: Say) -> Binaries:
    """Find the programs, or build or download them first; an own kube-proxy gets the newest control plane.

    Raises what gauntlet.build.binaries.ensure does.
    """
    found = binaries.ensure(_minor(subject), say)
    if subject.program is None:
        return found
    return replace(
        found,
        version=subject.version,
        programs={**found.programs, DATA_PLANE: subject.program},
        origin=f"given: {subject.program}",
    )


def require_pinned(subject: Subject) -> None:
    """Raises UsageError for a version whose binaries toolchain/ does not pin."""
    modules(_minor(subject), toolchain_root())


def _minor(subject: Subject) -> str:
    return pinned_minor(DEFAULT_VERSION if subject.program is not None else subject.version, toolchain_root())
