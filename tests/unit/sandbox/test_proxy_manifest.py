"""Which kube-proxy a node is given: its manifest, the programs of a world, the record of the cluster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gauntlet.build.binaries import Binaries
from gauntlet.ground.cluster import NodeKernel, ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.family import BOTH, Family
from gauntlet.providers.protocol import ClusterSpec, require_distinct
from gauntlet.providers.sandbox import layout, proxy_programs
from gauntlet.providers.sandbox.address_plan import plans
from gauntlet.providers.sandbox.layout import ClusterRecord, ProxyProgram
from gauntlet.providers.sandbox.proxies import configuration
from gauntlet.providers.sandbox.proxy_manifest import ProxyManifest
from gauntlet.providers.sandbox.replacement import settled
from gauntlet.subject import Subject, parse

BEFORE = parse("iptables@1.36", "1.37")
AFTER = parse("after=nftables@1.37+SomeGate", "1.37")


def binaries(version: str, control_plane: str) -> Binaries:
    names = ("kube-proxy", "kube-apiserver", "etcd")
    return Binaries(version, control_plane, {name: Path(version, name) for name in names}, f"built {version}")


FOUND = [(BEFORE, binaries("1.36.3", "1.36.3")), (AFTER, binaries("1.37.2", "1.37.2"))]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    layout.node_folder(tmp_path, "node-1").mkdir(parents=True)
    return tmp_path


def test_a_node_starts_what_its_manifest_says_last(state: Path) -> None:
    ProxyManifest.write(state, "node-1", BEFORE.name, "/bin/old/kube-proxy", "mode: iptables\n")
    old = ProxyManifest.load(state, "node-1")
    ProxyManifest.write(state, "node-1", AFTER.name, "/bin/new/kube-proxy", "mode: nftables\n")
    new = ProxyManifest.load(state, "node-1")
    assert (new.subject, new.argv[0]) == (AFTER.name, "/bin/new/kube-proxy")
    assert Path(new.configuration).read_text() == "mode: nftables\n"
    assert new.argv[1] == f"--config={new.configuration}"
    # A kube-proxy whose file is written to ends at once: that of the old one stays as it is.
    assert Path(old.configuration).read_text() == "mode: iptables\n"


@pytest.mark.parametrize("name", ["a@1.37.2+Some-Gate", "A@1.37.2+Some-Gate", "a-1-37-2-some-gate"])
def test_names_that_look_alike_have_files_of_their_own(state: Path, name: str) -> None:
    ProxyManifest.write(state, "node-1", name, "kube-proxy", name)
    ProxyManifest.write(state, "node-1", "a@1.37.2-some-gate", "kube-proxy", "another")
    ProxyManifest.write(state, "node-1", name, "kube-proxy", name)
    assert Path(ProxyManifest.load(state, "node-1").configuration).read_text() == name
    assert len(list(layout.node_folder(state, "node-1").glob("*/kube-proxy.yaml"))) == 2


def test_the_configuration_is_that_of_the_subject() -> None:
    text = configuration(
        AFTER.mode,
        AFTER.configuration,
        NodeKernel.HOST,
        node="node-1",
        address="10.77.0.11",
        plans=plans(BOTH),
        kubeconfig=Path("/k"),
    )
    fields = yaml.safe_load(text)
    assert (fields["mode"], fields["featureGates"]) == ("nftables", {"SomeGate": True})
    assert fields["conntrack"]["maxPerCore"] == 0
    assert fields["clientConnection"]["kubeconfig"] == "/k"
    assert fields["clusterCIDR"] == "10.244.0.0/16,fd10:244::/48"
    assert (fields["bindAddress"], fields["healthzBindAddress"]) == ("0.0.0.0", "10.77.0.11:10256")


def test_the_configuration_of_a_cluster_of_ipv6_alone() -> None:
    (plan,) = plans([Family.IPV6])
    text = configuration(
        AFTER.mode, {}, NodeKernel.HOST, node="node-1", address=plan.node(1), plans=(plan,), kubeconfig=Path("/k")
    )
    fields = yaml.safe_load(text)
    assert (fields["clusterCIDR"], fields["bindAddress"]) == ("fd10:244::/48", "::")
    assert (fields["healthzBindAddress"], fields["metricsBindAddress"]) == ("[fd10:77::11]:10256", "[::]:10249")


def test_a_world_has_the_programs_of_all_subjects_under_the_newest_control_plane() -> None:
    together, proxies = proxy_programs.merged(FOUND)
    assert together.programs == {
        "kube-proxy": Path("1.36.3/kube-proxy"),
        "other-1/kube-proxy": Path("1.37.2/kube-proxy"),
        "kube-apiserver": Path("1.37.2/kube-apiserver"),
        "etcd": Path("1.37.2/etcd"),
    }
    assert (together.version, together.control_plane_version, together.origin) == ("1.36.3", "1.37.2", "built 1.36.3")
    assert [each.program for each in proxies] == [
        "/run/gauntlet/bin/kube-proxy",
        "/run/gauntlet/bin/other-1/kube-proxy",
    ]
    assert [Subject.of_json(each.subject).version for each in proxies] == ["1.36.3", "1.37.2"]


def test_the_control_plane_is_not_older_than_any_kube_proxy_in_either_direction() -> None:
    together, _ = proxy_programs.merged(FOUND[::-1])
    assert (together.version, together.control_plane_version) == ("1.37.2", "1.37.2")
    assert together.programs["kube-apiserver"] == Path("1.37.2/kube-apiserver")


def test_a_subject_alone_gets_what_it_always_got() -> None:
    together, proxies = proxy_programs.merged(FOUND[:1])
    assert together == FOUND[0][1]
    assert [each.name for each in proxies] == [BEFORE.name]


def test_two_subjects_of_one_name_are_refused() -> None:
    other = replace(parse("nftables", "1.37"), name=BEFORE.name)
    with pytest.raises(UsageError, match=BEFORE.name):
        require_distinct(ClusterSpec("c", BEFORE, replacements=(other,)))
    require_distinct(ClusterSpec("c", BEFORE, replacements=(AFTER,)))


def record(proxies: tuple[ProxyProgram, ...]) -> ClusterRecord:
    return ClusterRecord(
        name="c",
        mode="iptables",
        version="1.36.3",
        origin="built 1.36.3",
        subject=BEFORE.as_json(),
        control_plane_version="1.37.2",
        proxies=proxies,
        keep=False,
        unshare_pid=1,
        unshare_started="1",
    )


def test_a_cluster_whose_nodes_all_have_the_same_is_of_that_subject() -> None:
    _, proxies = proxy_programs.merged(FOUND)
    after = settled(record(proxies), proxies[1])
    assert (after.mode, after.version, after.origin) == (ProxyMode.NFTABLES, "1.37.2", "built 1.37.2")
    assert Subject.of_json(after.subject) == replace(AFTER, version="1.37.2")
    assert after.proxies == proxies


def test_whoever_reads_the_record_knows_all_that_nodes_can_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    layout.state_dir("c").mkdir(parents=True)
    _, proxies = proxy_programs.merged(FOUND)
    record(proxies).save()
    assert ClusterRecord.load("c") == record(proxies)
