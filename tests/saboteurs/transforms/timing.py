"""What kube-proxy writes comes late, or not at all."""

from __future__ import annotations

import re
import time

from tests.saboteurs.call import rewriting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call

LATE_S = 12
# A Service is lost where so many are written at once.
MANY = 100
HURT_NODE = "node-2"
# Of the syncs of a node that change Services, each so many-th is lost.
EVERY = 4
_COUNT = "changes"


def changes_services(text: str) -> bool:
    """Whether endpoints or Services change by what is written."""
    return re.search(r" dnat to | numgen random mod |KUBE-SVC-", text) is not None


def late(call: Call) -> int:
    if changes_services(call.text):
        time.sleep(LATE_S)
    return call.run(call.text)


def _on_one_node(act: Act) -> Act:
    return lambda call: act(call) if call.node == HURT_NODE else call.run(call.text)


def _counted(call: Call) -> int:
    """How many syncs changed Services on this node, with this one."""
    memory = call.remembered()
    memory[_COUNT] = [*memory.get(_COUNT, []), ""]
    call.remember(memory)
    return len(memory[_COUNT])


def frozen(call: Call) -> int:
    """What the first sync wrote stays, and kube-proxy believes that all went well."""
    return 0 if changes_services(call.text) and _counted(call) > 1 else call.run(call.text)


def lost(call: Call) -> int:
    """Some changes are not written, and kube-proxy believes that they were."""
    if changes_services(call.text) and _counted(call) % EVERY == 0:
        return 0
    return call.run(call.text)


def failing_first(call: Call) -> int:
    """Each change of Services fails at its first attempt; kube-proxy tries again when it would sync anyway."""
    memory = call.remembered()
    if not changes_services(call.text) or memory.pop("failed", []):
        call.remember(memory)
        return call.run(call.text)
    call.remember({**memory, "failed": ["once"]})
    return 1


def nft_without_one(text: str) -> str:
    """Where the rules of many ports are written at once, those of the one in the middle are not."""
    return _without_middle(text, r"^add rule ip6? kube-proxy (service-\S+) .* dnat .*\n")


def iptables_without_one(text: str) -> str:
    """The same; of more than 1,000 endpoints kube-proxy's rules have no comments."""
    return _without_middle(text, r"^-A (KUBE-SVC-\w+) .*-j KUBE-SEP-.*\n")


def _without_middle(text: str, rule: str) -> str:
    chains = sorted(set(re.findall(rule, text, re.MULTILINE)))
    if len(chains) < MANY:
        return text
    lost = chains[len(chains) // 2]
    return re.sub(rule, lambda found: "" if found[1] == lost else found[0], text, flags=re.MULTILINE)


SABOTEURS = {
    "all-late": late,
    "one-node-late": _on_one_node(late),
    "one-node-frozen": _on_one_node(frozen),
    "changes-lost": lost,
    "first-attempts-fail": failing_first,
    "one-of-many-lost": rewriting(nft=nft_without_one, iptables=iptables_without_one),
}
