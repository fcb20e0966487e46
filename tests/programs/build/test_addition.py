"""Pinning one more version, with a real Go and a source of modules in a folder."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauntlet.build import addition, gomod, modulesource, toolchain
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.waiting import until
from tests.programs.build.module_source import ModuleSource

ADD = """
import sys
from pathlib import Path
from gauntlet.build import addition
addition.add(sys.argv[1], Path(sys.argv[2]), print)
"""


@dataclass(frozen=True)
class Bench:
    """A toolchain with nothing in it yet, and a source of modules."""

    root: Path
    source: ModuleSource
    said: list[str]

    def add(self, version: str) -> addition.Addition:
        return addition.add(version, self.root, self.said.append)

    def replace(self, version: str) -> addition.Addition:
        return addition.replace(version, self.root, self.said.append)

    def pinned(self) -> dict[str, str]:
        """Each entry of the toolchain, hidden ones as well, with the release that it pins."""
        return {entry.name: toolchain.GoModule.read(entry).version for entry in sorted(self.root.iterdir())}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    source = ModuleSource(tmp_path / "source")
    settings = {
        "GOPROXY": f"file://{source.folder}",
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOSUMDB": "off",
        # Without it `go clean -modcache` would be needed before the folder can be removed.
        "GOFLAGS": "-modcacherw",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    # Of our own settings this one alone is the test's.
    monkeypatch.setitem(modulesource.SETTINGS, "GOFLAGS", "-mod=mod -modcacherw")
    for release in ("1.35.4", "1.36.3", "1.36.4", "1.36.10", "1.37.0-rc.1"):
        source.publish(release)
    root = tmp_path / "toolchain"
    root.mkdir()
    return Bench(root, source, [])


def test_a_version_is_pinned_by_one_call(bench: Bench) -> None:
    assert bench.add("v1.36.4") == addition.Addition("1.36", "1.36.4", ("1.36",))
    module = toolchain.GoModule.read(bench.root / "1.36")
    assert [(tool.name, tool.version) for tool in module.tools] == [("kube-proxy", "v1.36.4")]
    go_mod = (module.folder / "go.mod").read_text()
    assert "k8s.io/api => k8s.io/api v0.36.4" in go_mod
    assert "k8s.io/api v0.36.4 // indirect" in go_mod or "k8s.io/api v0.0.0 // indirect" in go_mod
    assert "k8s.io/api v0.36.4 h1:" in (module.folder / "go.sum").read_text()
    assert bench.pinned() == {"1.36": "1.36.4"}


def test_what_is_pinned_builds(bench: Bench, tmp_path: Path) -> None:
    bench.add("1.36.4")
    build = ["go", "build", "-mod=readonly", "-o", str(tmp_path / "out"), "k8s.io/kubernetes/cmd/kube-proxy"]
    subprocess.run(build, cwd=bench.root / "1.36", check=True, env={**os.environ, "GOTOOLCHAIN": "local"})
    done = subprocess.run([tmp_path / "out"], capture_output=True, text=True, check=True)
    assert done.stderr == "hello\n"


def test_a_minor_version_means_its_newest_patch(bench: Bench) -> None:
    assert bench.add("1.36").release == "1.36.10"


def test_with_its_control_plane(bench: Bench) -> None:
    addition.add("1.36.3", bench.root, bench.said.append, addition.CONTROL_PLANE)
    module = toolchain.GoModule.read(bench.root / "1.36")
    assert module.has_control_plane
    assert {tool.name for tool in module.tools} == {
        "kube-apiserver", "kube-controller-manager", "kube-proxy", "agnhost",
    }  # fmt: skip


def test_a_second_time_asks_nobody(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.add("1.36.4")
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    there = addition.Addition("1.36", "1.36.4", before="1.36.4")
    assert [bench.add("1.36.4"), bench.add("1.36"), bench.replace("1.36.4")] == [there] * 3


def test_another_patch_needs_to_be_asked_for(bench: Bench) -> None:
    bench.add("1.36.3")
    with pytest.raises(UsageError, match=r"of Kubernetes 1\.36 another patch is pinned: 1\.36\.3") as caught:
        bench.add("1.36.4")
    assert "gauntlet versions add 1.36.4 --replace" in caught.value.remedy
    assert bench.pinned() == {"1.36": "1.36.3"}
    assert bench.replace("1.36.4") == addition.Addition("1.36", "1.36.4", ("1.36",), before="1.36.3")
    assert bench.pinned() == {"1.36": "1.36.4"}


def test_a_replaced_patch_keeps_its_programs_and_those_of_kinds_nodes(bench: Bench) -> None:
    addition.add("1.36.3", bench.root, bench.said.append, addition.CONTROL_PLANE)
    nodes = bench.root / "node-1.36"
    nodes.mkdir()
    programs = ["k8s.io/kubernetes/cmd/kubelet"]
    (nodes / "go.mod").write_text(gomod.pinning("1.36.3", bench.source.go_mod("1.36.3"), nodes.name, programs))
    assert bench.replace("1.36").folders == ("1.36", "node-1.36")
    assert bench.pinned() == {"1.36": "1.36.10", "node-1.36": "1.36.10"}
    assert toolchain.GoModule.read(bench.root / "1.36").has_control_plane
    assert [tool.name for tool in toolchain.GoModule.read(nodes).tools] == ["kubelet"]


def test_the_newest_patch_may_be_the_one_that_is_pinned(bench: Bench) -> None:
    bench.add("1.36.10")
    assert bench.replace("1.36") == addition.Addition("1.36", "1.36.10", before="1.36.10")


@pytest.mark.parametrize("text", ["", "1", "1.36.", "1.36.4.1", "latest", "1.36.4 ", "../1.36", "1.36.4-alpha"])
def test_what_is_not_a_version(bench: Bench, text: str) -> None:
    with pytest.raises(UsageError, match="is not a Kubernetes version") as caught:
        bench.add(text)
    assert "1.36.4" in caught.value.remedy
    assert bench.pinned() == {}


def test_a_candidate(bench: Bench) -> None:
    assert bench.add("1.37.0-rc.1").release == "1.37.0-rc.1"


def test_a_release_that_does_not_exist(bench: Bench) -> None:
    with pytest.raises(UsageError, match=r"there is no Kubernetes 1\.36\.9 ") as caught:
        bench.add("1.36.9")
    assert "1.36.10, 1.36.4, 1.36.3: gauntlet versions add 1.36.10" in caught.value.remedy
    assert bench.pinned() == {}


def test_a_minor_version_that_does_not_exist(bench: Bench) -> None:
    with pytest.raises(UsageError, match=r"there is no Kubernetes 1\.99 ") as caught:
        bench.add("1.99")
    assert "no other of 1.99 is listed; the newest of all is 1.36.10" in caught.value.remedy
    assert bench.pinned() == {}


def test_a_staging_module_that_is_not_served(bench: Bench) -> None:
    bench.source.withdraw("k8s.io/api", "v0.36.10")
    with pytest.raises(
        UsageError, match=r"Kubernetes 1\.36\.10 cannot be pinned: its module k8s\.io/api v0\.36\.10 "
    ) as caught:
        bench.add("1.36.10")
    assert "gauntlet versions add 1.36.4" in caught.value.remedy
    assert bench.pinned() == {}


def test_what_is_pinned_stays_if_its_replacement_fails(bench: Bench) -> None:
    bench.add("1.36.3")
    before = {file.name: file.read_text() for file in (bench.root / "1.36").iterdir()}
    bench.source.withdraw("k8s.io/api", "v0.36.4")
    with pytest.raises(UsageError, match="cannot be pinned"):
        bench.replace("1.36.4")
    assert {file.name: file.read_text() for file in (bench.root / "1.36").iterdir()} == before
    assert bench.pinned() == {"1.36": "1.36.3"}


@pytest.mark.parametrize(
    ("proxy", "what"),
    [
        ("off", "disabled by GOPROXY=off"),
        ("http://127.0.0.1:9", "connection refused"),
    ],
)
def test_no_way_to_a_source_of_modules(bench: Bench, monkeypatch: pytest.MonkeyPatch, proxy: str, what: str) -> None:
    monkeypatch.setenv("GOPROXY", proxy)
    with pytest.raises(EnvironmentUnfit, match=what) as caught:
        bench.add("1.36.4")
    assert "check the network and `go env GOPROXY`" in caught.value.remedy
    assert bench.pinned() == {}


def test_a_source_that_does_not_answer(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", str(_go(tmp_path, "list) exec sleep 60")))
    monkeypatch.setattr(modulesource, "ANSWER_S", 0.2)
    with pytest.raises(EnvironmentUnfit, match=r"did not answer within 0\.2 s"):
        bench.add("1.36.4")
    assert bench.pinned() == {}


def test_no_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    with pytest.raises(EnvironmentUnfit, match=r"no Go 1\.26\.0 or newer") as caught:
        bench.add("1.36.4")
    assert "make setup" in caught.value.remedy
    assert bench.pinned() == {}


def test_a_release_of_a_go_that_is_not_here(bench: Bench) -> None:
    bench.source.publish("1.90.0", go="1.99")
    with pytest.raises(EnvironmentUnfit, match=r"no Go 1\.99 or newer"):
        bench.add("1.90.0")
    assert bench.pinned() == {}


def test_go_fails_for_a_reason_of_its_own(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", str(_go(tmp_path, 'mod) echo "go: out of luck" >&2; exit 1')))
    with pytest.raises(GauntletError, match=r"Kubernetes 1\.36\.4 cannot be pinned: `go` failed\n    go: out of luck"):
        bench.add("1.36.4")
    assert bench.pinned() == {}


def test_a_folder_that_cannot_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "mkdtemp", _refuse)
    with pytest.raises(EnvironmentUnfit, match="cannot be written: Read-only file system"):
        bench.add("1.36.4")


def test_killed_it_leaves_nothing_that_counts_and_the_next_one_removes_it(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hanging:
        hanging.setenv("GAUNTLET_GO", str(_go(tmp_path, "mod) exec sleep 300")))
        adding = subprocess.Popen([sys.executable, "-c", ADD, "1.36.4", str(bench.root)])
        until(lambda: list(bench.root.glob(".adding-*/1.36/go.mod")), what="a module is half made", deadline_s=60)
        adding.send_signal(signal.SIGKILL)
        adding.wait(timeout=30)
    assert len(list(bench.root.iterdir())) == 1
    assert toolchain.versions(bench.root) == ()
    assert list(bench.root.glob("*/go.mod")) == []
    bench.add("1.35.4")
    assert bench.pinned() == {"1.35": "1.35.4"}


def test_one_at_a_time(bench: Bench) -> None:
    holder = os.open(bench.root, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    other = threading.Thread(target=bench.add, args=("1.36.4",))
    other.start()
    until(lambda: any("waiting" in line for line in bench.said), what="the second one waits", deadline_s=30)
    assert list(bench.root.iterdir()) == []
    os.close(holder)
    other.join(timeout=60)
    assert bench.pinned() == {"1.36": "1.36.4"}


def _go(folder: Path, case: str) -> Path:
    """A Go that does something else for one of its commands."""
    script = folder / "go"
    real = toolchain.find_go((1, 21)).path
    script.write_text(f'#!/bin/sh\ncase "$1" in\n{case} ;;\nesac\nexec {real} "$@"\n')
    script.chmod(0o755)
    return script


def _refuse(**_: object) -> str:
    raise OSError(30, "Read-only file system")
