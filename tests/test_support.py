"""The table of what is unsupported."""

from __future__ import annotations

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.promises import support
from gauntlet.promises.support import Gap, Place, unsupported
from gauntlet.proxy.eras import minor_of


def test_gap_holds_for_its_modes_only() -> None:
    assert unsupported("strict-arp", ProxyMode.IPVS, "1.37") is None
    reason = unsupported("strict-arp", ProxyMode.NFTABLES, "1.37.2")
    assert reason is not None
    assert reason.startswith("strict-arp in nftables mode: ")


@pytest.mark.parametrize("feature", ["endpoint-slices", "source-ip", "local-traffic-policy", "refusal"])
def test_what_only_userspace_mode_cannot_do_names_its_source(feature: str) -> None:
    reason = unsupported(feature, ProxyMode.USERSPACE, "1.25.9")
    assert reason is not None
    assert ".go" in reason
    assert not any(unsupported(feature, mode, "1.37") for mode in ProxyMode if mode is not ProxyMode.USERSPACE)


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


def test_gap_holds_for_its_versions_only(monkeypatch: pytest.MonkeyPatch) -> None:
    gap = Gap("odd", frozenset({ProxyMode.IPVS}), "it is so", since=(1, 29), until=(1, 31))
    monkeypatch.setattr(support, "GAPS", (gap,))
    monkeypatch.setattr(support, "FEATURES", frozenset({"odd"}))
    versions = ("1.28.9", "1.29", "v1.31.4", "1.32")
    assert [version for version in versions if unsupported("odd", ProxyMode.IPVS, version)] == ["1.29", "v1.31.4"]


def test_misspelt_feature_is_no_silent_pass() -> None:
    with pytest.raises(UsageError, match="strict-apr"):
        unsupported("strict-apr", ProxyMode.IPTABLES, "1.37")


def test_version_that_is_none() -> None:
    with pytest.raises(UsageError, match="newest"):
        minor_of("newest")


def test_a_gap_of_one_place_is_none_elsewhere() -> None:
    reason = unsupported("large-transactions", ProxyMode.NFTABLES, "1.37", {Place.USERS_SANDBOX})
    assert reason is not None
    assert "run as root" in reason
    assert unsupported("large-transactions", ProxyMode.NFTABLES, "1.37") is None
    assert unsupported("large-transactions", ProxyMode.IPTABLES, "1.37", {Place.USERS_SANDBOX}) is None
