"""The readers on rules of IPv6: what was captured of IPv4, with each address turned into one of IPv6."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from gauntlet.ground.cluster import Completed, ProxyMode
from gauntlet.ground.family import Family
from gauntlet.proxy.rules import explain, read
from tests.unit.rules.node import IPVS_PARTS, LISTED, SAVED, ipvs_text
from tests.unit.stand_in_host import StandInHost

_V4 = r"\b(?:\d{1,3}\.){3}\d{1,3}\b"
THREE, NONE = "10.103.40.62", "10.96.19.239"


def six(address: str) -> str:
    """`fd10::a67:283e` for 10.103.40.62."""
    parts = [f"{int(part):02x}" for part in address.split(".")]
    return f"fd10::{int(''.join(parts[:2]), 16):x}:{int(''.join(parts[2:]), 16):x}"


def turned(text: str) -> str:
    """With /128 for /32, and in brackets before a port of iptables. Of IPv6, nothing is served on loopback."""
    if text.startswith("#"):
        text = "\n".join(line for line in text.splitlines() if "127.0.0.0/8" not in line)
    text = re.sub(rf"--to-destination ({_V4}):", lambda found: f"--to-destination [{six(found[1])}]:", text)
    text = re.sub(rf"({_V4})/32", lambda found: f"{six(found[1])}/128", text)
    text = re.sub(rf"({_V4})/(\d+)", lambda found: f"{six(found[1])}/{96 + int(found[2])}", text)
    return re.sub(_V4, lambda found: six(found[0]), text)


class DualStack(StandInHost):
    """A node with the captured rules in its tables of IPv4, and the same of IPv6 in those of IPv6."""

    def __init__(self, mode: ProxyMode) -> None:
        self.mode = mode

    def run(
        self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
    ) -> Completed:
        is_six = any("ip6" in word for word in argv)
        text = {ProxyMode.IPTABLES: SAVED, ProxyMode.NFTABLES: LISTED}[self.mode]
        return Completed(tuple(argv), 0, turned(text) if is_six else text, "")


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES])
def test_each_family_is_read_from_its_own_rules(mode: ProxyMode) -> None:
    node = DualStack(mode)
    four, other = (read(node, mode, family) for family in (Family.IPV4, Family.IPV6))
    assert (four.family, other.family) == (Family.IPV4, Family.IPV6)
    assert four.hooked
    assert other.hooked
    (route,) = other.find(six(THREE), 80)
    (of_four,) = four.find(THREE, 80)
    assert [share.address for share in route.inside] == [six(share.address) for share in of_four.inside]
    assert [(each.port, each.probability) for each in route.inside] == [
        (each.port, each.probability) for each in of_four.inside
    ]
    assert len(other.routes) == len(four.routes) > 7
    assert four.find(six(THREE), 80) == other.find(THREE, 80) == ()


@pytest.mark.parametrize(
    ("mode", "command"),
    [(ProxyMode.IPTABLES, "see: ip6tables -t nat -S "), (ProxyMode.NFTABLES, "see: nft list chain ip6 kube-proxy ")],
)
def test_an_address_of_ipv6_is_explained_by_the_rules_of_ipv6(mode: ProxyMode, command: str) -> None:
    text = "\n".join(explain(DualStack(mode), six(THREE), 80, mode))
    assert f"[{six(THREE)}]:80" in text
    assert f"[{six('10.244.1.2')}]:8080 33.3%" in text
    assert command in text
    assert "no rule" not in text
    assert "reject" in "\n".join(explain(DualStack(mode), six(NONE), 80, mode))


def test_virtual_servers_are_told_apart_by_their_family() -> None:
    added = "TCP  [fd10:0096:0000:0000:0000:0000:0000:0005]:0050 rr \n"
    added += "  -> [fd10:0244:0000:0001:0000:0000:0000:0002]:1F90      Masq    1      0          0\n"
    bound = "9: kube-ipvs0    inet6 fd10:96::5/128 scope global \\       valid_lft forever preferred_lft forever\n"
    text = ipvs_text(ip_vs=IPVS_PARTS["ip_vs"] + added, addresses=bound + IPVS_PARTS["addresses"])

    class Guest(StandInHost):
        def run(
            self, argv: Sequence[str], *, stdin: str | None = None, timeout_s: float = 30.0, check: bool = True
        ) -> Completed:
            return Completed(tuple(argv), 0, text, "")

    six_alone = read(Guest(), ProxyMode.IPVS, Family.IPV6)
    assert [(route.address, route.port) for route in six_alone.routes] == [("fd10:96::5", 80)]
    assert [share.address for share in six_alone.routes[0].inside] == ["fd10:244:0:1::2"]
    assert "fd10:96::5" not in {route.address for route in read(Guest(), ProxyMode.IPVS).routes}


def test_a_mode_of_one_family_has_no_route_of_the_other() -> None:
    class Silent(StandInHost):
        def run(self, argv: Sequence[str], **_: object) -> Completed:
            raise AssertionError("nothing is to be asked")

    assert read(Silent(), ProxyMode.USERSPACE, Family.IPV6).routes == ()
