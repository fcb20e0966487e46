"""Errors a person is meant to read: what happened, where, and what to do about it."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command. The values are part of the public contract."""

    OK = 0
    FAILED = 1
    USAGE = 2


class GauntletError(Exception):
    """Something went wrong that the user can understand and act on.

    `remedy` says what to do next. It is printed on a line of its own.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}\n  remedy: {self.remedy}" if self.remedy else self.what


class UsageError(GauntletError):
    """The input was wrong; nothing was changed."""

    exit_code = ExitCode.USAGE


class EnvironmentUnfit(GauntletError):
    """This machine lacks something that the run needs (a tool, a kernel feature, disk space)."""

    exit_code = ExitCode.USAGE


class Inconclusive(GauntletError):
    """No verdict is possible: no data, a fault that did not land, a cluster that is gone."""


class NodeGone(GauntletError):
    """A node is no longer part of its cluster, as its API server says. What was done to it went with it."""
