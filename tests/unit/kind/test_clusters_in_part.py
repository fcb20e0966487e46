"""What is there of kind clusters in part is known, told of, and taken away.

A run was killed while it made one; or one is finished, and its containers do not run.

Docker and kind are stand-ins that keep the names of containers in a file.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauntlet.build.images import making
from gauntlet.cli.main import main
from gauntlet.doctor.left_behind import left_behind
from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import ExitCode, UsageError
from gauntlet.ground.journal import lock
from gauntlet.providers import ClusterSpec
from gauntlet.providers.kind import provider as kind
from gauntlet.providers.kind import tools as kind_tools
from gauntlet.providers.kind.cluster import KindRecord, state_dir
from gauntlet.providers.kind.options import KindOptions
from gauntlet.providers.kind.provider import KindProvider
from gauntlet.providers.node_record import NodeRecord
from gauntlet.subject import plain

SPEC = ClusterSpec("x", plain(ProxyMode.IPTABLES))
WORDS = "the run that was making kind cluster x was killed before it was done"
# A container a line: its label, its name. `docker ps --all --filter label=L …` names those of the label, `docker ps`
# without a label those that run.
DOCKER = """#!/bin/sh
case "$1" in
version) echo 27 ;;
image) exit 0 ;;
ps)
    case "$*" in *label=*) ;; *) cat {there}.running ;; esac
    for each; do case $each in label=*) sed -n "s|^${{each#label=}} ||p" {there} ;; esac; done ;;
rm) for each; do sed -i "/ $each\\$/d" {there}; done ;;
esac
"""
# `create` says what there is of a record when the first container is made, makes two, and is killed with its caller.
KIND = """#!/bin/sh
case "$1" in
create)
    ls {folder} >{seen}
    echo 'io.x-k8s.kind.cluster=x x-control-plane\nio.x-k8s.kind.cluster=x x-worker' >>{there}
    kill -KILL $$ ;;
delete)
    sed -i '/kind.cluster=x /d' {there}
    if [ -e {there}.late ]; then cat {there}.late >>{there}; fi ;;
