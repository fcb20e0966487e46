"""What results.json records of a subject, and how columns are headed by it."""

from __future__ import annotations

import json
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.version import places
from gauntlet.subject import DATA_PLANE, Subject

# Digits of a checksum that tell builds apart at first sight; results.json has all of them.
_SHORT = 12


class Record(BaseModel):
    """What all records of results.json have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SubjectRecord(Record):
    """One subject of a run, as it was in its cluster.

    `version` is the full one of kube-proxy; the minor one if no cluster came up. If the kube-proxies of a cluster that
    was there differ in it, it is that of the oldest, and `versions` has all of them, by node. `written` is how a
    command line names the subject. `origin` says how its program came to be: built from source, downloaded, given;
    empty if that is not known. `sha256` is the checksum of a program that was given, when its cluster came up; empty
    for others. `gates` are the feature gates that were set, `fields` what was merged over the KubeProxyConfiguration
    that every subject gets. `control_plane` is the version of what it ran under, `kernel` that of its nodes, `families`
    the IP families that its nodes and pods had; all are empty if none came up.
    """

    name: str = Field(min_length=1)
    data_plane: str = DATA_PLANE
    mode: ProxyMode
    version: str
    versions: dict[str, str] = {}
    written: str = Field(min_length=1)
    origin: str = ""
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    gates: dict[str, bool] = {}
    fields: dict[str, JsonValue] = {}
    control_plane: str = ""
    kernel: str = ""
    families: str = ""

    @classmethod
    def of(cls, subject: Subject) -> Self:
        """The record of a subject before its cluster came up."""
        fields = json.loads(json.dumps(subject.configuration))
        gates = fields.pop("featureGates", {})
        return cls(
            name=subject.name,
            data_plane=subject.data_plane,
            mode=subject.mode,
            version=subject.version,
            written=subject.written,
            gates=gates,
            fields=fields,
        )

    @property
    def beneath(self) -> str:
        """Mode and full version, as far as the name does not say them; empty if it says both."""
        word, _, rest = self.name.partition("@")
        named = rest.partition("+")[0]
        mode = "" if word.partition("+")[0] == self.mode else str(self.mode)
        version = "" if named and f"{self.version}.".startswith(f"{named}.") else self.version
        return f"{mode} {version}".strip()

    @property
    def differences(self) -> str:
        """Its feature gates and other fields: `SomeGate=true, nftables={"minSyncPeriod": "5s"}`."""
        gates = [f"{gate}={json.dumps(value)}" for gate, value in self.gates.items()]
        return ", ".join([*gates, *(f"{field}={json.dumps(value)}" for field, value in self.fields.items())])

    @property
    def program(self) -> str:
        """Its origin, with the beginning of its checksum: `given: /opt/kube-proxy (SHA-256 9f86d081884c…)`."""
        return f"{self.origin} (SHA-256 {self.sha256[:_SHORT]}…)" if self.sha256 else self.origin

    @property
    def warning(self) -> str:
        """That its kube-proxies are of different versions, and what runs where; empty if they are of one."""
        return f"kube-proxies of different versions: {places(self.versions)}" if self.versions else ""

    @property
    def description(self) -> str:
        """All of it on a line: `ipvs mode of kube-proxy 1.37.2 with SomeGate=true, built from source, kernel 6.1`."""
        what = f"{self.mode} mode of {self.data_plane} {self.version}"
        what += f" with {self.differences}" if self.differences else ""
        other = self.control_plane not in ("", self.version)
        under = f"control plane {self.control_plane}" if other else ""
        parts = (self.program, under, self.kernel and f"kernel {self.kernel}", self.families)
        whole = ", ".join([what, *filter(None, parts)])
        return f"{whole}. Warning: {self.warning}" if self.warning else whole
