from __future__ import annotations

from gauntlet.ground.cluster import Json
from gauntlet.workload.proxy_configuration import former


def test_what_was_set_is_what_comes_back() -> None:
    fields: dict[str, Json] = {"clusterCIDR": "10.244.0.0/16", "iptables": {"masqueradeAll": True, "syncPeriod": "1s"}}
    assert former({"clusterCIDR": "", "iptables": {"masqueradeAll": False}}, fields) == {
        "clusterCIDR": "10.244.0.0/16",
        "iptables": {"masqueradeAll": True},
    }


def test_what_was_not_set_becomes_what_means_nothing() -> None:
    changes: dict[str, Json] = {
        "nodePortAddresses": ["10.0.0.1/32"],
        "detectLocalMode": "NodeCIDR",
        "detectLocal": {"bridgeInterface": "br0"},
        "ipvs": {"strictARP": True},
    }
    assert former(changes, {}) == {
        "nodePortAddresses": [],
        "detectLocalMode": "",
        "detectLocal": {"bridgeInterface": ""},
        "ipvs": {"strictARP": False},
    }
