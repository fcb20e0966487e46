"""What saboteurs read in the listings of conntrack and ipvsadm."""

from __future__ import annotations

from tests.saboteurs.transforms.conntrack import under_way
from tests.saboteurs.transforms.ipvs import missing, weights, with_former

_FLOWS = """\
udp      17 118 src=10.244.1.2 dst=10.98.0.7 sport=4001 dport=80 src=10.244.2.2 dst=10.244.1.2 sport=8081 \
dport=4001 [ASSURED] mark=0 use=1
udp      17 28 src=10.244.1.2 dst=10.97.0.7 sport=4002 dport=80 src=10.244.2.2 dst=10.244.1.2 sport=8081 \
dport=4002 mark=0 use=1
udp      17 28 src=10.77.0.9 dst=10.77.0.11 sport=4003 dport=30001 [UNREPLIED] src=10.244.2.2 dst=10.77.0.11 \
sport=8081 dport=4003 mark=0 use=1
udp      17 117 src=10.244.1.2 dst=10.244.2.2 sport=4004 dport=8081 src=10.244.2.2 dst=10.244.1.2 sport=8081 \
dport=4004 [ASSURED] mark=0 use=1
udp      17 117 src=10.77.0.9 dst=10.77.0.11 sport=4005 dport=30001 src=10.244.2.2 dst=10.77.0.11 sport=8081 \
dport=4005 [ASSURED] mark=0 use=1
"""
_SERVERS = """\
-A -t 10.96.0.1:443 -s rr
-a -t 10.96.0.1:443 -r 10.77.0.2:6443 -m -w 1
-A -u 10.96.0.7:80 -s rr
-a -u 10.96.0.7:80 -r 10.244.1.2:8081 -m -w 1
-A -t [fd10:96::7]:80 -s rr
-a -t [fd10:96::7]:80 -r [fd10:244:0:1::2]:8080 -m -w 0
"""


def test_flows_that_are_under_way_are_translated_and_older_than_one_exchange() -> None:
    assert under_way(_FLOWS) == ["10.77.0.11", "10.98.0.7"]


def test_real_servers_of_tcp_have_weights() -> None:
    assert weights(_SERVERS) == {
        "10.96.0.1:443": {"10.77.0.2:6443": "1"},
        "[fd10:96::7]:80": {"[fd10:244:0:1::2]:8080": "0"},
    }


def test_real_servers_are_missed_while_their_virtual_server_has_others() -> None:
    ever = with_former({"a": ["one"], "gone": ["one"]}, {"a": {"two": "1"}, "b": {"three": "0"}})
    assert ever == {"a": ["one", "two"], "b": ["three"]}
    assert list(missing(ever, {"a": {"two": "1"}, "b": {"three": "0"}})) == [("a", "one"), ("b", "three")]
    assert list(missing(ever, {"a": {"one": "1", "two": "1"}, "b": {"three": "1"}})) == []
