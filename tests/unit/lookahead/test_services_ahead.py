"""Services that the next kube-proxy serves otherwise."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.report import Level
from tests.unit.lookahead.sights import facts, outlook, proxy, service, silent, told

NEW = proxy("mode: nftables", mode="nftables", version="1.35.4")


def test_external_ips_are_deprecated_since_1_36() -> None:
    on = facts(service(externalIPs=["192.0.2.7"]))
    warning = told(outlook("1.37", on=on), Level.WARNING, "externalIPs", "1 Services have externalIPs (shop/shop)")
    assert "KEP-5707" in warning.source
    told(outlook("1.35", on=on), Level.OK, "externalIPs", "which 1.35 serves")
    silent(outlook("1.37"), "externalIPs")


def test_external_ips_whose_gate_is_off_stand_in_the_way() -> None:
    on = facts(service(externalIPs=["192.0.2.7"]))
    off = proxy("mode: iptables", "featureGates: {AllowServiceExternalIPs: false}")
    told(outlook("1.37", off, on=on), Level.PROBLEM, "externalIPs", "AllowServiceExternalIPs is off")


@pytest.mark.parametrize(
    ("to", "name", "level"),
    [
        ("1.36", "s" * 63, Level.PROBLEM),
        ("nftables@1.36", "s" * 63, Level.PROBLEM),
        ("1.36", "s" * 40, Level.OK),
        ("1.37", "s" * 63, None),
        ("iptables@1.36", "s" * 63, None),
    ],
)
def test_names_that_nftables_could_not_take(to: str, name: str, level: Level | None) -> None:
    # namespace of 4, Service of 63, port of 60: 129 bytes with the two signs between them.
    found = outlook(to, NEW, on=facts(service(name, "p" * 60), version="1.36.3"))
    if level is None:
        assert not [each for each in found.diagnoses if each.check == "long names"]
    else:
        diagnosis = told(found, level, "long names", "longer than 128 bytes")
        assert "139515" in diagnosis.source


def test_a_name_of_the_very_length_is_taken() -> None:
    found = outlook("1.36", NEW, on=facts(service("s" * 62, "p" * 60), version="1.36.3"))
    told(found, Level.OK, "long names", "no Service's namespace/name:port is longer than 128 bytes")


@pytest.mark.parametrize(
    ("to", "runs", "level"),
    [("1.30", "1.31.14", Level.PROBLEM), ("1.30", "1.29.6", Level.WARNING), ("1.36", "1.31.14", None)],
)
def test_a_traffic_distribution_behind_a_gate(to: str, runs: str, level: Level | None) -> None:
    on = facts(service(trafficDistribution="PreferClose"), version="1.31.14")
    found = outlook(to, proxy("mode: iptables", version=runs), on=on)
    if level is None:
        silent(found, "gated fields")
    else:
        told(
            found,
            level,
            "gated fields",
            "1 Services ask for PreferClose (shop/shop), and ServiceTrafficDistribution is",
        )


def test_a_gate_that_is_set_serves_what_is_behind_it() -> None:
    on = facts(service(trafficDistribution="PreferSameNode"), version="1.33.13")
    told(
        outlook("1.33", proxy("mode: iptables"), on=on), Level.PROBLEM, "gated fields", "PreferSameTrafficDistribution"
    )
    gated = proxy("mode: iptables", "featureGates: {PreferSameTrafficDistribution: true}")
    silent(outlook("1.33", gated, on=on), "gated fields")


def test_a_gate_that_is_locked_cannot_be_turned_off() -> None:
    on = facts(service(trafficDistribution="PreferSameNode"), version="1.34.4")
    off = proxy("mode: iptables", "featureGates: {PreferSameTrafficDistribution: false}")
    told(outlook("1.34", off, on=on), Level.PROBLEM, "gated fields", "PreferSameTrafficDistribution is off")
    silent(outlook("1.35", off, on=on), "gated fields")
