"""The modes: each is one file, and only the room of kube-proxy knows which is which."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import project_root
from gauntlet.ground.version import Minor
from gauntlet.proxy import modes, residue
from gauntlet.proxy.eras import last_with
from gauntlet.proxy.features import Feature
from gauntlet.proxy.modes import traits
from gauntlet.proxy.traits import Era

ROOT = project_root()
# The room of kube-proxy; the value whose text names a mode; the definition of the names themselves.
KNOWING = ("gauntlet/proxy/", "gauntlet/subject.py", "gauntlet/ground/cluster.py")
NAMES = frozenset(str(mode) for mode in ProxyMode)


def test_each_mode_has_a_file_of_its_name() -> None:
    files = {path.stem for path in Path(str(modes.__file__)).parent.glob("*.py")} - {"__init__"}
    assert files == NAMES
    for mode in ProxyMode:
        assert traits(mode).mode is mode
        assert (ROOT / "kind-configs" / f"{mode}.yaml").is_file()


def test_a_mode_without_a_file_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modes, "_known", dict)
    with pytest.raises(LookupError, match="no file of gauntlet/proxy/modes/ is about ipvs mode"):
        traits(ProxyMode.IPVS)


def test_only_the_room_of_kube_proxy_tells_modes_apart() -> None:
    files = (*ROOT.glob("gauntlet/**/*.py"), *ROOT.glob("fixtures/**/*.py"), *ROOT.glob("suites/**/*.py"))
    found = {
        name: places
        for path in (*files, ROOT / "conftest.py")
        if not (name := str(path.relative_to(ROOT))).startswith(KNOWING)
        and (places := [*telling(path.read_text(encoding="utf-8"))])
    }
    assert not found, "ask for a trait of the mode instead (gauntlet/proxy/modes/)"


@pytest.mark.parametrize(
    "line",
    [
        "if mode is ProxyMode.IPVS: pass",
        "x = mode in {ProxyMode.IPVS, ProxyMode.IPTABLES}",
        "x = {ProxyMode.USERSPACE: 1}",
        "x = mode == 'ipvs'",
        "x = mode in ('ipvs', 'nftables')",
        "match mode:\n case 'ipvs': pass",
        "x = Needs(own_kernel=mode is ProxyMode.IPVS)",
    ],
)
def test_whoever_tells_modes_apart_is_seen(line: str) -> None:
    assert [*telling(line)]


@pytest.mark.parametrize(
    "line",
    ["x = Needs(modes=frozenset({ProxyMode.IPVS}))", "x = tuple(ProxyMode)", "x = mode is other", "x = ['ipvs']"],
)
def test_what_a_fault_needs_is_data(line: str) -> None:
    assert not [*telling(line)]


def telling(text: str) -> Iterator[str]:
    """The places of a module's text that name one mode to act on it: its comparisons, and uses of ProxyMode's members.

    What a fault `Needs(modes=…, notably=…)` is not among them.
    """
    tree = ast.parse(text)
    needed = {
        inner
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Needs"
        for keyword in call.keywords
        if keyword.arg in ("modes", "notably")
        for inner in ast.walk(keyword.value)
    }
    for node in ast.walk(tree):
        if node in needed:
            continue
        of_mode = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "ProxyMode"
        if of_mode or (isinstance(node, (ast.Compare, ast.MatchValue)) and NAMES & _words(node)):
            yield f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)}"


def _words(node: ast.AST) -> set[str]:
    return {str(each.value) for each in ast.walk(node) if isinstance(each, ast.Constant)}


@pytest.mark.cluster
def test_residue_of_two_modes_is_told_by_the_real_tools() -> None:
    leaves = "nft add table ip kube-proxy && iptables -w -t nat -N KUBE-SERVICES"
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c",
         f"mount -t tmpfs tmpfs /run && {leaves} && {residue.probe()}"],
        capture_output=True, text=True, check=True, env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
    )  # fmt: skip
    assert residue.parse(done.stdout.splitlines()) == (ProxyMode.NFTABLES, ProxyMode.IPTABLES)


@pytest.mark.parametrize(
    ("proxy_mode", "run", "proxy"),
    [
        (ProxyMode.IPTABLES, "1.37", "1.37"),
        (ProxyMode.IPVS, "1.37", "1.37"),
        (ProxyMode.USERSPACE, "1.37", "1.25"),
        (ProxyMode.USERSPACE, "1.24", "1.24"),
    ],
)
def test_a_mode_that_is_gone_has_its_last_version(proxy_mode: ProxyMode, run: str, proxy: str) -> None:
    assert last_with(proxy_mode, run) == proxy


def said_of(mode: ProxyMode) -> list[str]:
    """The column of a mode in docs/modes.md."""
    found = traits(mode)
    last = found.versions[-1].until
    gates = [f"{era.gate}, until {written(era.until)}" for era in found.versions if era.gate]
    features = {
        feature: [
            f"{written(row.since)}, {row.gate}" if row.gate else "yes" for row in found.has if row.feature is feature
        ]
        for feature in Feature
    }
    return [
        str(mode),
        ", ".join(f"{written(era.since)} {era.stage}" for era in found.versions),
        "-" if last == Era.until else written(last),
        "; ".join(gates) or "-",
        *("; ".join(cells) or "-" for cells in features.values()),
    ]


def written(minor: Minor) -> str:
    return "{}.{}".format(*minor)


def test_the_page_on_modes_says_what_their_files_say() -> None:
    page = (ROOT / "docs" / "modes.md").read_text()
    heads = ["", "since", "until", "feature gate", *map(str, Feature)]
    for head, *cells in zip(heads, *map(said_of, ProxyMode), strict=True):
        assert " | ".join([f"| {head}".rstrip(), *cells]) + " |" in page.splitlines()
    assert {mode for mode in ProxyMode if traits(mode).default_since} == {ProxyMode.IPTABLES, ProxyMode.NFTABLES}
    major, minor = traits(ProxyMode.NFTABLES).default_since or (0, 0)
    assert f"| default on Linux | until {major}.{minor - 1} | since {major}.{minor} | - | - |" in page
    assert f"ipvs is {traits(ProxyMode.IPVS).farewell.replace(', gone', ' and gone')}." in page
