"""Rules of other programs are lost, in another order, or there more often than they were written."""

from __future__ import annotations

import re

from tests.saboteurs import tools
from tests.saboteurs.call import rewriting
from tests.saboteurs.rewrites import replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call

# Tables of kube-proxy itself, and those that iptables-nft keeps.
_NOT_OF_OTHERS = re.compile(r"(ip|ip6) (kube-proxy|filter|nat|mangle|raw|security)$")


def flushed(saved: str) -> str:
    """From iptables-save: what iptables-restore --noflush is given to empty the chains of others."""
    return _by_table(saved, lambda chain, rules: f":{chain} - [0:0]\n")


def doubled(saved: str) -> str:
    """From iptables-save: what adds each rule in the chains of others once more, however often it is there."""
    return _by_table(saved, lambda chain, rules: "".join(f"{rule}\n" for rule in dict.fromkeys(rules)))


def reordered(saved: str) -> str:
    """From iptables-save: what writes each chain of others anew, the last in the alphabet first."""
    return _by_table(saved, lambda chain, rules: "\n".join([f":{chain} - [0:0]", *_backwards(rules), ""]))


def _backwards(rules: list[str]) -> list[str]:
    return sorted(rules, reverse=True)


def _by_table(saved: str, written: Callable[[str, list[str]], str]) -> str:
    text = ""
    for table, content in re.findall(r"^\*(\w+)\n(.*?)^COMMIT$", saved, re.MULTILINE | re.DOTALL):
        chains = re.findall(r"^:((?!KUBE-)\S+) - ", content, re.MULTILINE)
        lines = [written(each, re.findall(rf"^-A {each} .*", content, re.MULTILINE)) for each in chains]
        text += f"*{table}\n{''.join(lines)}COMMIT\n"
    return text


def nft_doubled(table: str, listed: str) -> str:
    """From `nft -s list table`: a transaction that adds each rule once more, however often it is there."""
    rules = _nft_rules(listed)
    return "".join(f"add rule {table} {chain} {rule}\n" for chain in rules for rule in dict.fromkeys(rules[chain]))


def nft_reordered(table: str, listed: str) -> str:
    """From `nft -s list table`: a transaction that writes each chain anew, the last in the alphabet first."""
    text = ""
    for chain, rules in _nft_rules(listed).items():
        text += f"flush chain {table} {chain}\n"
        text += "".join(f"add rule {table} {chain} {each}\n" for each in _backwards(rules))
    return text


def _nft_rules(listed: str) -> dict[str, list[str]]:
    """By chain."""
    rules: dict[str, list[str]] = {}
    chain = ""
    for line in listed.splitlines():
        if found := re.match(r"\tchain (\S+) \{", line):
            chain = found[1]
        elif line == "\t}":
            chain = ""
        elif chain and not line.startswith("\t\ttype "):
            rules.setdefault(chain, []).append(line.strip())
    return rules


def _after(iptables: Callable[[str], str], nft: Callable[[str], str]) -> Act:
    """After each sync rules of others are changed, by the kind of tool that was called."""

    def act(call: Call) -> int:
        code = call.run(call.text)
        if call.is_nft:
            tools.nft("".join(map(nft, _tables_of_others())))
        else:
            saved = tools.output(call.tool.replace("-restore", "-save"))
            tools.feed(iptables(saved), call.tool, "--noflush", "-w", "5")
        return code

    return act


def _tables_of_others() -> list[str]:
    found = [line.removeprefix("table ") for line in tools.output("nft", "list", "tables").splitlines()]
    return [each for each in found if not _NOT_OF_OTHERS.match(each)]


def _listed(table: str) -> str:
    return tools.output("nft", "-s", "list", "table", *table.split())


SABOTEURS = {
    "rules-dropped": _after(flushed, lambda table: f"flush table {table}\n"),
    "rules-doubled": _after(doubled, lambda table: nft_doubled(table, _listed(table))),
    "rules-reordered": _after(reordered, lambda table: nft_reordered(table, _listed(table))),
    "marks-lost": rewriting(
        nft=replacing("mark set mark or (0x[0-9a-f]+)", r"mark set \1"),
        iptables=replacing("--or-mark (0x[0-9a-f]+)$", r"--set-mark \1"),
    ),
}
