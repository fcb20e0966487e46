"""Which iptables a kube-proxy finds on its node: iptables-legacy, or iptables-nft.

A node is given one of them as `update-alternatives --set iptables` gives it to a machine, for the node alone: in its
mount namespace. So whoever looks at the rules of the node looks at those that its kube-proxy writes.
"""

from __future__ import annotations

from enum import StrEnum

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError

_NAMED = "tools="
# Where Debian, and what descends from it, has the links to what `iptables` is.
_ALTERNATIVES = "/etc/alternatives"
# The node's own: its /run is.
_OWN = "/run/alternatives"
_RULE = "-w -t nat -A OUTPUT -p tcp -m statistic --mode random --probability 0.5 -j DNAT --to-destination"


class Tools(StrEnum):
    """What `iptables`, `ip6tables` and their -save and -restore are."""

    LEGACY = "legacy"
    NFT = "nft"

    @property
    def says(self) -> str:
        """What `iptables --version` has in brackets."""
        return "legacy" if self is Tools.LEGACY else "nf_tables"


def names_tools(word: str) -> bool:
    """Whether this part of a written subject names iptables tools."""
    return word.startswith(_NAMED)


def tools_of(word: str, mode: ProxyMode, before: Tools | None, text: str) -> Tools:
    """The tools that a part of the subject `text` names, `before` being those that another part did.

    Raises UsageError if there are none of that name, if the other part named others, or the mode has no use for them.
    """
    asked = word.removeprefix(_NAMED)
    if asked not in list(Tools) or before not in (None, asked):
        what = f"{text!r} names no iptables tools" if asked not in list(Tools) else f"{text!r} names them twice"
        raise UsageError(what, f"write one of {', '.join(f'+{_NAMED}{each}' for each in Tools)}")
    if mode is not ProxyMode.IPTABLES:
        raise UsageError(f"{text!r} names iptables tools, but is not in iptables mode", f"leave +{word} out")
    return Tools(asked)


def chosen(tools: Tools) -> str:
    """Shell that makes these the tools of the mount namespace that it runs in. May be repeated, and changed."""
    return f"""
[ -d {_OWN} ] || {{ mkdir {_OWN}; cp -dR {_ALTERNATIVES}/. {_OWN}; mount --bind {_OWN} {_ALTERNATIVES}; }}
for name in iptables ip6tables; do
    for end in '' -save -restore; do ln -sfn "$(command -v $name-{tools}$end)" {_OWN}/$name$end; done
done
said=$(iptables --version)
case $said in *'({tools.says})'*) ;; *) echo "iptables is not iptables-{tools}, but $said" >&2; exit 1;; esac
"""


def trial(tools: Tools) -> str:
    """Shell that fails, with the reason as its last line, if a node of this machine cannot have these tools."""
    return f"""
for tool in iptables-{tools} ip6tables-{tools}; do
    command -v $tool >/dev/null || {{ echo "there is no $tool" >&2; exit 1; }}
done
{chosen(tools)}
iptables {_RULE} 127.0.0.1:1
ip6tables {_RULE} '[::1]:1'
"""
