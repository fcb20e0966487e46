"""How far apart the versions of one upgrade may be."""

from __future__ import annotations

import pytest

from gauntlet.ground.errors import UsageError
from gauntlet.subject import parse_all
from gauntlet.upgrade.skew import require_supported


@pytest.mark.parametrize("written", ["iptables@1.34,iptables@1.37", "iptables@1.37,iptables@1.34", "iptables,nftables"])
def test_three_minors_are_supported_in_either_direction(written: str) -> None:
    require_supported(parse_all(written, "1.37"))


@pytest.mark.parametrize("written", ["iptables@1.33,iptables@1.37", "iptables@1.37,iptables@1.33"])
def test_four_are_not(written: str) -> None:
    with pytest.raises(UsageError, match="4 minor versions apart"):
        require_supported(parse_all(written, "1.37"))


def test_a_version_that_a_name_does_not_say_is_told() -> None:
    with pytest.raises(UsageError, match=r"kube-proxy 1\.25 \(userspace\) and 1\.37 \(iptables\) are 12 minor"):
        require_supported(parse_all("iptables,userspace", "1.37"))
