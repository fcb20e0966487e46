"""Versions as numbers, and options of which there is one at most."""

from __future__ import annotations

import pytest

from gauntlet.ground.choice import exclusive
from gauntlet.ground.errors import UsageError
from gauntlet.ground.version import Release, is_version, minor_of, numbers, places


@pytest.mark.parametrize("text", ["1.37", "v1.37", "1.37.2", "v1.37.2-rc.1", "1.37.2+k3s1", "1.37-eks-1234", "1.37+"])
def test_the_minor_version(text: str) -> None:
    assert minor_of(text) == (1, 37)


@pytest.mark.parametrize("text", ["", "1", "v", "latest", "1.37rc1", "x1.37", "1.", ".37"])
def test_what_has_no_minor_version(text: str) -> None:
    with pytest.raises(UsageError, match=f"'{text}' is not a Kubernetes version"):
        minor_of(text)


@pytest.mark.parametrize("text", ["1.37", "v1.37.2-rc.1", "1.37+", "1.27rc1", "1", "latest", ""])
def test_a_version_is_what_has_a_minor_version(text: str) -> None:
    readable = True
    try:
        minor_of(text)
    except UsageError:
        readable = False
    assert is_version(text) is readable


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.26.0", (1, 26, 0)),
        ("v1.36.3-eks-1234", (1, 36, 3)),
        ("1.36.3+k3s1", (1, 36, 3)),
        ("1.27rc1", (1, 27)),
        ("1", (1,)),
        ("latest", ()),
        ("", ()),
    ],
)
def test_the_numbers_of_a_version(text: str, parts: Release) -> None:
    assert numbers(text) == parts


def test_versions_are_compared_by_their_numbers() -> None:
    assert sorted(["1.37.10", "1.9.3", "1.37.9", "1.37"], key=numbers) == ["1.9.3", "1.37", "1.37.9", "1.37.10"]


def test_what_runs_where_is_told_from_the_oldest_on() -> None:
    versions = {"b": "1.37.2", "a": "1.37.2", "c": "1.36.10", "d": "1.36.9"}
    assert places(versions) == "1.36.9 on d; 1.36.10 on c; 1.37.2 on a, b"


@pytest.mark.parametrize(
    "options", [{}, {"--a": None, "--b": False}, {"--a": "", "--b": None}, {"--a": True, "--b": None}]
)
def test_one_option_or_none_is_a_choice(options: dict[str, object]) -> None:
    exclusive(options)


@pytest.mark.parametrize("options", [{"--a": "", "--b": "x", "--c": None}, {"--a": True, "--b": 0, "--c": False}])
def test_two_options_are_not(options: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"--a and --b exclude each other\n.*keep one"):
        exclusive(options, "keep one")
