"""The table of what is unsupported."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.ground.version import minor_of
from gauntlet.promises import support
from gauntlet.promises.support import WITHOUT, Place, unsupported
from gauntlet.proxy.features import Feature, Has
from gauntlet.proxy.modes import traits


def test_what_a_mode_has_is_no_other_modes() -> None:
    assert unsupported("strict-arp", ProxyMode.IPVS, "1.37") is None
    reason = unsupported("strict-arp", ProxyMode.NFTABLES, "1.37.2")
    assert reason is not None
    assert reason.startswith("nftables mode does not have strict-arp: ")


@pytest.mark.parametrize("feature", ["endpoint-slices", "source-ip", "local-traffic-policy", "refusal"])
def test_what_only_userspace_mode_cannot_do_names_its_source(feature: str) -> None:
    reason = unsupported(feature, ProxyMode.USERSPACE, "1.25.9")
    assert reason is not None
    assert ".go" in reason
    others = (ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS)
    assert not any(unsupported(feature, mode, "1.37") for mode in others)


@pytest.mark.parametrize(("proxy_mode", "version"), [(ProxyMode.USERSPACE, "1.25.9"), (ProxyMode.IPVS, "1.37")])
def test_affinity_time_out_that_is_not_kept_names_its_source(proxy_mode: ProxyMode, version: str) -> None:
    reason = unsupported("affinity-timeout", proxy_mode, version)
    assert reason is not None
    assert "(" in reason
    assert unsupported("affinity-timeout", ProxyMode.NFTABLES, "1.37") is None


@pytest.mark.parametrize(
    ("version", "words"), [("1.36.3", "before 1.37"), ("1.37.2", "KubeProxyNFTablesLocalhostNodePorts")]
)
def test_node_ports_on_localhost_are_behind_a_gate_in_nftables_mode(version: str, words: str) -> None:
    assert words in (unsupported("localhost-node-port", ProxyMode.NFTABLES, version) or "")
    assert unsupported("localhost-node-port", ProxyMode.IPTABLES, version) is None


def test_every_mode_leaves_open_connections_to_a_removed_backend_alone() -> None:
    reason = unsupported("graceful-termination", ProxyMode.NFTABLES, "1.37.2") or ""
    assert "at weight 0" in reason
    assert "checked in every mode" in reason


def test_how_soon_a_guest_obeys_thousands_of_services_is_not_judged() -> None:
    assert "guest" in (unsupported("thousands-of-services", ProxyMode.IPVS, "1.37", [Place.GUESTS]) or "")
    assert unsupported("thousands-of-services", ProxyMode.IPVS, "1.37", [Place.SHARED_KERNEL]) is None


def test_guests_run_few_declared_cases() -> None:
    assert "guest" in (unsupported("many-changes", ProxyMode.IPVS, "1.37", [Place.GUESTS]) or "")
    assert unsupported("many-changes", ProxyMode.NFTABLES, "1.37", [Place.SHARED_KERNEL]) is None


def test_a_gate_that_is_on_counts_from_the_version_that_knows_it() -> None:
    gates = {"KubeProxyNFTablesLocalhostNodePorts"}
    assert unsupported("localhost-node-port", ProxyMode.NFTABLES, "1.37.2", gates=gates) is None
    assert "before 1.37" in (unsupported("localhost-node-port", ProxyMode.NFTABLES, "1.36.3", gates=gates) or "")
    assert unsupported("localhost-node-port", ProxyMode.IPVS, "1.37.2", gates=gates)


def test_a_feature_comes_with_its_version(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = Has(Feature.REFUSAL, "KEP-1: alpha", since=(1, 29), gate="Refusal")
    changed = replace(traits(ProxyMode.IPVS), has=(alpha, Has(Feature.REFUSAL, "KEP-1", since=(1, 31))))
    monkeypatch.setattr(support, "traits", lambda _: changed)
    said = {version: unsupported("refusal", ProxyMode.IPVS, version) for version in ("1.28.9", "1.29", "v1.31.4")}
    assert said == {
        "1.28.9": f"ipvs mode does not have refusal before 1.29: {WITHOUT[Feature.REFUSAL]}",
        "1.29": "ipvs mode does not have refusal without the feature gate Refusal (KEP-1: alpha), which is not set: "
        + WITHOUT[Feature.REFUSAL],
        "v1.31.4": None,
    }
    assert unsupported("refusal", ProxyMode.IPVS, "1.29", gates=["Refusal"]) is None


def test_a_new_mode_needs_no_row_for_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "traits", lambda mode: replace(traits(mode), has=(), instead={}))
    for feature in Feature:
        reason = unsupported(feature, ProxyMode.NFTABLES, "1.37") or ""
        assert reason.startswith(f"nftables mode does not have {feature}: ")


def test_each_feature_is_some_modes_and_each_word_about_a_lack_is_of_one() -> None:
    assert set(WITHOUT) == set(Feature) == {row.feature for mode in ProxyMode for row in traits(mode).has}
    for mode in ProxyMode:
        has = {row.feature for row in traits(mode).has}
        assert not has & set(traits(mode).instead)
        assert all(row.source for row in traits(mode).has)


def test_each_feature_that_a_suite_needs_is_known() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (project_root() / "suites").rglob("*.py"))
    needed = set(re.findall(r'needs\("([^"]+)"', text))
    assert len(needed) > 10
    assert needed <= support.FEATURES


def test_misspelt_feature_is_no_silent_pass() -> None:
    with pytest.raises(UsageError, match="nat-tabel"):
        unsupported("nat-tabel", ProxyMode.IPTABLES, "1.37")


def test_version_that_is_none() -> None:
    with pytest.raises(UsageError, match="newest"):
        minor_of("newest")


def test_the_limit_of_one_place_is_none_elsewhere() -> None:
    reason = unsupported("large-transactions", ProxyMode.NFTABLES, "1.37", {Place.USERS_SANDBOX})
    assert reason is not None
    assert "run as root" in reason
    assert unsupported("large-transactions", ProxyMode.NFTABLES, "1.37") is None
    assert unsupported("large-transactions", ProxyMode.IPTABLES, "1.37", {Place.USERS_SANDBOX}) is None


@pytest.mark.parametrize(
    ("feature", "place"),
    [
        ("zones", Place.WITHOUT_ZONES),
        ("dual-stack", Place.ONE_FAMILY),
        ("sctp", Place.EXISTING),
        ("sctp", Place.SPEAKS_SCTP),
    ],
)
def test_what_a_cluster_does_not_have_is_not_asked_there(feature: str, place: Place) -> None:
    assert feature in (unsupported(feature, ProxyMode.IPTABLES, "1.37", [place]) or "")
    assert unsupported(feature, ProxyMode.IPTABLES, "1.37", [Place.SHARED_KERNEL]) is None
