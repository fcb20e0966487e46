"""What a team has said of an upgrade: what it promises, and which failures it accepts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gauntlet.promises import accepted, slo_files, upgrade
from gauntlet.promises.slo import shipped


@dataclass(frozen=True)
class Terms:
    """What is promised of the upgrade, and which failures are accepted."""

    promised: upgrade.UpgradeTerms
    acceptances: tuple[accepted.Acceptance, ...]

    @classmethod
    def read(cls, changes: Path | None) -> Terms:
        """The promises of the checkout, with those of a folder over them. Raises SloError for the first mistake."""
        files = slo_files.read_over(shipped(), changes)
        return cls(upgrade.read(files), accepted.read(files))
