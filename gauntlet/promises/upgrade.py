"""The words of a promise about upgrades: the fields of `upgrade.yaml`, each with what is allowed.

The files of a whole folder of promises and of a folder of changes are laid over each other field by field, as those of
experiments are. docs/slo-reference.md has the meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gauntlet.promises import slo_files
from gauntlet.promises.layers import Layer, checked, field_text, whole
from gauntlet.promises.promise import COUNT_OR_NULL, Count
from gauntlet.promises.slo_files import SloError, SloFiles

_FILE = "upgrade.yaml"
_TIMES = "above or equal to 1: as many times the figure before; null: not compared"
Times = Annotated[float, Field(ge=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Promise(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RollPromise(_Promise):
    """What replacing kube-proxy node by node may cost, there, back, and there again; each flow by itself."""

    availability: float = Field(ge=0, le=1, allow_inf_nan=False, description="share of attempts that are ok, 0 to 1")
    outage_s: Seconds | None = Field(description="seconds, at least 0; null: measured, nothing promised")
    resolution_s: float = Field(
        gt=0, allow_inf_nan=False, description="seconds, above 0: largest gap allowed between two attempts of a flow"
    )
    hold_s: float = Field(
        gt=0, allow_inf_nan=False, description="seconds, above 0: so long must attempts be good to end an outage"
    )
    wrong_backend: Count = Field(description="whole number, at least 0: replies of a wrong backend")
    connections_cut: Count | None = Field(description=COUNT_OR_NULL)
    udp_flows_lost: Count | None = Field(description=COUNT_OR_NULL)
    udp_flows_moved: Count | None = Field(description=COUNT_OR_NULL)
    affinity_broken: Count | None = Field(description=COUNT_OR_NULL)
    ready_within_s: float = Field(
        gt=0, allow_inf_nan=False, description="seconds, above 0: from stopping a node's kube-proxy to the next in sync"
    )


class WorsePromise(_Promise):
    """What one run may do worse than an earlier one (`gauntlet compare`)."""

    false_alarm: float = Field(
        gt=0,
        le=0.01,
        description="above 0, at most 0.01: chance that two equal ones differ by any of the statistical tests",
    )
    share: float = Field(
        ge=0, lt=1, allow_inf_nan=False, description="0 to below 1: decrease of a share of ok attempts that is let pass"
    )
    detects_share: float = Field(
        gt=0,
        le=1,
        allow_inf_nan=False,
        description="above 0, at most 1: decrease that the test must be able to see, else it is unclear",
    )
    seconds: Seconds = Field(description="seconds, at least 0: increase of a duration that is let pass in any case")
    duration: Times | None = Field(description=_TIMES)
    latency: Times | None = Field(description=_TIMES)
    sync: Times | None = Field(description=_TIMES)
    cpu: Times | None = Field(description=_TIMES)
    memory: Times | None = Field(description=_TIMES)
    programming_s: Seconds | None = Field(
        description="seconds, at least 0: increase of the time until a change of endpoints is in effect; null: measured"
    )


class UpgradeSlo(_Promise):
    """All that is promised for an upgrade."""

    promise: str = Field("", description="a sentence for people")
    roll: RollPromise
    worse: WorsePromise
    left_behind: Count = Field(
        description="whole number, at least 0: rules, sets and links of a kube-proxy that is gone"
    )


@dataclass(frozen=True)
class UpgradeTerms:
    """The promise of an upgrade, with the places where it is written."""

    slo: UpgradeSlo
    layers: tuple[Layer, ...]

    def field(self, name: str) -> str:
        """A field, its value and where that is written: `roll.outage_s: 0 (slos/upgrade.yaml:7)`."""
        return field_text(self.slo, self.layers, name)


def load(folder: Path, changes: Path | None = None) -> UpgradeTerms:
    """What a whole folder of promises, and a folder of changes over it, promise for an upgrade.

    Raises SloError or YamlError (both UsageError), with file and line, for the first thing that is wrong.
    """
    return read(slo_files.read_over(folder, changes))


def validate(files: Sequence[SloFiles]) -> None:
    """Raises as `load` does if these folders promise anything of upgrades."""
    if any(each.upgrade for each in files):
        read(files)


def read(files: Sequence[SloFiles]) -> UpgradeTerms:
    """What these folders of promises promise for an upgrade, the later ones winning. Raises as `load` does."""
    layers = [whole(each.upgrade) for each in files if each.upgrade is not None]
    if not layers:
        raise SloError(f"{files[0].folder / _FILE} is missing", "name a folder laid out like slos/")
    return UpgradeTerms(checked(UpgradeSlo, layers), tuple(layers))
