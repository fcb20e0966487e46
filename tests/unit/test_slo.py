from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pydantic import ValidationError

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.history import EventKind, Outcome
from gauntlet.ground.paths import project_root
from gauntlet.promises.promise import Balance, Control, Latency, Recovery, Slo
from gauntlet.promises.slo import Since, SloError, load
from gauntlet.subject import parse
from tests.unit.slo_folder import SLOS, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SLOS, tmp_path / "slos")


def test_every_experiment_has_a_promise_in_both_modes() -> None:
    book = load(SLOS)
    planned = {
        *("kill-proxy", "stop-proxy", "flush-nat", "flush-all-tables", "delete-table", "partition-nodes"),
        *("partition-api", "packet-loss", "port-taken-before", "port-taken-after", "port-clash"),
    }
    assert planned <= set(book.experiments)
    for name in book.experiments:
        for mode in (ProxyMode.IPTABLES, ProxyMode.NFTABLES):
            slo = book.slo(name, mode, "1.37.2")
            assert slo.wrong_backend == 0
            assert slo.promise
    assert book.slo("kill-proxy", ProxyMode.IPTABLES, "1.37").availability == 1.0
    flush = book.slo("flush-nat", ProxyMode.IPTABLES, "1.37.2")
    assert (flush.recovery.since, flush.recovery.within_s, flush.recovery.hold_s) == (Since.REMEDY, 5, 2)
    assert flush.recovery.since.event is EventKind.REMEDY_APPLIED
    assert Outcome.TIMEOUT in flush.allowed_errors


def test_terms_say_where_each_field_is_written() -> None:
    terms = load(SLOS).terms("flush-nat", ProxyMode.IPTABLES, "1.37.2")
    lines = (SLOS / "experiments" / "flush-nat.yaml").read_text().splitlines()
    within = 1 + next(number for number, line in enumerate(lines) if "within_s" in line)
    assert terms.field("recovery.within_s") == f"recovery.within_s: 5 (slos/experiments/flush-nat.yaml:{within})"
    assert terms.field("outage_s").startswith("outage_s: null (slos/experiments/flush-nat.yaml:")
    assert terms.field("allowed_errors").startswith("allowed_errors: [refused, timeout, reset, unreachable] (slos/")
    assert terms.field("wrong_backend").startswith("wrong_backend: 0 (slos/default.yaml:")
    assert terms.sentence.endswith("(slos/experiments/flush-nat.yaml:1)")


def test_terms_name_the_layer_that_won(folder: Path) -> None:
    (folder / "versions" / "1.37.yaml").write_text("experiments:\n  flush-nat:\n    outage_s: 3\n")
    terms = load(folder).terms("flush-nat", ProxyMode.IPTABLES, "1.37")
    assert terms.field("outage_s") == f"outage_s: 3 ({folder}/versions/1.37.yaml:3)"


def test_the_blast_radius_is_stated_by_faults_alone() -> None:
    stated = [path.name for path in SLOS.rglob("*.yaml") if "blast_radius:" in path.read_text()]
    assert stated == ["default.yaml"]
    book = load(SLOS)
    assert {book.slo(name, mode, "1.37").blast_radius for name in book.experiments for mode in ProxyMode} == {
        "as_declared"
    }


def test_every_experiment_file_is_promised() -> None:
    files = {path.stem for path in (project_root() / "experiments").glob("*.yaml")}
    assert files <= set(load(SLOS).experiments)


def test_a_promise_cannot_be_changed() -> None:
    slo = load(SLOS).slo("kill-proxy", ProxyMode.IPTABLES, "1.37")
    with pytest.raises(ValidationError):
        slo.availability = 0.5


def test_later_layers_win_field_by_field(folder: Path) -> None:
    (folder / "modes/nftables.yaml").write_text(
        "all: {latency: {p50_ms: 7}}\nexperiments: {kill-proxy: {outage_s: 1}}\n"
    )
    (folder / "versions/1.37.yaml").write_text("experiments:\n  kill-proxy:\n    latency: {p50_ms: 9}\n")
    book = load(folder)
    slo = book.slo("kill-proxy", ProxyMode.NFTABLES, "v1.37.2")
    assert (slo.latency.p50_ms, slo.latency.p99_ms, slo.outage_s) == (9, 800, 1)
    assert book.slo("kill-proxy", ProxyMode.NFTABLES, "1.36").latency.p50_ms == 7
    assert book.slo("flush-nat", ProxyMode.NFTABLES, "1.37").latency.p50_ms == 7
    assert book.slo("kill-proxy", ProxyMode.IPTABLES, "1.36").latency.p50_ms == 100
    assert book.slo("kill-proxy", ProxyMode.IPVS, "1.36").blast_radius == "as_declared"


def test_a_subject_outdoes_its_mode_and_its_version_field_by_field(folder: Path) -> None:
    (folder / "subjects").mkdir()
    (folder / "modes/nftables.yaml").write_text("all: {latency: {p50_ms: 7, p99_ms: 70}}\n")
    (folder / "versions/1.37.yaml").write_text("experiments:\n  kill-proxy: {latency: {p50_ms: 9}}\n")
    own = folder / "subjects/nftables@1.37+SomeGate.yaml"
    own.write_text("all:\n  outage_s: 4\nexperiments:\n  kill-proxy:\n    latency: {p50_ms: 11}\n")
    book = load(folder)
    terms = book.terms("kill-proxy", ProxyMode.NFTABLES, "1.37.2", "nftables@1.37+SomeGate")
    assert terms.field("latency.p50_ms") == f"latency.p50_ms: 11 ({own}:5)"
    assert terms.field("outage_s") == f"outage_s: 4 ({own}:2)"
    assert terms.field("latency.p99_ms") == f"latency.p99_ms: 70 ({folder}/modes/nftables.yaml:1)"
    for other in ("nftables@1.37", "nftables", ""):
        slo = book.slo("kill-proxy", ProxyMode.NFTABLES, "1.37.2", other)
        assert (slo.latency.p50_ms, slo.outage_s) == (9, 0), other


