"""What the sandbox refuses, and how it says so. Nothing is changed by a refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, UsageError
from gauntlet.ground.family import BOTH, Family
from gauntlet.ground.paths import project_root
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.providers.sandbox import fitness, layout, uml, world
from gauntlet.providers.sandbox import provider as sandbox
from gauntlet.providers.sandbox.layout import ClusterRecord, ForeignCluster
from gauntlet.proxy.traits import Trial
from gauntlet.subject import parse, plain


def clusters() -> set[str]:
    folder = layout.clusters_dir()
    return {entry.name for entry in folder.iterdir()} if folder.exists() else set()


@pytest.fixture
def _programs_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of a sandbox are not asked for: a machine without them refuses other things as well."""
    monkeypatch.setattr(world, "TOOLS", {"sh": "dash"})


@pytest.mark.usefixtures("_programs_are_there")
@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            ClusterSpec(name="no", subject=plain(ProxyMode.NFTABLES), kernel=NodeKernel.OWN),
            "cannot run kube-proxy in nftables mode",
        ),
        (ClusterSpec(name="No Such", subject=plain(ProxyMode.IPTABLES)), "is no name for a cluster"),
        (ClusterSpec(name="no", subject=plain(ProxyMode.IPTABLES), nodes=0), "cluster of 0 nodes"),
        (ClusterSpec(name="no", subject=plain(ProxyMode.IPTABLES, "1.2")), "1.2"),
    ],
)
def test_bad_spec_is_refused(spec: ClusterSpec, message: str) -> None:
    before = clusters()
    with pytest.raises(UsageError, match=message):
        provider("sandbox").create(spec)
    assert clusters() == before


@pytest.mark.usefixtures("_programs_are_there")
def test_a_kernel_without_ipv6_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_IPV6", tmp_path / "none")
    for families in ((), BOTH, (Family.IPV6,)):
        with pytest.raises(EnvironmentUnfit, match="has no IPv6") as refused:
            provider("sandbox").check(ClusterSpec("no", plain(ProxyMode.IPTABLES), families=families))
        assert "--kp-families ipv4" in refused.value.remedy
    with pytest.raises(UsageError, match="cluster of 0 nodes"):  # what is looked at next
        provider("sandbox").check(ClusterSpec("no", plain(ProxyMode.IPTABLES), nodes=0, families=(Family.IPV4,)))


@pytest.mark.parametrize(
    ("first", "later", "asked", "served"),
    [
        ("nftables", "iptables", (), BOTH),
        ("nftables", "iptables", (Family.IPV6,), (Family.IPV6,)),
        ("userspace@1.25", "iptables", (), (Family.IPV4,)),
        ("iptables", "userspace@1.25", BOTH, (Family.IPV4,)),
    ],
)
def test_a_cluster_has_the_families_that_all_its_kube_proxies_serve(
    first: str, later: str, asked: tuple[Family, ...], served: tuple[Family, ...]
) -> None:
    spec = ClusterSpec("x", parse(first, "1.37"), replacements=(parse(later, "1.37"),), families=asked)
    assert sandbox.served_families(spec) == served


def test_setup_installs_every_program_that_a_cluster_asks_for() -> None:
    setup = (project_root() / "ci/setup").read_text()
    asked = world.TOOLS | uml.tools()
    assert {program: package for program, package in asked.items() if f"[{program}]={package}" not in setup} == {}


@pytest.mark.usefixtures("_programs_are_there")
def test_missing_proxy_path_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GAUNTLET_PROXY_PATH", "/no/such/folder")
    with pytest.raises(UsageError, match="GAUNTLET_PROXY_PATH=/no/such/folder is not a folder"):
        provider("sandbox").create(ClusterSpec(name="no", subject=plain(ProxyMode.IPTABLES)))


def test_unknown_provider_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"choose one of: .*sandbox"):
        provider("cloud")


