"""Versions of Kubernetes and of Go as numbers that can be compared. Nothing else takes the text of one apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gauntlet.ground.errors import UsageError

Minor = tuple[int, int]
Release = tuple[int, ...]

_MINOR = re.compile(r"v?(\d+)\.(\d+)(?:[.+-]|$)")
_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


def minor_of(version: str) -> Minor:
    """ "1.37", "1.37.2" and "v1.37.2-rc.1" are all (1, 37). Raises UsageError for what is not a version."""
    match = _MINOR.match(version)
    if match is None:
        raise UsageError(f"{version!r} is not a Kubernetes version", "give it like 1.37 or 1.37.2")
    return int(match[1]), int(match[2])


def is_version(text: str) -> bool:
    """Whether this names a minor version at least, as `minor_of` reads it: "1.27rc1" and "latest" do not."""
    return _MINOR.match(text) is not None


def numbers(version: str) -> Release:
    """ "1.26.0" and "v1.26.0-eks-1234" are both (1, 26, 0), "1.27rc1" is (1, 27); what is not a version is ()."""
    match = _NUMBERS.match(version)
    return () if match is None else tuple(int(part) for part in match[1].split("."))


def places(versions: Mapping[str, str]) -> str:
    """What runs where, the oldest first: `1.36.3 on node-2; 1.37.2 on node-1, node-3`. `versions` are by place."""
    ordered = sorted(set(versions.values()), key=lambda version: (numbers(version), version))
    return "; ".join(
        f"{version} on {', '.join(sorted(place for place in versions if versions[place] == version))}"
        for version in ordered
    )