def test_a_file_of_a_subject_is_checked_whether_a_run_has_it_or_not(folder: Path) -> None:
    (folder / "subjects").mkdir()
    own = folder / "subjects/next.yaml"
    own.write_text("all:\n  outages_s: 4\n")
    message = refused(folder)
    assert message.startswith(f"{own}:2: unknown field `outages_s`")
    assert "did you mean 'outage_s'?" in message
    own.write_text("experiments:\n  kil-proxy: {outage_s: 4}\n")
    message = refused(folder)
    assert message.startswith(f"{own}:2: no experiment 'kil-proxy'")
    assert "did you mean 'kill-proxy'?" in message
    own.write_text("outage_s: 4\n")
    assert refused(folder).startswith(f"{own}:1: unknown field 'outage_s'")


def test_changes_may_be_for_a_subject_alone(tmp_path: Path) -> None:
    (tmp_path / "subjects").mkdir()
    (tmp_path / "subjects/next.yaml").write_text("experiments:\n  kill-proxy:\n    outage_s: 4\n")
    changed, shipped = load(SLOS, tmp_path), load(SLOS)
    assert changed.slo("kill-proxy", ProxyMode.NFTABLES, "1.37", "next").outage_s == 4
    assert changed.slo("kill-proxy", ProxyMode.NFTABLES, "1.37") == shipped.slo(
        "kill-proxy", ProxyMode.NFTABLES, "1.37"
    )


def test_1_3_is_not_1_37(folder: Path) -> None:
    (folder / "versions/1.37.yaml").write_text("all: {outage_s: 3}\n")
    assert load(folder).slo("kill-proxy", ProxyMode.IPTABLES, "1.3.7").outage_s == 0


def test_an_unknown_experiment_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SloError) as caught:
        load(SLOS).slo("kil-proxy", ProxyMode.IPTABLES, "1.37")
    assert "did you mean 'kill-proxy'?" in str(caught.value)
    with pytest.raises(SloError, match="'latest' is not a Kubernetes version"):
        load(SLOS).slo("kill-proxy", ProxyMode.IPTABLES, "latest")


@pytest.mark.parametrize("version", ["1.37rc1", "1.37_2"])
def test_what_a_subject_cannot_be_at_has_no_promise(version: str) -> None:
    with pytest.raises(UsageError, match="is not a Kubernetes version"):
        parse(f"iptables@{version}", "1.37")
    with pytest.raises(SloError, match="is not a Kubernetes version"):
        load(SLOS).slo("kill-proxy", ProxyMode.IPTABLES, version)


def test_an_empty_experiment_file_promises_the_default(folder: Path) -> None:
    (folder / "experiments/flush-nat.yaml").write_text("")
    assert load(folder).slo("flush-nat", ProxyMode.IPTABLES, "1.37").availability == 1.0


def test_a_folder_of_changes_is_laid_over_the_whole_one(tmp_path: Path) -> None:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/kill-proxy.yaml").write_text("outage_s: 1\n")
    (tmp_path / "modes").mkdir()
    (tmp_path / "modes/nftables.yaml").write_text("all: {latency: {p50_ms: 7}}\n")
    shipped, changed = load(SLOS), load(SLOS, tmp_path)
    assert changed.experiments == shipped.experiments
    slo = changed.slo("kill-proxy", ProxyMode.NFTABLES, "1.37")
    assert (slo.outage_s, slo.latency.p50_ms, slo.latency.p99_ms) == (1, 7, 800)
    assert slo.promise == shipped.slo("kill-proxy", ProxyMode.NFTABLES, "1.37").promise
    terms = changed.terms("kill-proxy", ProxyMode.NFTABLES, "1.37")
    assert terms.field("outage_s") == f"outage_s: 1 ({tmp_path}/experiments/kill-proxy.yaml:1)"
    assert changed.slo("flush-nat", ProxyMode.IPTABLES, "1.37") == shipped.slo("flush-nat", ProxyMode.IPTABLES, "1.37")


def test_a_changed_default_does_not_outdo_an_experiment(tmp_path: Path) -> None:
    (tmp_path / "default.yaml").write_text("recovery: {within_s: 9}\ncontrol: {min_attempts: 60}\n")
    slo = load(SLOS, tmp_path).slo("flush-nat", ProxyMode.IPTABLES, "1.37")
    assert (slo.recovery.within_s, slo.control.min_attempts) == (5, 60)


def test_changes_are_checked_whether_they_are_used_or_not(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no promise"):
        load(SLOS, tmp_path)
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        load(SLOS, tmp_path / "nowhere")
    (tmp_path / "modes").mkdir()
    path = tmp_path / "modes/userspace.yaml"
    path.write_text("experiments:\n  kill-proxy:\n    slow_after_ms: 3000\n")
    with pytest.raises(UsageError) as caught:
        load(SLOS, tmp_path)
    assert str(caught.value).startswith(f"{path}:3: `slow_after_ms` is 3000: input should be less than 1000")
    assert "below 1000 (a lost SYN is sent again after 1 s)" in caught.value.remedy


@pytest.mark.parametrize("model", [Slo, Recovery, Balance, Latency, Control])
def test_the_reference_explains_every_field(model: type[Slo]) -> None:
    reference = (project_root() / "docs/slo-reference.md").read_text()
    for name in model.model_fields:
        assert f"`{name}`" in reference