@pytest.mark.parametrize("text", ["", "a: [", "apiVersion: v1\nkind: Config\n"])
def test_foreign_kubeconfig_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(UsageError, match=str(path)):
        connect(path)
    with pytest.raises(UsageError, match="No such file"):
        connect(tmp_path / "none")


@pytest.mark.usefixtures("_programs_are_there")
def test_missing_program_gives_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.TOOLS, "no-such-program", "no-such-package")
    with pytest.raises(EnvironmentUnfit, match=r"apt-get install --yes no-such-package"):
        world.require_tools()


# Runs where the kernel forbids further user namespaces: inside one whose own limit is 0, without capabilities.
FORBIDDEN = """
echo 0 > /proc/sys/user/max_user_namespaces
exec setpriv --bounding-set=-all --inh-caps=-all "$@"
"""
PRINT_FLAGS = "from gauntlet.providers.sandbox import world; print(world.flags())"
ASK = """
from gauntlet.ground.errors import EnvironmentUnfit
from gauntlet.providers.sandbox import world
try:
    world.flags()
except EnvironmentUnfit as error:
    print(error)
"""


@pytest.mark.cluster
def test_forbidden_user_namespaces_give_the_sysctl_and_the_root_way() -> None:
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-ec", FORBIDDEN, "sh", sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(project_root())},
    )
    assert "does not let root make a private world" in done.stdout
    for hint in ("run as root", "apparmor_restrict_unprivileged_userns", "max_user_namespaces", "--privileged"):
        assert hint in done.stdout


@pytest.mark.cluster
def test_root_does_without_a_user_namespace_where_they_are_forbidden() -> None:
    script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-ec", script, "sh", sys.executable, "-c", PRINT_FLAGS],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(project_root())},
    )
    assert "--net" in done.stdout
    assert "--user" not in done.stdout


def test_a_cluster_of_another_version_is_left_alone_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = layout.state_dir("older")
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text('{"name": "older", "unshare_pid": 4711}')
    assert provider("sandbox").list() == ()
    assert folder.exists()
    with pytest.raises(ForeignCluster, match=r"another version of the gauntlet \(its process is 4711\)"):
        ClusterRecord.load("older")


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("trial", "kernel", "words"),
    [("true", NodeKernel.HOST, None), ("echo no such device >&2; false", NodeKernel.OWN, "no such device")],
)
def test_auto_tries_what_the_hosts_kernel_lacks(
    trial: str, kernel: NodeKernel, words: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitness, "_trial", {ProxyMode.IPVS: Trial(trial)}.get)
    assert fitness.host_lacks(ProxyMode.IPVS) == words
    assert provider("sandbox").kernel_for(ProxyMode.IPVS) is kernel
    assert provider("sandbox").kernel_for(ProxyMode.IPTABLES) is NodeKernel.HOST


@pytest.mark.cluster
def test_a_machine_whose_kernel_lacks_ipvs_and_that_has_no_other_is_told_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "_trial", {ProxyMode.IPVS: Trial("echo no such device >&2; false")}.get)
    monkeypatch.setattr(uml, "_TOOLS", {"no-such-kernel": "user-mode-linux"})
    with pytest.raises(
        EnvironmentUnfit, match=r"ipvs mode \(no such device\), and (.|\n)*install --yes user-mode-linux"
    ):
        provider("sandbox").kernel_for(ProxyMode.IPVS)
    with pytest.raises(EnvironmentUnfit, match="install --yes user-mode-linux"):
        provider("sandbox").require_kernel(ProxyMode.IPVS, NodeKernel.OWN)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(EnvironmentUnfit, match=r"\(no such device\), and .* does not run on aarch64"):
        provider("sandbox").kernel_for(ProxyMode.IPVS)


def test_missing_programs_are_not_taken_for_a_kernel_that_lacks_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitness, "_trial", {ProxyMode.IPVS: Trial("true", {"no-such-ipset": "ipset"})}.get)
    with pytest.raises(EnvironmentUnfit, match="sudo apt-get install --yes ipset"):
        provider("sandbox").kernel_for(ProxyMode.IPVS)
