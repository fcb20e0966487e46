"""What `gauntlet lookahead` says: diagnoses, each with its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from rich.console import RenderableType
from rich.text import Text

from gauntlet.doctor.cluster_check import access
from gauntlet.doctor.cluster_check.report import Diagnosis, Level, merged, worst
from gauntlet.doctor.cluster_check.table import conclusion, row

SCHEMA = "kube-proxy-gauntlet/lookahead/v1"


@dataclass(frozen=True)
class Outlook:
    """What stands between a cluster and its goal. `today` is what runs, in words; `assumed` why it is that goal."""

    kubernetes: str
    today: str
    goal: str
    assumed: str
    diagnoses: tuple[Diagnosis, ...]

    @property
    def level(self) -> Level:
        """The worst of all diagnoses."""
        return worst(self.diagnoses)

    @property
    def is_clear(self) -> bool:
        """Whether nothing stands in the way, and nothing is left that cannot be told."""
        return self.level in (Level.OK, Level.WARNING)

    def as_dict(self) -> dict[str, object]:
        """All of it, as JSON has it; fields are those of the classes here."""
        return {"schema": SCHEMA, "level": self.level, **asdict(self)}

    def as_json(self) -> str:
        """The same as text."""
        return json.dumps(self.as_dict(), indent=2)

    def shown(self) -> Iterator[RenderableType]:
        """What to print in 80 columns: the worst first."""
        yield Text(f"Kubernetes {self.kubernetes}, kube-proxy {self.today}; ahead: {self.goal}{self._why}")
        for diagnosis, places in merged(self.diagnoses):
            yield row(diagnosis, places)
        yield conclusion(self.level, self.diagnoses)

    def in_brief(self) -> Iterator[RenderableType]:
        """What is not well, for a command that tells of today: without what that says itself of its access."""
        yield Text(f"What {self.goal} will bring{self._why}; it does not count today (gauntlet lookahead):")
        for diagnosis, places in merged(self.diagnoses):
            if diagnosis.level is not Level.OK and diagnosis.check != access.CHECK:
                yield row(diagnosis, places)

    @property
    def _why(self) -> str:
        return f" ({self.assumed})" if self.assumed else ""
