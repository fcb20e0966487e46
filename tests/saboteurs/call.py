"""A call of kube-proxy for one of its tools, and what most saboteurs do with it."""

from __future__ import annotations

import json
import os
import re
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    # What a saboteur does in place of a call; the exit code that kube-proxy sees.
    Act = Callable[["Call"], int]
    # What is written -> what is written instead.
    Rewrite = Callable[[str], str]

NFT = "nft"
# Each node has a /run of its own.
MEMORY = "/run/saboteur-{}.json"


class Call:
    """`tool` is `nft`, `iptables-restore` or `ip6tables-restore`; `text` is its standard input."""

    def __init__(self, tool: str, arguments: list[str], text: str) -> None:
        self.tool = tool
        self.arguments = arguments
        self.text = text

    @property
    def is_nft(self) -> bool:
        return self.tool == NFT

    @property
    def node(self) -> str:
        """The name of the node: `node-1`."""
        return os.uname().nodename

    @property
    def family(self) -> str:
        """`ip` or `ip6`, which kube-proxy writes one beside the other."""
        is_ipv6 = " ip6 kube-proxy " in self.text if self.is_nft else self.tool.startswith("ip6")
        return "ip6" if is_ipv6 else "ip"

    def remembered(self) -> dict[str, list[str]]:
        """What was left by `remember` at an earlier call of this node and family; empty at first."""
        try:
            with open(MEMORY.format(self.family), encoding="utf-8") as file:  # noqa: PTH123
                memory: dict[str, list[str]] = json.load(file)
                return memory
        except FileNotFoundError:
            return {}

    def remember(self, memory: dict[str, list[str]]) -> None:
        with open(MEMORY.format(self.family), "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(memory, file)

    def run(self, text: str) -> int:
        """Have the real tool do its work on `text`; its exit code."""
        return subprocess.run([self.tool, *self.arguments], input=text, text=True, check=False).returncode


def rewriting(*, nft: Rewrite | None = None, iptables: Rewrite | None = None) -> Act:
    """The saboteur that changes what is written, by a function for each kind of tool; None changes nothing."""

    def act(call: Call) -> int:
        rewrite = nft if call.is_nft else iptables
        return call.run(call.text if rewrite is None else rewrite(call.text))

    return act


def without_lines(pattern: str) -> Rewrite:
    """Drops each line in which the regular expression is found."""

    def rewrite(text: str) -> str:
        return "".join(line for line in text.splitlines(keepends=True) if not re.search(pattern, line))

    return rewrite
