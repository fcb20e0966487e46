"""Programs of a release, downloaded from a server of the test's own; what is built instead is tiny Go programs."""

from __future__ import annotations

import hashlib
import io
import os
import platform
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
import trustme
from click.testing import CliRunner

from gauntlet.build import binaries, gobuild, releases, toolchain
from gauntlet.build.binaries import Binaries
from gauntlet.build.download import Downloads, Limits, Unavailable
from gauntlet.build.releases import WrongChecksum
from gauntlet.cli.main import main
from gauntlet.cli.origin import from_source, obey
from gauntlet.ground.environment import FROM_SOURCE
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.waiting import until
from tests.programs.build.release_server import ReleaseServer, deaf, nobody, proxied, served, trusted
from tests.programs.suite_folder import SuiteFolder

VERSION, OTHER = "9.9", "9.8"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
PROGRAM = 'package main\n\nfunc main() { println("built") }\n'
RELEASED = b"#!/bin/sh\necho released >&2\n" + b"#" * (1 << 20)
ENSURE = """
import sys
from pathlib import Path
from gauntlet.build import binaries, gobuild
gobuild.NEEDED_BYTES = 0
binaries.ensure(sys.argv[2], say=lambda line: print(line, file=sys.stderr, flush=True), root=Path(sys.argv[1]))
"""


@dataclass
class Bench:
    """A toolchain with two versions, an empty cache, and a server that has a release of both."""

    root: Path
    cache: Path
    server: ReleaseServer
    said: list[str] = field(default_factory=list)

    def ensure(self, version: str = VERSION) -> Binaries:
        return binaries.ensure(version, say=self.said.append, root=self.root)

    def why(self) -> str:
        """Why it was built."""
        (line,) = (line for line in self.said if "building from source" in line)
        return line

    def start(self, version: str = VERSION) -> subprocess.Popen[str]:
        """`ensure` in a process of its own."""
        argv = [sys.executable, "-c", ENSURE, str(self.root), version]
        return subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)

    def pin(self, version: str, *programs: str) -> None:
        module = self.root / version
        for program in programs:
            folder = module / program
            folder.mkdir(parents=True)
            (folder / "main.go").write_text(PROGRAM)
        tools = "".join(f"tool k8s.io/kubernetes/{program}\n" for program in programs)
        (module / "go.mod").write_text(f"module k8s.io/kubernetes // {version}\n\ngo 1.21\n\n{tools}")
        (module / "go.sum").write_text("")

    def folders(self) -> list[str]:
        return [entry.name for entry in (self.cache / "binaries").iterdir() if entry.is_dir()]


def path(program: str = "kube-proxy") -> str:
    # The tiny modules are of no version.
    return f"/v0.0.0/bin/linux/amd64/{program}"


def waits_for_a_lock(pid: int) -> bool:
    """Whether the kernel lets this process wait for a lock (proc_locks(5))."""
    return any("->" in line and str(pid) in line.split() for line in Path("/proc/locks").read_text().splitlines())


