"""Subjects as they are written, and what each means."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.promises.support import unsupported
from gauntlet.proxy.eras import Stage, last_with, offer, offers
from gauntlet.proxy.tools import Tools
from gauntlet.subject import Subject, chosen_by, parse, parse_all, plain

CONFIGURATION = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n"


@pytest.mark.parametrize(
    ("written", "name", "proxy_mode", "version"),
    [
        ("nftables", "nftables", ProxyMode.NFTABLES, "1.37"),
        ("iptables@1.36", "iptables@1.36", ProxyMode.IPTABLES, "1.36"),
        ("iptables@1.36.3", "iptables@1.36.3", ProxyMode.IPTABLES, "1.36.3"),
        ("next=nftables@1.37", "next", ProxyMode.NFTABLES, "1.37"),
        ("userspace", "userspace", ProxyMode.USERSPACE, "1.25"),
        ("ipvs", "ipvs", ProxyMode.IPVS, "1.37"),
        ("nftables+SomeGate", "nftables+SomeGate", ProxyMode.NFTABLES, "1.37"),
        ("iptables@1.37+tools=legacy", "iptables@1.37+tools-legacy", ProxyMode.IPTABLES, "1.37"),
        ("nftables+SomeGate=false", "nftables+SomeGate-false", ProxyMode.NFTABLES, "1.37"),
    ],
)
def test_a_subject_says_its_mode_version_and_name(written: str, name: str, proxy_mode: ProxyMode, version: str) -> None:
    read = parse(written, "1.37")

    assert (read.name, read.mode, read.version, read.written) == (name, proxy_mode, version, written)
    assert read.data_plane == "kube-proxy"


def test_the_iptables_tools_are_those_that_it_names() -> None:
    named, unnamed = parse("iptables+tools=nft", "1.37"), parse("iptables", "1.37")
    assert (named.tools, unnamed.tools) == (Tools.NFT, None)
    assert [Subject.of_json(each.as_json()) for each in (named, unnamed)] == [named, unnamed]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("iptables+tools=new", "names no iptables tools"),
        ("iptables+tools=nft+tools=legacy", "names them twice"),
        ("nftables+tools=nft", "not in iptables mode"),
    ],
)
def test_tools_that_it_cannot_have_are_refused(written: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse(written, "1.37")


def test_gates_and_fields_are_merged_into_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "fields.yaml"
    file.write_text(CONFIGURATION + "featureGates: {Third: true}\nnftables: {minSyncPeriod: 1s}\n")

    read = parse(f"next=nftables@1.37+First+Second=false+{file}", "1.37")

    assert read.configuration == {
        "featureGates": {"First": True, "Second": False, "Third": True},
        "nftables": {"minSyncPeriod": "1s"},
    }
    assert parse("nftables@1.37", "1.37").configuration == {}


def test_two_files_are_merged_key_by_key(tmp_path: Path) -> None:
    for name, inner in (("one", "minSyncPeriod: 1s, syncPeriod: 30s"), ("two", "syncPeriod: 9s")):
        (tmp_path / f"{name}.yaml").write_text(f"{CONFIGURATION}nftables: {{{inner}}}\n")

    read = parse(f"nftables+{tmp_path}/one.yaml+{tmp_path}/two.yaml", "1.37")

    assert read.configuration == {"nftables": {"minSyncPeriod": "1s", "syncPeriod": "9s"}}


def test_a_gate_that_a_mode_takes_is_set() -> None:
    assert parse("nftables@1.29", "1.37").configuration == {"featureGates": {"NFTablesProxyMode": True}}
    assert parse("nftables@1.31", "1.37").configuration == {}


def test_a_file_alone_says_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "ours.yaml"
    file.write_text(CONFIGURATION + "mode: nftables\nnftables: {minSyncPeriod: 1s}\n")

    read = parse(str(file), "1.37")

    assert (read.name, read.mode, read.version) == ("ours", ProxyMode.NFTABLES, "1.37")
    assert read.configuration == {"nftables": {"minSyncPeriod": "1s"}}


def test_an_own_program_says_its_version(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\n[ \"$*\" = --version ] && echo 'Kubernetes v1.36.9-acme.2'\n")
    program.chmod(0o755)

    read = parse(f"vendor=iptables@{program}", "1.37")

    assert (read.name, read.version, read.minor, read.program) == ("vendor", "1.36.9-acme.2", (1, 36), program)


def test_an_own_program_without_a_name_is_called_by_its_version(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\necho 'Kubernetes v1.36.9-acme.2'\n")
    program.chmod(0o755)

    assert parse(f"iptables@{program}", "1.37").name == "iptables@1.36.9-acme.2"


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("", "there is no mode ''"),
        ("iptable", "there is no mode 'iptable'"),
        ("iptables@", "does not name a version after the @"),
        ("iptables@new", "'new' is not a Kubernetes version"),
        ("nftables@1.28", "kube-proxy 1.28 does not have nftables mode: it came with 1.29"),
        ("userspace@1.26", "kube-proxy 1.26 does not have userspace mode: the last version with it is 1.25"),
        ("nftables@1.37+gate", "'gate' in 'nftables@1.37\\+gate' is neither a feature gate nor a YAML file"),
        ("nftables+Gate+Gate=false", "sets Gate to true and to false"),
        ("a b=nftables", "'a b', the name of 'a b=nftables', is not a name"),
        ("=nftables", "'', the name of '=nftables', is not a name"),
        ("iptables@./nowhere/kube-proxy", "there is no program nowhere/kube-proxy"),
        ("iptables@/dev/null", "/dev/null does not run here: Permission denied"),
        ("iptables@/bin/true", "/bin/true --version does not say a version of Kubernetes"),
        ("nftables+./nowhere.yaml", "nowhere.yaml cannot be read: No such file"),
    ],
)
def test_what_cannot_be_a_subject_is_refused(written: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        parse(written, "1.37")

    assert refused.value.remedy


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not YAML"),
        ("kind: ConfigMap\n", "does not hold a KubeProxyConfiguration"),
        (CONFIGURATION + "metricsBindAddress: 0.0.0.0\n", "sets metricsBindAddress, which the gauntlet sets itself"),
        (CONFIGURATION + "mode: ipvs\n", "sets the mode ipvs, but the subject is of nftables"),
    ],
)
def test_a_file_that_is_not_a_configuration_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "fields.yaml"
    file.write_text(text)

    with pytest.raises(UsageError, match=message):
        parse(f"nftables+{file}", "1.37")


@pytest.mark.parametrize("text", ["a: 2024-01-01\n", "a: {at: 2024-01-01T00:00:00Z}\n", "a: .nan\n", "1: a\nb: c\n"])
def test_a_file_of_what_json_does_not_have_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fields.yaml"
    file.write_text(CONFIGURATION + text)

    with pytest.raises(UsageError, match="holds what JSON does not have"):
        parse(f"nftables+{file}", "1.37")


def test_a_program_that_says_no_text_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\nprintf '\\377\\376'\n")
    program.chmod(0o755)

    with pytest.raises(UsageError, match="does not say a version of Kubernetes"):
        parse(f"nftables@{program}", "1.37")


def test_a_v_before_a_version_makes_no_other_subject() -> None:
    assert parse("nftables@v1.37", "1.37").name == "nftables@1.37"
    assert parse("nftables@v1.37", "1.37").may_be("1.37.2")


def test_several_subjects_of_one_mode_stand_side_by_side() -> None:
    assert [each.name for each in parse_all("iptables@1.36, iptables@1.37,a=iptables", "1.37")] == [
        "iptables@1.36",
        "iptables@1.37",
        "a",
    ]


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(UsageError, match="nftables and nftables have the same name"):
        parse_all("nftables,nftables", "1.37")


def test_a_slug_is_a_part_of_a_cluster_name() -> None:
    assert parse("nftables@1.37+SomeGate", "1.37").slug == "nftables-1-37-somegate"


def test_what_versions_offer() -> None:
    assert [str(each.mode) for each in offers("1.28")] == ["iptables", "ipvs"]
    assert offer(ProxyMode.NFTABLES, "1.30.14").gate == "NFTablesProxyMode"
    assert [offer(ProxyMode.NFTABLES, version).stage for version in ("1.29", "1.31", "1.33")] == [
        Stage.ALPHA,
        Stage.BETA,
        Stage.STABLE,
    ]
    assert [offer(ProxyMode.IPVS, version).stage for version in ("1.34", "1.35.4")] == [Stage.STABLE, Stage.DEPRECATED]
    assert (last_with(ProxyMode.USERSPACE, "1.37"), last_with(ProxyMode.USERSPACE, "1.24")) == ("1.25", "1.24")


@pytest.mark.parametrize(
    "written",
    ["a.b=nftables,A-B=iptables", "next=nftables,my-next=nftables@1.37", "my-next=iptables,next=iptables@1.37"],
)
def test_names_that_could_be_taken_for_one_another_are_refused(written: str) -> None:
    """Clusters are called after the one, and the ids of cases end in a hyphen and the other."""
    with pytest.raises(UsageError, match="names that could be taken for one another"):
        parse_all(written, "1.37")


def test_a_command_line_names_a_subject_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fields.yaml").write_text(CONFIGURATION)
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\necho 'Kubernetes v1.36.9'\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    read = parse("next=nftables@./kube-proxy+Gate=false+fields.yaml", "1.37")
    monkeypatch.chdir("/")

    assert read.written == f"next=nftables@{tmp_path}/kube-proxy+Gate=false+{tmp_path}/fields.yaml"
    assert parse(read.written, "1.37") == read
    assert chosen_by(read.written) == f"--kp-subjects={read.written}"


def test_a_folder_may_have_the_characters_that_stand_before_a_path(tmp_path: Path) -> None:
    """Jenkins calls its workspaces job@2."""
    folder = tmp_path / "job@2=x"
    folder.mkdir()
    (folder / "fields.yaml").write_text(CONFIGURATION)
    program = folder / "kube-proxy"
    program.write_text("#!/bin/sh\necho 'Kubernetes v1.36.9'\n")
    program.chmod(0o755)

    for written in (f"nftables@{program}+{folder}/fields.yaml", f"next=nftables@{program}", f"{folder}/fields.yaml"):
        assert parse(written, "1.37").written == written
    assert not parse(f"{folder}/fields.yaml", "1.37").says_version
    assert not parse(f"nftables+{folder}/fields.yaml", "1.37").says_version


@pytest.mark.parametrize("folder", ["c++", "a,b"])
def test_a_folder_that_a_list_of_subjects_cannot_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "fields.yaml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path / folder)

    for written in ("nftables@./kube-proxy", "nftables+fields.yaml", "fields.yaml"):
        with pytest.raises(UsageError, match="has a \\+ or a comma in it"):
            parse(written, "1.37")


@pytest.mark.parametrize("proxy_mode", ProxyMode)
def test_a_mode_alone_is_chosen_in_the_short_form(proxy_mode: ProxyMode) -> None:
    assert parse(str(proxy_mode), "1.37") == plain(proxy_mode, "1.37")
    assert chosen_by(plain(proxy_mode).written) == f"--kp-modes={proxy_mode}"
    assert not plain(proxy_mode).says_version


def test_a_mode_that_a_version_does_not_have_yet_is_refused() -> None:
    with pytest.raises(UsageError, match="it came with"):
        plain(ProxyMode.NFTABLES, "1.28")


@pytest.mark.parametrize(
    ("proxy_mode", "run", "proxy"),
    [
        (ProxyMode.IPTABLES, "1.37", "1.37"),
        (ProxyMode.IPVS, "1.37", "1.37"),
        (ProxyMode.USERSPACE, "1.37", "1.25"),
        (ProxyMode.USERSPACE, "1.24", "1.24"),
    ],
)
def test_a_mode_that_is_gone_has_its_last_version(proxy_mode: ProxyMode, run: str, proxy: str) -> None:
    assert last_with(proxy_mode, run) == plain(proxy_mode, run).version == proxy


def test_a_record_of_a_subject_reads_back(tmp_path: Path) -> None:
    program = tmp_path / "kube-proxy"
    program.write_text("#!/bin/sh\necho 'Kubernetes v1.36.9'\n")
    program.chmod(0o755)
    for each in (plain(ProxyMode.IPVS), parse(f"next=nftables@{program}+Gate+Other=false", "1.37")):
        assert Subject.of_json(each.as_json()) == each


LOCALHOST = "KubeProxyNFTablesLocalhostNodePorts"


def test_a_gate_brings_the_addresses_without_which_it_does_nothing() -> None:
    """NodePorts on localhost are served only if nodePortAddresses lists it (useLocalhostNodePortProxy, proxier.go)."""
    gated = parse(f"gated=nftables@1.37+{LOCALHOST}", "1.37")
    assert gated.configuration == {
        "featureGates": {LOCALHOST: True},
        "nodePortAddresses": ["primary", "localhost"],
    }
    assert gated.gates_on == {LOCALHOST}
    assert unsupported("localhost-node-port", gated.mode, gated.version, (), gated.gates_on) is None


def test_a_gate_that_a_subjects_own_addresses_leave_idle_is_not_on(tmp_path: Path) -> None:
    file = tmp_path / "fields.yaml"
    file.write_text(CONFIGURATION + "nodePortAddresses: [primary]\n")
    idle = parse(f"gated=nftables@1.37+{LOCALHOST}+{file}", "1.37")
    assert idle.configuration["nodePortAddresses"] == ["primary"]
    assert idle.gates_on == frozenset()
    assert unsupported("localhost-node-port", idle.mode, idle.version, (), idle.gates_on) is not None
    assert parse(f"nftables@1.37+{LOCALHOST}=false", "1.37").configuration == {"featureGates": {LOCALHOST: False}}
