"""Runs of before there were subjects: results.json of schema v1, in which each mode was what is now a subject."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from gauntlet.ground.cluster import ProxyMode
from gauntlet.report.results import SCHEMA as V2
from gauntlet.report.results import Results
from gauntlet.report.subject_record import SubjectRecord

SCHEMA = "kube-proxy-gauntlet/results/v1"


class _OfAMode(BaseModel):
    """A finding, account or skip. Apart from the mode it is what it is in v2, which checks it."""

    model_config = ConfigDict(extra="allow")

    mode: ProxyMode


class _Run(BaseModel):
    """What v1 says otherwise than v2: `kube_proxy` and `kernels` are versions by mode."""

    model_config = ConfigDict(extra="allow")

    tool: str
    kubernetes: str
    modes: tuple[ProxyMode, ...]
    kube_proxy: dict[ProxyMode, str] = {}
    kernels: dict[ProxyMode, str] = {}
    findings: tuple[_OfAMode, ...]
    accounts: tuple[_OfAMode, ...] = ()
    skipped: tuple[_OfAMode, ...] = ()


def read(text: str) -> Results:
    """A run of schema v1 as one of today: each mode becomes a subject of that name.

    Raises ValidationError if it is not one.
    """
    run = _Run.model_validate_json(text)
    return Results.model_validate(
        {
            **(run.model_extra or {}),
            "schema": V2,
            "tool": run.tool,
            "kubernetes": run.kubernetes,
            "subjects": [_subject(run, mode) for mode in run.modes],
            "findings": _of_subjects(run.findings),
            "accounts": _of_subjects(run.accounts),
            "skipped": _of_subjects(run.skipped),
        }
    )


def _subject(run: _Run, mode: ProxyMode) -> SubjectRecord:
    """A mode for which no version was recorded ran with the control plane's."""
    return SubjectRecord(
        name=str(mode),
        mode=mode,
        version=run.kube_proxy.get(mode, run.kubernetes),
        written=str(mode),
        kernel=run.kernels.get(mode, ""),
    )


def _of_subjects(records: Iterable[_OfAMode]) -> list[dict[str, object]]:
    return [{**(record.model_extra or {}), "subject": str(record.mode)} for record in records]
