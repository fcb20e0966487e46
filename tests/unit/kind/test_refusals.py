"""What the kind provider refuses, before it has changed anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gauntlet.build import docker
from gauntlet.ground.cluster import Json, NodeKernel, ProxyMode
from gauntlet.ground.errors import EnvironmentUnfit, ExitCode, GauntletError, UsageError
from gauntlet.ground.family import BOTH
from gauntlet.nodes.container import MEMBER_LABEL
from gauntlet.providers import ClusterSpec, KindOptions
from gauntlet.providers.kind import containers
from gauntlet.providers.kind import provider as kind
from gauntlet.providers.kind import tools as kind_tools
from gauntlet.providers.kind.admission import require_makeable, require_version
from gauntlet.providers.kind.cluster import KindRecord, clusters_dir, state_dir
from gauntlet.providers.kind.provider import KindProvider
from gauntlet.proxy.configuration import changed
from gauntlet.subject import parse, plain


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No daemon can be reached, and there is no state."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_nodes_have_no_kernel_of_their_own() -> None:
    with pytest.raises(UsageError, match="share this machine's kernel"):
        KindProvider().require_kernel(ProxyMode.IPTABLES, NodeKernel.OWN)


def test_ipvs_mode_where_the_kernel_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "host_lacks", lambda _mode: "Unknown device type.")

    with pytest.raises(EnvironmentUnfit, match="Unknown device type"):
        KindProvider().kernel_for(ProxyMode.IPVS)
    assert KindProvider().kernel_for(ProxyMode.NFTABLES) is NodeKernel.HOST


def test_ipvs_mode_where_the_kernel_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "host_lacks", lambda _mode: None)

    assert KindProvider().kernel_for(ProxyMode.IPVS) is NodeKernel.HOST


def test_userspace_mode_says_which_image_it_needs() -> None:
    with pytest.raises(EnvironmentUnfit, match=r"Kubernetes 1\.25"):
        KindProvider().create(ClusterSpec("x", plain(ProxyMode.USERSPACE)))


@pytest.mark.parametrize("name", ["", "Has-Capitals", "-begins", "a" * 41, "a/b"])
def test_names_that_docker_or_kubernetes_would_not_take(name: str) -> None:
    with pytest.raises(UsageError, match="no name for a cluster"):
        KindProvider().create(ClusterSpec(name, plain(ProxyMode.IPTABLES)))


def test_no_daemon_is_told_with_the_remedy() -> None:
    with pytest.raises(EnvironmentUnfit, match=r"no Docker daemon answers at unix://.*/no\.sock") as told:
        KindProvider().create(ClusterSpec("x", plain(ProxyMode.IPTABLES)))

    assert "ci/docker up" in told.value.remedy
    assert not clusters_dir().exists()


def test_no_docker_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EnvironmentUnfit, match="no `docker` in PATH"):
        docker.require()


def test_listing_and_deleting_need_no_docker_where_there_is_nothing() -> None:
    assert KindProvider().list() == ()
    KindProvider().delete("never-was")


def test_a_record_that_cannot_be_read_is_told() -> None:
    state_dir("x").mkdir(parents=True)
    (state_dir("x") / "cluster.json").write_text(json.dumps({"name": "x"}))

    with pytest.raises(UsageError, match=r"cluster\.json cannot be read"):
        KindRecord.load("x")


def test_a_program_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--kind-bin="):
        kind_tools.find(KindOptions(kind=str(tmp_path / "missing")), "1.37")


def test_programs_of_path_come_before_the_toolchain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("kind", "kubectl", "other-kind"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert kind_tools.find(KindOptions(), "1.37").kind == tmp_path / "kind"
    given = kind_tools.find(KindOptions(kind=str(tmp_path / "other-kind")), "1.37")
    assert (given.kind, given.kubectl) == (tmp_path / "other-kind", tmp_path / "kubectl")


def test_changes_of_a_configuration_are_merged_key_by_key() -> None:
    present: Json = {"mode": "ipvs", "ipvs": {"scheduler": "rr", "strictARP": True}, "list": [1, 2]}

    assert yaml.safe_load(changed(yaml.safe_dump(present), {"ipvs": {"scheduler": "wrr"}, "list": [3]})) == {
        "mode": "ipvs",
        "ipvs": {"scheduler": "wrr", "strictARP": True},
        "list": [3],
    }


@pytest.mark.parametrize(
    ("written", "image", "words"),
    [
        ("vendor=nftables@{program}", "", "kind nodes run the kube-proxy of their image, not /"),
        ("iptables@1.25", "", r"iptables@1\.25 on kind needs a node image of Kubernetes 1\.25, and none is made here"),
        ("iptables@1.36", "kindest/node:v1.34.4@sha256:ab", r"has kube-proxy 1\.34\.4, not 1\.36"),
        ("iptables@1.3", "kindest/node:v1.34.4", r"has kube-proxy 1\.34\.4, not 1\.3"),
    ],
)
def test_a_kube_proxy_that_the_node_image_does_not_bring_is_refused(
    tmp_path: Path, written: str, image: str, words: str
) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\necho 'Kubernetes v1.37.2'\n")
    program.chmod(0o755)
    subject = parse(written.format(program=program), "1.37")
    with pytest.raises(GauntletError, match=words) as refused:
        KindProvider().check(ClusterSpec("x", subject, kind=KindOptions(image=image)))
    assert refused.value.exit_code is ExitCode.USAGE
    assert refused.value.remedy


def test_the_families_of_kind_clusters_are_not_chosen_here() -> None:
    with pytest.raises(UsageError, match="IP families of kind clusters"):
        require_makeable(ClusterSpec("x", plain(ProxyMode.IPTABLES), families=BOTH))


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> KindRecord:
    """The record of a kind cluster x of iptables@1.37.2, whose containers run."""
    monkeypatch.setattr(containers, "idle", lambda _record: [])
    subject = plain(ProxyMode.IPTABLES)
    record = KindRecord("x", "iptables", "1.37.2", "node", "client", (), "127.0.0.1", subject.as_json())
    state_dir("x").mkdir(parents=True)
    record.save()
    return record


@pytest.mark.parametrize("written", ["iptables", "iptables@1.37", "iptables@1.37.2"])
def test_a_kept_cluster_is_taken_for_the_version_that_it_runs(kept: KindRecord, written: str) -> None:
    assert KindProvider()._kept(ClusterSpec("x", parse(written, "1.37"))) == kept


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("written", ["iptables@1.36", "iptables@1.37.1", "iptables@1.3"])
def test_a_kept_cluster_is_not_taken_for_another_version(written: str) -> None:
    with pytest.raises(UsageError, match=r"x already, of node \(1\.37\.2\) in iptables mode"):
        KindProvider()._kept(ClusterSpec("x", parse(written, "1.37")))


def test_the_label_of_a_clusters_containers_is_that_of_clusters_that_were_kept_before() -> None:
    assert MEMBER_LABEL == "dev.gauntlet.cluster"


def test_a_node_image_whose_tag_does_not_say_its_version_is_looked_at_once_it_runs() -> None:
    require_version(parse("nftables@1.36", "1.37"), "mine/node:latest", "1.36.3")
    with pytest.raises(UsageError, match=r"mine/node:latest has kube-proxy 1\.36\.3, not 1\.37"):
        require_version(parse("nftables@1.37", "1.37"), "mine/node:latest", "1.36.3")
