"""What kube-proxy writes comes late, or not at all."""

from __future__ import annotations

import re
import time

from tests.saboteurs import targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tests.saboteurs.call import Act, Call
    from tests.saboteurs.targets import Port, Target

LATE_S = 12
# A Service is lost where so many are written at once.
MANY = 100
HURT_NODE = "node-2"
# Of the syncs of a node that change Services, this one and every so many-th after it.
LOST, EVERY = 4, 4
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
    if changes_services(call.text) and _counted(call) % EVERY == LOST % EVERY:
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


class OneOfMany:
    """Where many ports are written at once, the one in the middle is lost."""

    def __init__(self) -> None:
        self.ports: list[str] = []

    def learn(self, port: Port, found: list[Target]) -> list[Target]:
        self.ports.append(str(port))
        return found

    def use(self, port: Port, found: list[Target]) -> list[Target]:
        is_lost = len(self.ports) >= MANY and str(port) == sorted(self.ports)[len(self.ports) // 2]
        return [] if is_lost else found


def one_of_many_lost(call: Call) -> int:
    many = OneOfMany()
    written = targets.nft if call.is_nft else targets.iptables
    return call.run(written(written(call.text, many.learn), many.use))


SABOTEURS = {
    "all-late": late,
    "one-node-late": _on_one_node(late),
    "one-node-frozen": _on_one_node(frozen),
    "changes-lost": lost,
    "first-attempts-fail": failing_first,
    "one-of-many-lost": one_of_many_lost,
}
