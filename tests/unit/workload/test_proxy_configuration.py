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
        "conntrack": {"maxPerCore": 1, "tcpCloseWaitTimeout": "61s"},
    }
    assert former(changes, {}) == {
        "nodePortAddresses": [],
        "detectLocalMode": "",
        "detectLocal": {"bridgeInterface": ""},
        "ipvs": {"strictARP": False},
        "conntrack": {"maxPerCore": 0, "tcpCloseWaitTimeout": "0s"},
    }


def test_a_name_is_a_nodes_own_and_no_other_gets_it() -> None:
    assert former({"hostnameOverride": "another", "clusterCIDR": ""}, {"hostnameOverride": "node-1"}) == {
        "clusterCIDR": ""
    }
