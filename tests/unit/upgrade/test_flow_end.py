"""The end of the traffic of an upgrade: a flow that broke does not lose the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gauntlet.ground.errors import Inconclusive
from gauntlet.ground.finding import Verdict
from gauntlet.ground.frames import pl
from gauntlet.upgrade.roll_traffic import ended
from tests.unit.checkers.histories import Row, declared, frame

ALL, SOME = frame([Row(0), Row(1)]), frame([Row(0)])


@dataclass(frozen=True)
class Made:
    """A flow of which ALL is there if it ends well, else SOME."""

    trouble: str = ""
    declared = declared(Row(0))

    def stop(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
        if self.trouble:
            raise Inconclusive(self.trouble, "look at its stderr")
        return ALL

    def so_far(self, backend_nodes: Mapping[str, str]) -> pl.DataFrame:
        return SOME


def test_a_flow_that_ends_well_has_all_its_attempts() -> None:
    attempts, trouble = ended(Made(), {})
    assert trouble is None
    assert attempts.equals(ALL)


def test_of_a_flow_that_broke_the_attempts_so_far_are_kept_and_it_is_named() -> None:
    attempts, trouble = ended(Made("its agent crashed"), {})
    assert attempts.equals(SOME)
    assert trouble is not None
    assert (trouble.verdict, trouble.remedy) == (Verdict.INCONCLUSIVE, "look at its stderr")
    assert trouble.reason.startswith("client-1 (node-1) -> test/web")
    assert trouble.reason.endswith(": its agent crashed")