def says(program: Path) -> str:
    return subprocess.run([program], capture_output=True, text=True, check=True).stderr.strip()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    # Go has its cache below XDG_CACHE_HOME, too: it stays where it is, or each test would compile Go's runtime.
    asked = subprocess.run(
        [toolchain.find_go((1, 21)).path, "env", "GOCACHE"], capture_output=True, text=True, check=True
    )
    monkeypatch.setenv("GOCACHE", asked.stdout.strip())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(gobuild, "NEEDED_BYTES", 0)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for name in (*PROXIES, *map(str.lower, PROXIES), "GAUNTLET_FROM_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    # Each test is a run of its own.
    monkeypatch.setenv("GAUNTLET_DOWNLOADS_OF_RUN", f"{os.getpid()}-{tmp_path.name}")
    with served(ReleaseServer()) as server:
        monkeypatch.setenv("GAUNTLET_RELEASES", server.url)
        made = Bench(tmp_path / "toolchain", tmp_path / "cache" / "kube-proxy-gauntlet", server)
        for version in (VERSION, OTHER):
            made.pin(version, "cmd/kube-proxy")
        server.publish(path(), RELEASED)
        yield made


def test_a_release_is_downloaded_once_then_found(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_GO", "/nonexistent/go")  # none is needed
    got = bench.ensure()
    assert says(got.path("kube-proxy")) == "released"
    assert got.origin == f"release from {bench.server.url}, SHA-256 verified"
    assert bench.server.asked == [f"{path()}.sha256", path()]
    assert "downloaded kube-proxy from" in bench.said[-1]
    assert binaries.find(VERSION, root=bench.root) == bench.ensure() == got
    assert len(bench.server.asked) == 2


def test_an_official_release_says_so(bench: Bench) -> None:
    slot = releases.slot_of(toolchain.GoModule.read(bench.root / VERSION))
    assert slot is not None
    official = releases.ReleaseSlot(slot.module, releases.OFFICIAL, slot.architecture)
    assert official.origin == "official release, SHA-256 verified"
    assert official.folder.name == "kubernetes-0.0.0-release-amd64"
    assert official.folder != slot.folder, "what a mirror gave never stands for what the official server gave"
    assert official.publication(slot.module.tools[0]).url == f"https://dl.k8s.io/release{path()}"


def test_what_no_release_has_is_built_beside_it(bench: Bench) -> None:
    bench.pin("9.7", "cmd/kube-proxy", "cmd/kube-apiserver", "test/images/agnhost")
    bench.server.publish(path("kube-apiserver"), RELEASED)
    got = bench.ensure("9.7")
    assert [says(got.path(name)) for name in ("kube-proxy", "kube-apiserver", "agnhost")] == [
        "released", "released", "built",
    ]  # fmt: skip
    assert "SHA-256" in got.origin
    assert not any("agnhost" in asked for asked in bench.server.asked)
    assert binaries.find("9.7", root=bench.root) == bench.ensure("9.7") == got


def test_what_is_built_already_is_not_downloaded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_FROM_SOURCE", "1")
    built = bench.ensure()
    assert says(built.path("kube-proxy")) == "built"
    monkeypatch.delenv("GAUNTLET_FROM_SOURCE")
    assert bench.ensure() == built
    assert bench.server.asked == []


def test_from_source_ignores_a_release_in_the_cache(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    released = bench.ensure()
    monkeypatch.setenv("GAUNTLET_FROM_SOURCE", "1")
    assert binaries.find(VERSION, root=bench.root) is None
    built = bench.ensure()
    assert says(built.path("kube-proxy")) == "built"
    assert built.origin.startswith("built from source (toolchain/9.9, go1.")
    monkeypatch.delenv("GAUNTLET_FROM_SOURCE")
    assert bench.ensure() == released, "official releases first"


def test_a_program_that_was_built_among_others_is_not_built_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.pin("9.7", "cmd/kube-proxy", "test/images/agnhost")
    released = bench.ensure("9.7")
    monkeypatch.setenv("GAUNTLET_FROM_SOURCE", "1")
    whole = bench.ensure("9.7")
    monkeypatch.delenv("GAUNTLET_FROM_SOURCE")
    released.path("agnhost").unlink()
    mixed = bench.ensure("9.7")
    assert mixed.path("agnhost") == whole.path("agnhost")
    assert mixed.path("kube-proxy") == released.path("kube-proxy")


@pytest.mark.parametrize("command", [("run",), ("cluster", "up"), ("binaries",)])
def test_commands_that_need_the_binaries_have_the_option(command: tuple[str, ...]) -> None:
    assert "--from-source" in CliRunner().invoke(main, [*command, "--help"]).output


def test_the_option_reaches_what_the_command_does_and_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    command = from_source(click.Command("it", callback=lambda: seen.append(os.environ.get(FROM_SOURCE))))
    monkeypatch.setenv(FROM_SOURCE, "")
    for arguments in ([], ["--from-source"]):
        assert CliRunner().invoke(command, arguments).exit_code == 0
    assert seen == ["", "1"]


def test_the_option_of_pytest_means_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FROM_SOURCE, "")
    obey(("suites", "-k", "udp"))
    assert not os.environ[FROM_SOURCE]
    obey(("suites", "--kp-from-source"))
    assert os.environ[FROM_SOURCE] == "1"


def test_a_run_from_source_says_so_and_is_repeated_so(tmp_path: Path) -> None:
    test = "def test_a(judge):\n    assert os.environ['GAUNTLET_FROM_SOURCE'] == '1'\n    judge(GOOD)\n"
    folder = SuiteFolder.make(tmp_path, test)
    code, printed = folder.run("--kp-modes=iptables,nftables", "-n2", "--kp-from-source")
    assert code == 0, printed
    assert folder.results().environment == {FROM_SOURCE: "1"}
    assert folder.results().reproduce.startswith("GAUNTLET_FROM_SOURCE=1 pytest ")


def test_a_wrong_checksum_is_an_error(bench: Bench) -> None:
    bench.server.files[path()] = b"something else"
    with pytest.raises(WrongChecksum) as caught:
        bench.ensure()
    wanted, got = (hashlib.sha256(each).hexdigest() for each in (RELEASED, b"something else"))
    for part in (f"{bench.server.url}{path()}", wanted, got):
        assert part in caught.value.what
    assert "--from-source" in caught.value.remedy
    assert bench.folders() == [], "neither it nor anything built in its place"


def test_a_checksum_that_is_none_is_an_error(bench: Bench) -> None:
    bench.server.files[f"{path()}.sha256"] = b"<html>please log in</html>"
    with pytest.raises(WrongChecksum, match="holds no SHA-256 of kube-proxy: b'<html>please log in"):
        bench.ensure()
    assert bench.folders() == []


def test_a_checksum_with_the_name_of_its_file(bench: Bench) -> None:
    bench.server.files[f"{path()}.sha256"] += b"  kube-proxy\n"
    assert says(bench.ensure().path("kube-proxy")) == "released"


@pytest.mark.parametrize("missing", [path(), f"{path()}.sha256"])
def test_a_file_that_is_not_there_is_built(bench: Bench, missing: str) -> None:
    del bench.server.files[missing]
    got = bench.ensure()
    assert says(got.path("kube-proxy")) == "built"
    assert (
        bench.why() == f"kubernetes 0.0.0: {bench.server.url}{missing} does not exist (HTTP 404): building from source"
    )
    assert not any("release" in name for name in bench.folders())


def test_a_release_without_one_of_its_files_is_built_whole(bench: Bench) -> None:
    bench.pin("9.7", "cmd/kube-proxy", "cmd/kube-apiserver")
    got = bench.ensure("9.7")
    assert {says(got.path(name)) for name in got.programs} == {"built"}


def test_a_file_that_is_not_there_says_nothing_about_the_server(bench: Bench) -> None:
    bench.pin("9.7", "cmd/kube-apiserver")
    bench.ensure("9.7")
    assert "SHA-256 verified" in bench.ensure().origin


def test_a_transfer_that_is_cut_off_is_not_used(bench: Bench) -> None:
    bench.server.cut.add(path())
    got = bench.ensure()
    assert says(got.path("kube-proxy")) == "built"
    assert bench.why().startswith(f"release downloads are not reachable ({bench.server.url}{path()}: ")
    assert "cut off" in bench.why()
    assert not any("release" in name for name in bench.folders())


def test_a_slow_transfer_is_a_time_out(bench: Bench, tmp_path: Path) -> None:
    bench.server.held.add(path())
    with (tmp_path / "file").open("wb") as file, pytest.raises(Unavailable, match=r"time-out: no data for 0\.2 s"):
        Downloads(Limits(silence_s=0.2)).get(f"{bench.server.url}{path()}", file, most_bytes=1 << 30)


def test_a_transfer_that_never_ends_is_a_time_out(bench: Bench, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file, pytest.raises(Unavailable, match="time-out: not whole after 0 s"):
        Downloads(Limits(whole_s=0)).get(f"{bench.server.url}{path()}", file, most_bytes=1 << 30)


def test_a_file_that_is_larger_than_any_program(bench: Bench, tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file, pytest.raises(Unavailable, match="more than 1000 bytes"):
        Downloads().get(f"{bench.server.url}{path()}", file, most_bytes=1000)


def test_a_server_that_takes_no_connection_is_a_time_out(bench: Bench, tmp_path: Path) -> None:
    timed_out = pytest.raises(Unavailable, match=r"127\.0\.0\.1: time(d |-)out")
    with deaf() as url, (tmp_path / "file").open("wb") as file, timed_out:
        Downloads(Limits(connect_s=0.2)).get(url, file, most_bytes=1)


def test_nobody_there_is_said_once_and_not_tried_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_RELEASES", nobody())
    assert says(bench.ensure().path("kube-proxy")) == "built"
    assert bench.why() == "release downloads are not reachable (127.0.0.1: Connection refused): building from source"
    assert says(bench.ensure(OTHER).path("kube-proxy")) == "built"
    assert "not reachable" in bench.why(), "once"


def test_other_processes_of_the_run_do_not_ask_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.server.broken.add(f"{path()}.sha256")
    bench.ensure()
    assert bench.why().endswith("HTTP 503 Service Unavailable): building from source")
    first = list(bench.server.asked)
    said = bench.start(OTHER).communicate(timeout=120)[1]
    assert "not reachable" not in said
    assert "built kube-proxy" in said
    assert bench.server.asked == first
    # The next run asks, and what ended runs left is swept.
    bench.pin("9.7", "cmd/kube-proxy")
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = bench.cache / "binaries" / f"downloads-given-up.{ended.pid}-abc"
    left.touch()
    monkeypatch.setenv("GAUNTLET_DOWNLOADS_OF_RUN", f"{os.getpid()}-next")
    bench.ensure("9.7")
    assert len(bench.server.asked) == len(first) + 1
    assert not left.exists()


def test_two_processes_at_once_download_once(bench: Bench) -> None:
    bench.server.held.add(path())
    first = bench.start()
    assert bench.server.is_held.wait(60)
    second = bench.start()
    assert second.stderr is not None
    assert "another process is downloading; waiting" in second.stderr.readline()
    until(lambda: waits_for_a_lock(second.pid), what="the second process waits", deadline_s=30)
    bench.server.go_on.set()
    assert "downloaded kube-proxy" in first.communicate(timeout=60)[1]
    assert second.communicate(timeout=60)[1] == ""
    assert (first.returncode, second.returncode) == (0, 0)
    assert bench.server.asked == [f"{path()}.sha256", path()]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_broken_off_download_leaves_nothing_to_use(bench: Bench, how: signal.Signals) -> None:
    bench.server.held.add(path())
    process = bench.start()
    assert bench.server.is_held.wait(60)
    process.send_signal(how)
    process.communicate(timeout=30)
    assert binaries.find(VERSION, root=bench.root) is None
    if how is signal.SIGINT:
        assert bench.folders() == []
    bench.server.held.clear()
    got = bench.ensure()
    assert says(got.path("kube-proxy")) == "released"
    assert bench.folders() == [got.path("kube-proxy").parent.name]


@pytest.mark.cluster
def test_a_full_disk(bench: Bench) -> None:
    bench.cache.mkdir(parents=True)
    world = ["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=64k tmpfs {bench.cache} && exec "$@"', "sh"]
    argv = [*world, sys.executable, "-c", ENSURE, str(bench.root), VERSION]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert "downloading releases: no space left on device" in done.stderr


def test_a_cache_that_cannot_be_written(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentUnfit, match="cannot write the cache"):
        bench.ensure()


@pytest.mark.parametrize(
    "base", ["ftp://releases.test", "releases.test", "https://me:secret@releases.test", "https://r:port", "https://[r"]
)
def test_a_mirror_that_is_no_url(bench: Bench, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_RELEASES", base)
    with pytest.raises(UsageError, match="GAUNTLET_RELEASES is not the URL") as caught:
        bench.ensure()
    assert "secret" not in str(caught.value)


def test_a_redirect_to_plain_http_is_refused(bench: Bench) -> None:
    with served(ReleaseServer(files=dict(bench.server.files))) as elsewhere:
        bench.server.moved[path()] = f"{elsewhere.url}{path()}"
        assert says(bench.ensure().path("kube-proxy")) == "built"
        assert f"redirects to {elsewhere.url}{path()}, which is not https" in bench.why()
        assert elsewhere.asked == []


def test_a_redirect_to_https_is_followed(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    for name, value in trusted(authority, tmp_path / "ca.pem").items():
        monkeypatch.setenv(name, value)
    elsewhere = ReleaseServer(files=dict(bench.server.files))
    with served(elsewhere, authority.issue_cert("127.0.0.1")):
        bench.server.moved[path()] = f"{elsewhere.url}{path()}"
        assert says(bench.ensure().path("kube-proxy")) == "released"
        assert elsewhere.asked == [path()]


def test_redirects_in_a_circle(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    for name, value in trusted(authority, tmp_path / "ca.pem").items():
        monkeypatch.setenv(name, value)
    around = ReleaseServer()
    with served(around, authority.issue_cert("127.0.0.1")), (tmp_path / "file").open("wb") as file:
        around.moved["/here"] = "/here"
        with pytest.raises(Unavailable, match="more than 5 redirects"):
            Downloads().get(f"{around.url}/here", file, most_bytes=1)


def test_a_certificate_that_nobody_vouches_for(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ReleaseServer(files=dict(bench.server.files))
    with served(server, trustme.CA().issue_cert("127.0.0.1")):
        monkeypatch.setenv("GAUNTLET_RELEASES", server.url)
        assert says(bench.ensure().path("kube-proxy")) == "built"
        assert "CERTIFICATE_VERIFY_FAILED" in bench.why()
        assert server.asked == []


@pytest.mark.parametrize("user", ["", "me:p%40ss@"], ids=["open", "with-a-password"])
def test_the_proxy_of_the_environment_is_asked(
    bench: Bench, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    for name, value in trusted(authority, tmp_path / "ca.pem").items():
        monkeypatch.setenv(name, value)
    # Only the proxy can lead to this name.
    server = ReleaseServer(files=dict(bench.server.files))
    with served(server, authority.issue_cert("releases.invalid")), proxied(server.url) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url.replace("//", f"//{user}"))
        monkeypatch.setenv("GAUNTLET_RELEASES", "https://releases.invalid")
        assert says(bench.ensure().path("kube-proxy")) == "released"
        assert set(proxy.asked) == {"CONNECT releases.invalid:443"}
        assert set(proxy.authorization) == ({"Basic bWU6cEBzcw=="} if user else {None})


def test_no_proxy_is_asked_for_what_is_excepted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxied(bench.server.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "example.test,127.0.0.1")
        assert says(bench.ensure().path("kube-proxy")) == "released"
        assert proxy.asked == []


def test_a_proxy_that_is_not_there(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", nobody())
    assert says(bench.ensure().path("kube-proxy")) == "built"
    assert "not reachable (127.0.0.1: Connection refused)" in bench.why()
    assert bench.server.asked == []


def etcd_of(bench: Bench, content: bytes, member: str = "etcd-v0.0.0-linux-amd64/etcd") -> None:
    """Pin an etcd, and let the server have an archive of it, with the checksums of more archives around its own."""
    module = bench.root / "etcd"
    (module / "server" / "v3").mkdir(parents=True)
    (module / "server" / "v3" / "main.go").write_text(PROGRAM)
    (module / "go.mod").write_text("module go.etcd.io/etcd\n\ngo 1.21\n\ntool go.etcd.io/etcd/server/v3\n")
    (module / "go.sum").write_text("")
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as files:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        files.addfile(entry, io.BytesIO(content))
    name = "etcd-v0.0.0-linux-amd64.tar.gz"
    digests = [("0" * 64, "etcd-v0.0.0-darwin-amd64.zip"), (hashlib.sha256(archive.getvalue()).hexdigest(), name)]
    bench.server.files[f"/etcd/v0.0.0/{name}"] = archive.getvalue()
    bench.server.files["/etcd/v0.0.0/SHA256SUMS"] = "".join(f"{a}  {b}\n" for a, b in digests).encode()


def test_etcd_comes_out_of_the_archive_of_its_release(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd_of(bench, RELEASED)
    monkeypatch.setenv("GAUNTLET_ETCD_RELEASES", f"{bench.server.url}/etcd")
    got = bench.ensure().path("etcd")
    assert says(got) == "released"
    assert sorted(entry.name for entry in got.parent.iterdir()) == ["etcd"], "not the archive"


def test_an_archive_that_was_changed_is_an_error(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd_of(bench, RELEASED)
    monkeypatch.setenv("GAUNTLET_ETCD_RELEASES", f"{bench.server.url}/etcd")
    bench.server.files["/etcd/v0.0.0/etcd-v0.0.0-linux-amd64.tar.gz"] += b"more"
    with pytest.raises(WrongChecksum, match=r"etcd-v0\.0\.0-linux-amd64\.tar\.gz is not what was published"):
        bench.ensure()


def test_an_archive_without_the_program_is_not_used(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd_of(bench, RELEASED, member="etcd-v0.0.0-linux-amd64/README.md")
    monkeypatch.setenv("GAUNTLET_ETCD_RELEASES", f"{bench.server.url}/etcd")
    assert says(bench.ensure().path("etcd")) == "built"
    assert "has no file etcd-v0.0.0-linux-amd64/etcd: building from source" in bench.why()


def test_who_names_a_mirror_of_one_is_not_sent_elsewhere_for_the_other(bench: Bench) -> None:
    etcd_of(bench, RELEASED)
    got = bench.ensure()
    assert (says(got.path("kube-proxy")), says(got.path("etcd"))) == ("released", "built")


def test_one_server_that_fails_says_nothing_about_the_other(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    etcd_of(bench, RELEASED)
    monkeypatch.setenv("GAUNTLET_ETCD_RELEASES", nobody())
    etcd = binaries.ensure_modules(("etcd",), bench.said.append, root=bench.root)["etcd"]
    assert says(etcd) == "built"
    assert says(bench.ensure().path("kube-proxy")) == "released"


def test_another_architecture_has_other_files_or_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    module = toolchain.GoModule.read(bench.root / VERSION)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    slot = releases.slot_of(module)
    assert slot is not None
    assert slot.publication(module.tools[0]).url.endswith("/v0.0.0/bin/linux/arm64/kube-proxy")
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert releases.slot_of(module) is None
