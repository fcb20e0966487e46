"""How kube-proxy writes which endpoint a connection goes to, read and written with other shares. Pure.

nftables: `numgen random mod 3 map { 0 : A , 1 : B , 2 : C }`, or `vmap` with the verdicts `goto endpoint-…`.
iptables: a rule `--mode random --probability P -j KUBE-SEP-…` for each endpoint of a chain but the last, which has
no condition; P is the share of what the rules before left over.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    # How many endpoints there are -> their weights, whole numbers, in the order in which they are written; None
    # leaves them even. There has to be a weight above 0.
    Weights = Callable[[int], list[int] | None]

_NUMGEN = re.compile(r"numgen random mod \d+ (v?map) \{ 0 : (.*) \}")
_CHAIN = re.compile(r"-A (KUBE-SV[CL]-\S+) .* -j KUBE-SEP-\S+$")
_PROBABILITY = re.compile(r" -m statistic --mode random --probability \S+")
_REMEMBERED = " --rcheck "


def nft(text: str, weights: Weights) -> str:
    """A transaction with these shares."""
    return _NUMGEN.sub(lambda found: _numgen(found, weights), text)


def _numgen(found: re.Match[str], weights: Weights) -> str:
    targets = re.split(r" , \d+ : ", found[2])
    wanted = weights(len(targets))
    if wanted is None:
        return found[0]
    drawn = [target for target, weight in zip(targets, wanted, strict=True) for _ in range(weight)]
    return numgen(found[1], drawn)


def numgen(kind: str, drawn: list[str]) -> str:
    """One of these at random, each as likely as any other. `kind` is `map` or `vmap`."""
    elements = " , ".join(f"{number} : {target}" for number, target in enumerate(drawn))
    return f"numgen random mod {len(drawn)} {kind} {{ {elements} }}"


def iptables(text: str, weights: Weights, chains: str = "") -> str:
    """The input of iptables-restore with these shares, in chains with names like this, a regular expression."""
    lines = text.splitlines(keepends=True)
    for rules in choices(lines, _CHAIN):
        numbers = [number for number, found in rules if re.match(chains, found[1])]
        wanted = weights(len(numbers))
        if wanted is not None:
            _share(lines, numbers, wanted)
    return "".join(lines)


def choices(lines: list[str], rule: re.Pattern[str]) -> Iterable[list[tuple[int, re.Match[str]]]]:
    """Of each chain its rules for clients that are not remembered, of this form, whose first group is the chain.

    Each with the number of its line.
    """
    chains: dict[str, list[tuple[int, re.Match[str]]]] = {}
    for number, line in enumerate(lines):
        if (found := rule.match(line)) and _REMEMBERED not in line:
            chains.setdefault(found[1], []).append((number, found))
    return chains.values()


def chance(share: float) -> str:
    """The condition of a rule that is met by this share of what comes to it."""
    return f" -m statistic --mode random --probability {share:.10f}"


def _share(lines: list[str], numbers: list[int], weights: list[int]) -> None:
    """Write the rules of one chain anew; one of weight 0 is dropped."""
    left = sum(weights)
    for number, weight in zip(numbers, weights, strict=True):
        plain = _PROBABILITY.sub("", lines[number])
        if weight == 0:
            lines[number] = ""
        elif weight < left:
            before, jump, after = plain.rpartition(" -j ")
            lines[number] = f"{before}{chance(weight / left)}{jump}{after}"
        else:
            lines[number] = plain
        left -= weight