get) ;;
esac
"""
LEFT = "io.x-k8s.kind.cluster=x x-control-plane\nio.x-k8s.kind.cluster=x x-worker\ndev.gauntlet.cluster=x x-outside\n"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the containers that there are; none is the gauntlet's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "200")
    there, programs = tmp_path / "containers", tmp_path / "programs"
    there.write_text("io.x-k8s.kind.cluster=somebodys somebodys-worker\n")
    running(there).write_text("somebodys-worker\n")
    programs.mkdir()
    texts = {
        "docker": DOCKER.format(there=there),
        "kind": KIND.format(there=there, folder=state_dir("x"), seen=tmp_path / "seen"),
        "kubectl": "#!/bin/sh\n",
    }
    for name, text in texts.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    return there


@pytest.fixture
def killed(there: Path) -> Path:
    """The same after a bring-up of `x` was killed."""
    state_dir("x").mkdir(parents=True)
    (state_dir("x") / "kind.yaml").write_text("kind: Cluster\n")
    there.write_text(there.read_text() + LEFT)
    return there


@pytest.fixture
def finished(killed: Path) -> Path:
    """The same after the bring-up of `x`, of one worker, was done. None of its containers runs."""
    node = NodeRecord("x-worker", ("172.30.99.3",), ("10.244.1.0/24",))
    KindRecord("x", "iptables", "1.37.2", "node", "client", (node,), "172.30.99.9", SPEC.subject.as_json()).save()
    return killed


def running(there: Path) -> Path:
    """The file of the containers that run."""
    return there.with_name(f"{there.name}.running")


def gauntlet(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def images() -> making.Images:
    return making.find("1.37", say=lambda _: None)


def test_there_is_a_record_before_the_first_container(there: Path, tmp_path: Path) -> None:
    tools = kind_tools.find(KindOptions(), "1.37")
    with pytest.raises(Exception, match="kind create cluster ended with"):
        KindProvider()._create(SPEC, tools, "image", images())
    assert "kind.yaml" in (tmp_path / "seen").read_text().split()
    # This one was not killed itself, and so has taken everything away.
    assert there.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"
    assert KindProvider().broken() == {}


def test_one_that_is_interrupted_takes_everything_away(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        there.write_text(there.read_text() + LEFT)
        raise KeyboardInterrupt

    monkeypatch.setattr(kind, "_bring_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        KindProvider()._create(SPEC, kind_tools.find(KindOptions(), "1.37"), "image", images())
    assert there.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"
    assert not state_dir("x").exists()


def test_it_is_told_of(killed: Path) -> None:
    for arguments in (["cluster", "list"], ["heal"]):
        said = gauntlet(*arguments)
        assert said.exit_code == ExitCode.FAILED
        assert f"kind/x: {WORDS}" in said.output
        assert "gauntlet cluster down x takes away what there is of it" in said.output
    (check,) = left_behind("kind")
    assert (check.name, check.detail) == ("kind cluster x", WORDS)
    assert LEFT in killed.read_text()


@pytest.mark.parametrize("arguments", [["x"], ["--all"]])
def test_it_is_taken_away(killed: Path, arguments: list[str]) -> None:
    said = gauntlet("cluster", "down", *arguments)
    assert (said.exit_code, said.output) == (ExitCode.OK, "x: deleted\n")
    assert killed.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"
    assert not state_dir("x").exists()
    assert KindProvider().broken() == {}


def test_a_node_that_comes_when_kind_has_deleted_the_others_is_taken_away_too(killed: Path) -> None:
    killed.with_name("containers.late").write_text("io.x-k8s.kind.cluster=x x-worker2\n")
    assert gauntlet("cluster", "down", "x").output == "x: deleted\n"
    assert killed.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"


def test_while_a_run_makes_it_nothing_is_said_of_it(killed: Path) -> None:
    with lock.used("kind", "x"):
        assert KindProvider().broken() == {}


def test_a_new_cluster_of_the_name_begins_by_taking_it_away(killed: Path, tmp_path: Path) -> None:
    KindProvider().check(SPEC)
    tools = kind_tools.find(KindOptions(), "1.37")
    (state_dir("x") / "of-the-killed-run").touch()
    with pytest.raises(Exception, match="kind create cluster ended with"):
        KindProvider()._create(SPEC, tools, "image", images())
    assert "of-the-killed-run" not in (tmp_path / "seen").read_text().split()
    assert killed.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"


def test_a_cluster_that_is_not_the_gauntlets_is_left_alone(there: Path) -> None:
    with pytest.raises(UsageError, match="kind cluster somebodys that is not the gauntlet's"):
        KindProvider().check(ClusterSpec("somebodys", plain(ProxyMode.IPTABLES)))
    said = gauntlet("cluster", "down", "somebodys")
    assert said.exit_code == ExitCode.USAGE
    assert there.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"


def test_a_finished_cluster_that_does_not_run_is_not_taken_for_somebodys(finished: Path) -> None:
    before = finished.read_text()
    with pytest.raises(UsageError, match="there is a kind cluster x already, and not all of its containers run"):
        KindProvider().check(SPEC)
    assert finished.read_text() == before


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("", "kind cluster x is there, but x-worker, x-outside do not run"),
        ("x-worker\n", "kind cluster x is there, but x-outside does not run"),
    ],
)
def test_a_finished_cluster_that_does_not_run_is_told_of(finished: Path, run: str, words: str) -> None:
    running(finished).write_text(run)
    for arguments in (["cluster", "list"], ["heal"]):
        said = gauntlet(*arguments)
        assert said.exit_code == ExitCode.FAILED
        assert f"kind/x: {words}" in said.output
        assert "gauntlet cluster down x takes away what there is of it" in said.output
    (check,) = left_behind("kind")
    assert (check.name, check.detail) == ("kind cluster x", words)


@pytest.mark.parametrize("arguments", [["x"], ["--all"]])
def test_a_finished_cluster_that_does_not_run_is_taken_away(finished: Path, arguments: list[str]) -> None:
    said = gauntlet("cluster", "down", *arguments)
    assert (said.exit_code, said.output) == (ExitCode.OK, "x: deleted\n")
    assert finished.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"
    assert not state_dir("x").exists()


def test_one_that_runs_is_listed_and_nothing_is_said_against_it(finished: Path) -> None:
    running(finished).write_text("x-worker\nx-outside\n")
    assert [each.name for each in KindProvider().list()] == ["x"]
    assert KindProvider().broken() == {}


def test_nothing_is_said_of_one_that_a_run_is_ending(finished: Path) -> None:
    with lock.used("kind", "x"):
        assert KindProvider().broken() == {}


def test_without_a_docker_nobody_knows_whether_it_runs(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "programs" / "docker").write_text("#!/bin/sh\nexit 1\n")
    assert (KindProvider().list(), KindProvider().broken()) == ((), {})
    assert finished.exists()


def test_a_cluster_whose_record_cannot_be_read_is_deleted_with_its_nodes(killed: Path) -> None:
    (state_dir("x") / "cluster.json").write_text("{}")
    said = gauntlet("cluster", "down", "x")
    assert (said.exit_code, said.output) == (ExitCode.OK, "x: deleted\n")
    assert killed.read_text() == "io.x-k8s.kind.cluster=somebodys somebodys-worker\n"
