"""Source IP: which client address a backend sees."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from gauntlet.checkers.sample import counts, describe, failed, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl


def source_ip(attempts: pl.DataFrame, allowed: Collection[str]) -> Finding:
    """Every backend saw an address out of `allowed`. The figure counts the replies that saw another.

    An IPv4 address mapped into IPv6 (::ffff:10.0.0.1) is the IPv4 address. An ok reply that does not say what it saw
    is inconclusive.
    """
    check = "source-ip"
    good = attempts.filter(~failed())
    if good.is_empty():
        return no_data(check, f"none of {attempts.height} attempts was ok")
    mute = good["seen_source_ip"].null_count()
    expected = {_plain(address) for address in allowed}
    heard = good.drop_nulls("seen_source_ip")
    wrong = [seen for seen in heard["seen_source_ip"].unique().to_list() if _plain(seen) not in expected]
    bad = heard.filter(pl.col("seen_source_ip").is_in(wrong))
    wanted = ", ".join(sorted(expected)) or "none"
    if not bad.is_empty():
        reason = f"{bad.height} of {heard.height} replies saw {counts(bad['seen_source_ip'])}; allowed: {wanted}"
        return Finding(check, Verdict.FAIL, reason, float(bad.height), "replies", 0.0, details=describe(bad))
    if mute:
        return no_data(check, f"{mute} of {good.height} ok replies do not say which address they saw")
    return Finding(check, Verdict.PASS, f"all of {heard.height} replies saw {wanted}", 0.0, "replies", 0.0)


def _plain(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
