"""Clients do not keep the backend that sessionAffinity promises them."""

from __future__ import annotations

import os
import re
import time

from tests.saboteurs import balancing, tools
from tests.saboteurs.call import rewriting, without_lines
from tests.saboteurs.places import endpoints_by
from tests.saboteurs.rewrites import in_lines, one_after_the_other, replacing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

# A client may meet the backend that it had by chance.
TIMES = 6
BETWEEN_S = 0.25
_NFT_TIME_OUT = r"^(add set ip6? kube-proxy affinity-.* timeout )(\d+)"
_IPTABLES_TIME_OUT = r"( --rcheck --seconds )(\d+)"
# The same, with whose it is.
_NAMED_NFT = r"^(add set ip6? kube-proxy (affinity-\S+) .* timeout )(\d+)"
_NAMED_IPTABLES = r"( --name (KUBE-SEP-\S+) --rcheck --seconds )(\d+)"
# Where iptables keeps who was remembered; "/" empties a list (iptables-extensions(8), recent).
_LISTS = "/proc/net/xt_recent"
# What remembers the clients of an endpoint.
_REMEMBERING = re.compile(r"^add set ip6? kube-proxy (affinity-\S+) | --name (?=KUBE-SEP-)(\S+) --set ", re.MULTILINE)
_FIRST_TRANSACTION = re.compile("^delete chain ip kube-proxy nat-", re.MULTILINE)


def forgotten_at_restart(call: Call) -> int:
    """Each kube-proxy begins without the clients that were remembered before it."""
    return _emptied_sets(call) if call.is_nft else _new_lists(call)


def _emptied_sets(call: Call) -> int:
    """The sets are emptied after the first transaction of each kube-proxy, the one that makes the base chains anew."""
    code = call.run(call.text)
    if code == 0 and _FIRST_TRANSACTION.search(call.text):
        _forget_all(call)
    return code


def forgotten_at_changes(call: Call) -> int:
    """Whenever endpoints of any Service change, no client is remembered any more."""
    written = endpoints_by(call)
    code = call.run(call.text)
    is_change = any(before is not None and before != now for _, before, now in written)
    if code == 0 and is_change:
        _forget_all(call)
    return code


def forgotten_by_scaling(call: Call) -> int:
    """When a Service with affinity gets another endpoint, no client is remembered any more."""
    memory = call.remembered()
    known = memory.get("remembering", [])
    written = ["".join(each) for each in _REMEMBERING.findall(call.text)]
    call.remember({**memory, "remembering": sorted({*known, *written})})
    code = call.run(call.text)
    grows = any(each in known for each in written) and any(each not in known for each in written)
    if code == 0 and grows:
        _forget_all(call)
    return code


def _forget_all(call: Call) -> None:
    """Again and again."""
    for _ in range(TIMES):
        if call.is_nft:
            _empty_sets(call)
        else:
            _empty_lists()
        time.sleep(BETWEEN_S)


