"""Health port: what a load balancer hears at a Service's health check node port, node by node."""

from __future__ import annotations

from collections.abc import Mapping

from gauntlet.ground.finding import Finding, Verdict


def health_port(expected: Mapping[str, str], heard: Mapping[str, str], *, check: str = "health-port") -> Finding:
    """Every node says what the model says of it, in its words. The figure counts the addresses where that is not so.

    Both are by the address that was asked. The rule: pkg/proxy/healthcheck/service_health.go; KEP-1669 of endpoints
    that terminate.
    """
    if not expected:
        return Finding(check, Verdict.INCONCLUSIVE, "no node was asked")
    said = {address: heard.get(address, "not asked") for address in expected}
    wrong = {address: each for address, each in said.items() if each != expected[address]}
    told = "; ".join(f"{address}: {each}" for address, each in said.items())
    return Finding(
        check,
        Verdict.FAIL if wrong else Verdict.PASS,
        f"{len(wrong)} of {len(expected)} addresses say something else than they should ({told})",
        float(len(wrong)),
        "addresses",
        0.0,
        details=tuple(f"{address}: {each}, and should be: {expected[address]}" for address, each in wrong.items()),
    )
