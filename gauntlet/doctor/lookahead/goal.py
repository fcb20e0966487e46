"""Where the cluster is to go: a version with the configuration as it is, or a subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.ground.errors import UsageError
from gauntlet.ground.version import Minor, minor_of, numbers
from gauntlet.subject import Subject, parse

_EXAMPLES = "give a version like 1.37, or a subject like nftables@1.37"


@dataclass(frozen=True)
class Goal:
    """`subject` is what was asked for, None if its version alone was; then mode and fields stay as they are.

    `assumed` says why it is this one if none was asked for: then the control plane goes there as well, and first.
    """

    version: str
    subject: Subject | None = None
    assumed: str = ""

    @property
    def minor(self) -> Minor:
        return minor_of(self.version)

    @property
    def name(self) -> str:
        return self.version if self.subject is None else self.subject.written

    @classmethod
    def parse(cls, text: str) -> Self:
        """What stands after --to. Raises UsageError if it is neither a version nor a subject."""
        words = text.strip()
        if not words:
            raise UsageError("--to is empty", _EXAMPLES)
        if words.removeprefix("v")[:1].isdecimal():
            minor_of(words)
            return cls(words.removeprefix("v"))
        subject = parse(words, DEFAULT_VERSION)
        return cls(subject.version, subject)

    @classmethod
    def next_of(cls, api_server: str, proxies: Mapping[str, str]) -> Self:
        """The version to which this cluster goes next. `proxies` are the versions of kube-proxies, by node."""
        server = minor_of(api_server)
        oldest = min(proxies.values(), key=numbers, default=api_server)
        if minor_of(oldest) < server:
            return cls("{}.{}".format(*server), assumed=f"the API server's version; kube-proxy is still {oldest}")
        return cls(
            f"{server[0]}.{server[1] + 1}", assumed="the next minor version, to which the control plane goes first"
        )
