"""The matrix of upgrades: which pairs there are, what one came to, what fits into the budget, and how it is shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from gauntlet.cli.main import main
from gauntlet.cli.upgrade_matrix import guess_s
from gauntlet.ground.errors import UsageError
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.report.results import Results, records
from gauntlet.report.upgrade_record import PhaseRecord
from gauntlet.upgrade import matrix_file
from gauntlet.upgrade.matrix import Budget, Matrix, Outages, Pair, PairRecord, not_run, of_results, pairs
from gauntlet.upgrade.matrix_page import markdown, table
from tests.unit.report.synthetic import run
from tests.unit.report.test_upgrade_record import ACCEPTED, RECORD

PAIR = Pair("iptables@1.37", "nftables@1.37")
BEGAN = datetime(2026, 11, 29, 13, 0, tzinfo=UTC)
RAN = PairRecord(
    today="iptables@1.37",
    next="nftables@1.37",
    answer="may not",
    there=Outages(new_tcp_s=0.851, kept_tcp_s=0.0, new_udp_s=0.85),
    reasons=tuple(f"the roll itself: check {number}" for number in range(6)),
    left_out=("faults-to",),
    kernel="6.18",
    nodes=3,
    took_s=61.0,
    command="gauntlet upgrade --from iptables@1.37 --to nftables@1.37",
)
MATRIX = Matrix(
    tool="kube-proxy-gauntlet 0.1.0",
    commit="0123456789ab",
    machine="2 cores, 24 GiB",
    command="gauntlet upgrade --matrix",
    budget_s=3600,
    started=BEGAN,
    finished=BEGAN + timedelta(minutes=40),
    pairs=(RAN, not_run(Pair("ipvs@1.37", "nftables@1.37"), "own kernels | lack it")),
)


def results(*phases: tuple[str, float | None], **changes: object) -> Results:
    """An upgrade with these phases, and the outage of new TCP connections in each."""
    found = [
        record
        for name, figure in phases
        if figure is not None
        for record in records(
            f"upgrade::{name}", "nftables", [Finding("outage: new TCP", Verdict.FAIL, "out", figure, "s", 0.0)]
        )
    ]
    nodes = {"node-1": "nftables", "node-2": "nftables"}
    began = tuple(PhaseRecord(name=name, started=BEGAN, ended=BEGAN, after=nodes) for name, _ in phases)
    record_ = RECORD.model_copy(update={"phases": began, **changes})
    return run(tuple(found)).model_copy(update={"upgrade": record_})


def test_the_pairs_that_matter_are_there_and_what_cannot_be_run_says_why() -> None:
    found = pairs(("1.34", "1.36", "1.37"), "1.37")
    assert [(each.today, each.next) for each in found if not each.never] == [
        ("iptables@1.37", "nftables@1.37"),
        ("iptables@1.36", "iptables@1.37"),
        ("nftables@1.36", "nftables@1.37"),
        ("ipvs@1.37", "iptables@1.37"),
        ("ipvs@1.37", "nftables@1.37"),
        ("iptables@1.34", "iptables@1.37"),
        ("nftables@1.34", "nftables@1.37"),
        ("iptables@1.37+tools=legacy", "iptables@1.37+tools=nft"),
    ]
    assert {each.never for each in pairs(("1.36", "1.37"), "1.37") if "1.34" in each.today} == {
        "no binaries of 1.34 are pinned"
    }


def test_outages_of_the_way_there_and_back_are_told_apart() -> None:
    found = of_results(
        PAIR, results(("hold-from", 9.0), ("roll-forward", 0.5), ("roll-back", 2.0), ("roll-again", 0.7))
    )
    # What was before the roll is none of its cost.
    assert found.there == Outages(new_tcp_s=0.7)
    assert found.back == Outages(new_tcp_s=2.0)


def test_the_way_back_of_a_roll_that_stopped_was_tried() -> None:
    found = of_results(PAIR, results(("roll-forward", 0.5), ("undo-roll", 2.0), ("hold-undone", 0.1)))
    assert (found.there, found.back) == (Outages(new_tcp_s=0.5), Outages(new_tcp_s=2.0))


def test_what_faults_cost_is_no_cost_of_the_roll() -> None:
    found = of_results(PAIR, results(("roll-forward", 0.5), ("faults-to", 9.0), ("conformance-to", 9.0)))
    assert (found.there, found.back) == (Outages(new_tcp_s=0.5), None)


def test_what_was_not_measured_is_no_zero() -> None:
    found = of_results(PAIR, results(("roll-forward", None)))
    assert found.there == Outages()
    # What was seen is said with what it is called: how many attempts it cost, and when.
    assert found.reasons[0].startswith("the way back: outage: new TCP in roll-back: 1 outage: 0.851 s, 0.030 s after")
    assert of_results(PAIR, results(("roll-forward", 0.0))).there == Outages(new_tcp_s=0.0)


def test_the_command_is_without_the_folder_of_its_results() -> None:
    whole = results(("roll-forward", 0.0)).model_copy(
        update={"reproduce": "gauntlet upgrade --results '/a b/c' --quick"}
    )
    assert of_results(PAIR, whole).command == "gauntlet upgrade --quick"


def test_an_answer_keeps_its_reach_and_what_was_accepted_for_it() -> None:
    found = of_results(
        PAIR, results(("roll-forward", 0.0), answer="may", reach="on the way there", accepted=(ACCEPTED,))
    )
    assert (found.words, found.verdict) == ("may, with 1 accepted failure, on the way there", Verdict.PASS)
    assert of_results(PAIR, results(("roll-forward", 0.0), answer="cannot tell")).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("spent_s", "lengths_s", "lack"),
    [
        (0, [], ""),
        (450, [], ""),
        (451, [], "149 s of the budget were left, and a pair takes up to 150 s"),
        (510, [60, 90], ""),
        (511, [60, 90], "89 s of the budget were left, and a pair takes up to 90 s"),
        (700, [60], "0 s of the budget were left, and a pair takes up to 60 s"),
    ],
)
def test_a_pair_is_begun_only_if_the_longest_so_far_would_fit(
    spent_s: float, lengths_s: list[float], lack: str
) -> None:
    assert Budget(600, 150).lack(spent_s, lengths_s) == (lack and f"it did not fit: {lack}")


def test_the_page_has_the_figures_and_says_what_was_not_run() -> None:
    text = markdown(MATRIX)
    figures = "0.85 | 0 | 0.85 | - | - | - | - | -"
    assert f"| iptables\\@1.37 | nftables\\@1.37 | ❌ may not | {figures} | 6.18 | 61 s |" in text
    assert "- ipvs\\@1.37 → nftables\\@1.37: own kernels \\| lack it" in text
    assert (
        "at commit `0123456789ab` from 2026-11-29 13:00 to 13:40 UTC on 2 cores, 24 GiB; 1 of 2 pairs were run" in text
    )
    assert "- … and 2 more" in text
    assert "- Left out: faults-to." in text


@pytest.mark.parametrize(
    ("accepted", "words"),
    [(0, "- No promise was broken.\n"), (1, "- No promise was broken, except for what is accepted.\n")],
)
def test_an_accepted_failure_is_a_broken_promise(accepted: int, words: str) -> None:
    may = RAN.model_copy(update={"answer": "may", "reasons": (), "accepted": accepted})
    assert words in markdown(MATRIX.model_copy(update={"pairs": (may,)}))


def test_a_matrix_that_was_measured_overnight_says_on_which_days() -> None:
    text = markdown(MATRIX.model_copy(update={"finished": BEGAN + timedelta(hours=12)}))
    assert "from 2026-11-29 13:00 to 2026-11-30 01:00 UTC" in text


def test_the_table_is_no_wider_than_a_terminal_and_has_every_pair() -> None:
    lines = list(table(MATRIX))
    assert all(len(line) <= 80 for line in lines)
    assert "iptables@1.37 -> nftables@1.37: MAY NOT" in lines
    assert "  there    0.85      0   0.85      -" in lines
    assert "  back    not tried" in lines
    assert lines[-2:] == ["ipvs@1.37 -> nftables@1.37: NOT RUN", "  own kernels | lack it"]


def test_it_is_read_as_it_was_written_and_the_page_stands_beside_it(tmp_path: Path) -> None:
    matrix_file.publish(MATRIX, tmp_path / "upgrades.md")
    assert matrix_file.read(tmp_path / "upgrades.json") == MATRIX
    assert (tmp_path / "upgrades.md").read_text() == markdown(MATRIX)
    assert json.loads((tmp_path / "upgrades.json").read_text())["schema"] == "kube-proxy-gauntlet/matrix/v1"


def test_a_file_that_is_no_matrix_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "upgrades.json").write_text("{}")
    with pytest.raises(UsageError, match="is not a matrix"):
        matrix_file.read(tmp_path / "upgrades.json")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--strategy=canry=1", "'canry=1' is not a strategy"),
        ("--strategy=canary=3", "canary=3 leaves none of 3 nodes"),
        ("--provider=existing", "existing clusters are somebody's"),
        ("--nodes=999", "a cluster of 999 nodes is too much for this machine"),
        ("--slos=ours", "upgrade.yaml"),
    ],
)
def test_what_no_pair_can_have_is_wrong_usage_and_leaves_the_page_as_it_is(
    option: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "upgrade.yaml").write_text("roll: {outage_s: long}\n")
    (tmp_path / "upgrades.md").write_text("measured\n")
    said = CliRunner().invoke(main, ["upgrade", "--matrix", "--write=upgrades.md", option])
    assert said.exit_code == 2
    assert words in said.output
    assert (tmp_path / "upgrades.md").read_text() == "measured\n"
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("options", "took_s"),
    [
        # docs/decisions/0028-upgrade-gate.md, on two cores: 24 min 15 s, and 8 min 6 s.
        ((), 24 * 60 + 15),
        (("--smoke-cases",), 8 * 60 + 6),
        # docs/upgrades.md: the longest but for ipvs, whose nodes boot kernels of their own.
        (("--no-cases",), 109),
        (("--quick", "--no-cases"), 109),
    ],
)
def test_the_first_guess_is_no_shorter_than_what_was_measured(options: tuple[str, ...], took_s: float) -> None:
    assert took_s <= guess_s(options) <= 1.5 * took_s
