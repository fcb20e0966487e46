"""The cache of binaries, with a tiny Go program in place of Kubernetes and a real Go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from gauntlet.build import binaries, gobinary, gobuild, toolchain
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError, UsageError
from gauntlet.ground.waiting import until

VERSION = "9.9"
PROGRAM = 'package main\n\nfunc main() { println("hello") }\n'
ENSURE = """
import sys
from pathlib import Path
from gauntlet.build import binaries, gobuild
from gauntlet.ground.errors import GauntletError
gobuild.NEEDED_BYTES = 0
try:
    print(binaries.ensure("9.9", say=lambda line: print(line, file=sys.stderr), root=Path(sys.argv[1])).path("hello"))
except GauntletError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""


@dataclass(frozen=True)
class Bench:
    """A toolchain with one tiny module, and an empty cache."""

    folder: Path
    root: Path
    cache: Path

    def ensure(self) -> Path:
        return binaries.ensure(VERSION, root=self.root).path("hello")

    def start(self, *prefix: str) -> subprocess.Popen[str]:
        """`ensure` in a process of its own."""
        argv = [*prefix, sys.executable, "-c", ENSURE, str(self.root)]
        return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def pin(self, version: str, *programs: str) -> None:
        """Pin one more version, of these programs."""
        module = self.root / version
        for name in programs:
            folder = module / "cmd" / name
            folder.mkdir(parents=True)
            (folder / "main.go").write_text(PROGRAM)
        tools = "".join(f"tool example.test/tiny/cmd/{name}\n" for name in programs)
        (module / "go.mod").write_text(f"module example.test/tiny\n\ngo 1.21\n\n{tools}")
        (module / "go.sum").write_text("")

    def slots(self) -> list[str]:
        """Folders of the cache: finished ones and parts."""
        return [entry.name for entry in (self.cache / "binaries").iterdir() if entry.is_dir()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    # Go has its cache below XDG_CACHE_HOME, too: it stays where it is, or each test would compile Go's runtime.
    asked = subprocess.run(
        [toolchain.find_go((1, 21)).path, "env", "GOCACHE"], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("GOCACHE", asked.stdout.strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(gobuild, "NEEDED_BYTES", 0)
    made = Bench(tmp_path, tmp_path / "toolchain", tmp_path / "cache" / "kube-proxy-gauntlet")
    made.pin(VERSION, "hello")
    return made


@pytest.fixture
def wrapped_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A go that writes each of its sub-commands into `log`, and waits in `go build` while the file `hold` exists."""
    real = toolchain.find_go((1, 21)).path
    log, hold = bench.folder / "log", bench.folder / "hold"
    script = bench.folder / "go"
    script.write_text(f"""#!/bin/sh
echo "$1 $$" >>{log}
if [ "$1" = build ] && [ -e {hold} ]; then
    for folder; do case "$folder" in */out/) echo half >"${{folder}}hello"; chmod +x "${{folder}}hello" ;; esac; done
    exec sleep 300
fi
exec {real} "$@"
""")
    script.chmod(0o755)
    monkeypatch.setenv("GAUNTLET_GO", str(script))
    return log


def test_pinned_versions() -> None:
    kubernetes, etcd = toolchain.modules("1.37", toolchain.toolchain_root())
    assert (kubernetes.name, kubernetes.version) == ("kubernetes", "1.37.2")
    assert {tool.name for tool in kubernetes.tools} == {
        "kube-apiserver", "kube-controller-manager", "kube-proxy", "agnhost",
    }  # fmt: skip
    assert [tool.name for tool in etcd.tools] == ["etcd"]
    assert etcd.version.startswith("3.7.")


def test_a_kube_proxy_pinned_alone_is_lent_the_newest_control_plane() -> None:
    proxy, control_plane, etcd = toolchain.modules("1.25", toolchain.toolchain_root())
    assert (proxy.version, control_plane.version, etcd.name) == ("1.25.9", "1.37.2", "etcd")
    assert [tool.name for tool in proxy.tools] == ["kube-proxy"]
    assert not proxy.has_control_plane


def test_what_a_version_pins_itself_comes_before_what_it_is_lent(bench: Bench) -> None:
    bench.pin("9.8", "hello")
    bench.pin("10.1", "hello", "kube-apiserver")
    found = binaries.ensure("9.8", root=bench.root)
    assert (found.version, found.control_plane_version) == ("0.0.0", "0.0.0")
    assert found.path("hello").parent != found.path("kube-apiserver").parent
    assert not any(slot.startswith("kubernetes-9.9") for slot in bench.slots())
    newest = binaries.ensure("10.1", root=bench.root)
    assert newest.path("kube-apiserver") == found.path("kube-apiserver")
    assert newest.path("hello").parent == newest.path("kube-apiserver").parent


def test_kubernetes_is_told_its_version() -> None:
    kubernetes, etcd = toolchain.modules("1.37", toolchain.toolchain_root())
    assert "component-base/version.gitVersion=v1.37.2" in gobuild.flags(kubernetes)[-1]
    assert "component-base" not in gobuild.flags(etcd)[-1]


def test_built_once_then_found(bench: Bench, wrapped_go: Path) -> None:
    assert binaries.find(VERSION, root=bench.root) is None
    program = bench.ensure()
    assert subprocess.run([program], capture_output=True, text=True, check=True).stderr == "hello\n"
    assert bench.ensure() == program
    found = binaries.find(VERSION, root=bench.root)
    assert found is not None
    assert found.path("hello") == program
    assert wrapped_go.read_text().count("build ") == 1


def test_what_is_built_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    release = ".".join(map(str, toolchain.find_go((1, 21)).release))
    built = binaries.ensure(VERSION, root=bench.root)
    assert built.origin == f"built from source (toolchain/9.9, go{release})"
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    assert binaries.ensure(VERSION, root=bench.root).origin == built.origin


def test_a_changed_pin_is_built_anew(bench: Bench) -> None:
    before = bench.ensure()
    with (bench.root / VERSION / "go.sum").open("a") as sums:
        sums.write("example.test/other v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
    assert bench.ensure() != before


def test_a_lost_program_is_built_again(bench: Bench) -> None:
    program = bench.ensure()
    program.unlink()
    assert bench.ensure() == program
    assert program.is_file()


def test_what_is_built_needs_no_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    program = bench.ensure()
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    assert bench.ensure() == program
    found = binaries.find(VERSION, root=bench.root)
    assert found is not None
    assert found.path("hello") == program


def test_what_another_pin_built_does_not_count_without_a_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.ensure()
    with (bench.root / VERSION / "go.sum").open("a") as sums:
        sums.write("example.test/other v1.0.0 h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n")
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")
    with pytest.raises(EnvironmentUnfit, match="does not run"):
        bench.ensure()


def test_a_program_names_the_go_that_built_it(bench: Bench) -> None:
    assert gobinary.banner(bench.ensure()) == toolchain.find_go((1, 21)).banner
    assert gobinary.banner(Path("/bin/true")) is None


def test_parallel_builds_wait_for_the_first(bench: Bench, wrapped_go: Path) -> None:
    running = [bench.start() for _ in range(4)]
    answers = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], answers
    assert len({path for path, _ in answers}) == 1
    assert wrapped_go.read_text().count("build ") == 1
    assert any("another process is building it" in said for _, said in answers)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_broken_off_build_leaves_no_half_program(bench: Bench, wrapped_go: Path, how: signal.Signals) -> None:
    (bench.folder / "hold").touch()
    builder = bench.start()
    build = int(until(lambda: _pid_of_build(wrapped_go), what="go build is running", deadline_s=60))
    until(lambda: list(bench.cache.glob("binaries/*/out/hello")), what="a half program is written", deadline_s=60)
    builder.send_signal(how)
    builder.communicate(timeout=30)
    until(lambda: not Path(f"/proc/{build}").exists(), what="go build ended with its builder", deadline_s=30)
    assert binaries.find(VERSION, root=bench.root) is None
    if how is signal.SIGINT:
        assert bench.slots() == []
    (bench.folder / "hold").unlink()
    assert subprocess.run([bench.ensure()], capture_output=True, text=True, check=True).stderr == "hello\n"
    assert not any(".part-" in name for name in bench.slots())


def test_a_wrong_checksum(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _depend_on_a_module(bench, monkeypatch)
    bench.ensure()
    sums = bench.root / VERSION / "go.sum"
    sums.write_text("\n".join(_spoil(line) for line in sums.read_text().splitlines()) + "\n")
    with pytest.raises(GauntletError, match=r"not what go\.sum promises") as caught:
        bench.ensure()
    assert "example.test/dep@v1.0.0" in str(caught.value)
    assert "go clean -modcache" in caught.value.remedy
    assert len(bench.slots()) == 1, "the good build stays, nothing of the bad one"


def test_missing_checksums(bench: Bench) -> None:
    (bench.root / VERSION / "go.sum").unlink()
    with pytest.raises(GauntletError, match=r"go\.sum is missing"):
        bench.ensure()


def test_a_program_that_does_not_compile(bench: Bench) -> None:
    (bench.root / VERSION / "cmd" / "hello" / "main.go").write_text("package main\n\nfunc main() { nonsense() }\n")
    with pytest.raises(GauntletError, match="undefined: nonsense"):
        bench.ensure()
    assert bench.slots() == []


def test_too_little_space_is_seen_before_the_build(
    bench: Bench, wrapped_go: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gobuild, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(EnvironmentUnfit, match="GiB free") as caught:
        bench.ensure()
    assert "XDG_CACHE_HOME" in caught.value.remedy
    assert "build " not in wrapped_go.read_text()


def test_a_disk_that_runs_full_during_the_build(bench: Bench) -> None:
    bench.cache.mkdir(parents=True)
    world = ["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=64k tmpfs {bench.cache} && exec "$@"', "sh"]
    builder = bench.start(*world)
    _, said = builder.communicate(timeout=120)
    assert builder.returncode == 2, said
    assert "no space left on device" in said
    assert "remedy: make room" in said


def test_no_go(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GAUNTLET_GO", raising=False)
    monkeypatch.setenv("PATH", str(bench.folder / "empty"))
    monkeypatch.setattr(sys, "prefix", str(bench.folder))
    with pytest.raises(EnvironmentUnfit, match=r"no Go 1\.21 or newer: no `go` in PATH") as caught:
        bench.ensure()
    assert "make setup" in caught.value.remedy


def test_a_go_that_is_too_old(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", str(_fake_go(bench.folder, "go version go1.20.14 linux/amd64")))
    with pytest.raises(EnvironmentUnfit, match=r"is Go 1\.20\.14, too old"):
        bench.ensure()


def test_a_new_go_beside_python_is_used_when_the_one_in_path_is_too_old(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = toolchain.find_go((1, 21)).path
    old = _fake_go(bench.folder, "go version go1.20.14 linux/amd64")
    beside = bench.folder / "venv" / "bin" / "go"
    beside.parent.mkdir(parents=True)
    beside.symlink_to(good)
    monkeypatch.delenv("GAUNTLET_GO", raising=False)
    monkeypatch.setenv("PATH", f"{old.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(sys, "prefix", str(beside.parent.parent))
    assert toolchain.find_go((1, 21)).path == beside


def test_a_version_that_is_not_pinned(bench: Bench) -> None:
    with pytest.raises(UsageError, match=r"Kubernetes 1\.2 is not pinned") as caught:
        binaries.ensure("1.2", root=bench.root)
    assert VERSION in caught.value.remedy


def test_a_program_that_is_not_pinned(bench: Bench) -> None:
    with pytest.raises(GauntletError, match="no program 'kubelet'") as caught:
        binaries.ensure(VERSION, root=bench.root).path("kubelet")
    assert "hello" in caught.value.remedy


def test_a_cache_that_cannot_be_written(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    in_the_way = bench.folder / "file"
    in_the_way.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    with pytest.raises(EnvironmentUnfit, match="cannot write the cache") as caught:
        bench.ensure()
    assert "XDG_CACHE_HOME" in caught.value.remedy


def _pid_of_build(log: Path) -> str | None:
    lines = log.read_text().splitlines() if log.exists() else []
    return next((line.split()[1] for line in lines if line.startswith("build ")), None)


def _fake_go(folder: Path, banner: str) -> Path:
    script = folder / "old" / "go"
    script.parent.mkdir()
    script.write_text(f"#!/bin/sh\necho '{banner}'\n")
    script.chmod(0o755)
    return script


def _spoil(line: str) -> str:
    """A line of go.sum with another hash of the right form."""
    head, _, _ = line.rpartition(" ")
    return f"{head} h1:{'A' * 43}="


def _depend_on_a_module(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the tiny module pin a program of another module, served from a folder, with its right checksums."""
    served = bench.folder / "proxy" / "example.test" / "dep" / "@v"
    served.mkdir(parents=True)
    mod = "module example.test/dep\n\ngo 1.21\n"
    (served / "v1.0.0.info").write_text('{"Version":"v1.0.0"}')
    (served / "v1.0.0.mod").write_text(mod)
    with zipfile.ZipFile(served / "v1.0.0.zip", "w") as archive:
        archive.writestr("example.test/dep@v1.0.0/go.mod", mod)
        archive.writestr("example.test/dep@v1.0.0/cmd/hello/main.go", PROGRAM)
    settings = {
        "GOPROXY": f"file://{bench.folder / 'proxy'}",
        "GOMODCACHE": str(bench.folder / "modules"),
        "GOSUMDB": "off",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    module = bench.root / VERSION
    (module / "go.mod").write_text(
        "module example.test/tiny\n\ngo 1.21\n\ntool example.test/dep/cmd/hello\n\nrequire example.test/dep v1.0.0\n"
    )
    (module / "cmd" / "hello" / "main.go").unlink()
    subprocess.run(
        [toolchain.find_go((1, 21)).path, "mod", "tidy"], cwd=module, check=True, capture_output=True,
        env={**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
    )  # fmt: skip