def _empty_lists() -> None:
    for name in os.listdir(_LISTS):  # noqa: PTH208
        with open(f"{_LISTS}/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
            file.write("/")


def _empty_sets(call: Call) -> None:
    names = re.findall(r"set (affinity-\S+) ", tools.output("nft", "--terse", "list", "sets", call.family))
    tools.nft("".join(f"flush set {call.family} kube-proxy {name}\n" for name in names))


def _new_lists(call: Call) -> int:
    """The lists have names of each kube-proxy's own."""
    own = str(os.getppid())
    suffixes = [own]
    if " --name KUBE-SEP-" in call.text:
        saved = tools.output(call.tool.replace("-restore", "-save"), "-t", "nat")
        if not re.search(f"--name KUBE-SEP-[A-Z0-9]*-{own} ", saved):
            suffixes = [*map(str, range(1, TIMES)), own]
    for suffix in suffixes:
        code = call.run(renamed(call.text, suffix))
        if code != 0 or suffix == own:
            return code
        time.sleep(BETWEEN_S)
    raise AssertionError(suffixes)


def renamed(text: str, suffix: str) -> str:
    """The rules, with this at the end of the name of each list of clients."""
    return re.sub(r"--name KUBE-SEP-[A-Z0-9]*", rf"\g<0>-{suffix}", text)


def _lasting(times: float) -> Act:
    """Clients are remembered for this many times the time-out, in whole seconds."""

    def seconds(found: re.Match[str]) -> str:
        return f"{found[1]}{max(1, int(int(found[2]) * times))}"

    return rewriting(nft=replacing(_NFT_TIME_OUT, seconds), iptables=replacing(_IPTABLES_TIME_OUT, seconds))


def _at_most(most_s: int) -> Act:
    """Clients are remembered for the time-out, but no longer than this."""

    def seconds(found: re.Match[str]) -> str:
        return f"{found[1]}{min(most_s, int(found[2]))}"

    return rewriting(nft=replacing(_NFT_TIME_OUT, seconds), iptables=replacing(_IPTABLES_TIME_OUT, seconds))


def timeout_kept(call: Call) -> int:
    """Clients of an endpoint are remembered for as long as when they first were, whatever is said later."""
    memory = call.remembered()

    def as_at_first(found: re.Match[str]) -> str:
        return f"{found[1]}{memory.setdefault(f'time-out of {found[2]}', [found[3]])[0]}"

    code = call.run(replacing(_NAMED_NFT if call.is_nft else _NAMED_IPTABLES, as_at_first)(call.text))
    call.remember(memory)
    return code


def _of_one_client(text: str) -> str:
    """The lists of iptables do not tell clients from each other."""
    nobody = "::" if re.search(" -s [0-9a-f]*:", text) else "0.0.0.0"
    return re.sub(r" --name KUBE-SEP-[A-Z0-9]*", rf"\g<0> --mask {nobody}", text)


def mostly_the_first(endpoints: int) -> list[int] | None:
    return [8] + [1] * (endpoints - 1) if endpoints > 1 else None


def sticky_mostly_to_the_first(text: str) -> str:
    """Of iptables: in the chains of Services with affinity."""
    sticky = sorted(set(re.findall(r"^-A (KUBE-SV[CL]-\w+) .* --rcheck ", text, re.MULTILINE)))
    return balancing.iptables(text, mostly_the_first, f"({'|'.join(sticky)})$") if sticky else text


SABOTEURS = {
    "forgotten-at-changes": forgotten_at_changes,
    "forgotten-by-scaling": forgotten_by_scaling,
    "forgotten-at-restart": forgotten_at_restart,
    "lost": rewriting(
        nft=without_lines(r"^add rule ip6? kube-proxy \S+ ip6? saddr @affinity-\S+ goto "),
        iptables=without_lines(" --rcheck "),
    ),
    "ends-early": _lasting(1 / 3),
    "never-ends": _lasting(1000),
    "half-a-minute-at-most": _at_most(30),
    "timeout-kept": timeout_kept,
    "three-hours-at-most": _at_most(10_800),
    "one-for-all": rewriting(
        nft=one_after_the_other(
            replacing(r"^(add rule ip kube-proxy .*ip saddr)( @affinity-| \}$)", r"\1 and 0.0.0.0\2"),
            replacing(r"^(add rule ip6 kube-proxy .*ip6 saddr)( @affinity-| \}$)", r"\1 and ::\2"),
        ),
        iptables=_of_one_client,
    ),
    "nodes-forgotten": rewriting(
        nft=replacing(
            r"^(add rule ip6? kube-proxy \S+) (ip6? saddr @affinity-\S+ goto )", r"\1 fib saddr type != local \2"
        ),
        iptables=replacing(r"^(-A KUBE-SV.*?)( -m recent .* --rcheck )", r"\1 -m addrtype ! --src-type LOCAL\2"),
    ),
    "first-choice-uneven": rewriting(
        nft=in_lines(" vmap { 0 : ", lambda line: balancing.nft(line, mostly_the_first)),
        iptables=sticky_mostly_to_the_first,
    ),
}
