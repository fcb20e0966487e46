"""What cases ask at, or name, is an address that nobody has: kind clusters swallow those, so no other may be used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from gauntlet.ground import nobody
from gauntlet.ground.family import BOTH, EVERYTHING, families_of
from gauntlet.ground.paths import project_root
from gauntlet.providers.sandbox.address_plan import plans

# Whose constants a cluster comes to see.
FOLDERS = ("suites", "fixtures", "gauntlet/workload", "gauntlet/traffic", "gauntlet/upgrade", "gauntlet/faults")
SOURCES = sorted(path for folder in FOLDERS for path in (project_root() / folder).rglob("*.py"))
# Addresses of the host itself, and ranges that are everybody's.
OF_NO_NETWORK = ("127.0.0.0/8", "0.0.0.0/32", "::/127")

_Network = IPv4Network | IPv6Network


def literals(source: str) -> Iterator[_Network]:
    """The addresses and ranges in the string constants of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for word in re.findall(r"(?<![\w.:])[0-9a-fA-F.:]+(?:/\d+)?(?![\w:])", node.value):
                try:
                    yield ip_network(word.rstrip("."), strict=False)
                except ValueError:
                    continue


def is_in(network: _Network, ranges: tuple[str, ...]) -> bool:
    return any(
        network.subnet_of(each)  # type: ignore[arg-type]
        for each in map(ip_network, ranges)
        if each.version == network.version
    )


def strangers(source: str) -> set[str]:
    """The addresses in a module that somebody may have."""
    planned = tuple(
        each for plan in plans(BOTH) for each in (plan.fabric, plan.pods, plan.services, plan.load_balancers)
    )
    harmless = (*nobody.RANGES, *planned, *OF_NO_NETWORK)
    return {
        str(each) for each in literals(source) if str(each) not in EVERYTHING.values() and not is_in(each, harmless)
    }


def test_cases_ask_at_addresses_that_nobody_has() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in SOURCES}
    assert {str(path): found for path, text in texts.items() if (found := strangers(text))} == {}


def test_an_address_of_somebody_would_be_noticed() -> None:
    source = 'service = Service("web", external_ips=("198.51.100.7", "8.8.8.8", "2606:4700::1"), at="see 9.9.9.0/24.")'
    assert strangers(source) == {"8.8.8.8/32", "2606:4700::1/128", "9.9.9.0/24"}


def test_the_scan_sees_the_external_ips_of_the_suites() -> None:
    source = (project_root() / "suites" / "conformance" / "test_external_ips.py").read_text(encoding="utf-8")
    assert {"198.51.100.10/32", "2001:db8:100::10/128"} <= {str(each) for each in literals(source)}


def test_sources_of_nobody_are_of_each_family_and_nobodys() -> None:
    assert families_of(nobody.SOURCES) == BOTH
    assert all(is_in(ip_network(each), nobody.RANGES) for each in nobody.SOURCES)
