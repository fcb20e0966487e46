"""Other endpoints are used than those that a Service has."""

from __future__ import annotations

from tests.saboteurs import targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.saboteurs.call import Act, Call
    from tests.saboteurs.intent import Endpoint
    from tests.saboteurs.targets import Port, Target

    Memory = dict[str, list[str]]


def _remembering(change: Callable[[Memory, Port, list[Target]], list[Target]]) -> Act:
    """`change` is given what it left in the memory of the node before, and may change it."""

    def act(call: Call) -> int:
        memory = call.remembered()
        text = targets.changed(call, lambda port, found: change(memory, port, found))
        call.remember(memory)
        return call.run(text)

    return act


def _with(wanted: Callable[[Endpoint], bool], concerns: Callable[[Port], bool] = lambda port: True) -> Act:
    """Besides those that are used, the endpoints that the API server has and that are like this, of these ports."""

    def act(call: Call) -> int:
        from tests.saboteurs import intent

        more = [each for each in intent.endpoints() if wanted(each)]

        def change(port: Port, found: list[Target]) -> list[Target]:
            if not concerns(port):
                return found
            near = [each for each in more if each.node in ("", call.node) or not port.is_local]
            return [*found, *intent.targets(port, near, found)]

        return call.run(targets.changed(call, change))

    return act


def only_one_lost(_port: Port, found: list[Target]) -> list[Target]:
    return found if len(found) > 1 else []


def first_twice(_port: Port, found: list[Target]) -> list[Target]:
    return [found[0], *found] if len(found) > 1 else found


def added_unused(memory: Memory, port: Port, found: list[Target]) -> list[Target]:
    """Only the endpoints of the Service's first rules are used, for as long as one of them is left."""
    first = memory.setdefault(str(port), [f"{address} {number}" for address, number in found])
    left = [each for each in found if " ".join(each) in first]
    if not left:
        memory[str(port)] = [" ".join(each) for each in found]
    return left or found


def removed_kept(memory: Memory, port: Port, found: list[Target]) -> list[Target]:
    """All endpoints that the Service ever had are used."""
    ever = memory.setdefault(str(port), [])
    ever += [each for each in map(" ".join, found) if each not in ever]
    gone = [(address, number) for address, _, number in (each.partition(" ") for each in ever)]
    return [*found, *(each for each in gone if each not in found)]


def namespaces_mixed(memory: Memory, port: Port, found: list[Target]) -> list[Target]:
    """Services of one name are one Service: that of the namespace which had it first, while it has endpoints."""
    namespace, _, name = port.service.partition("/")
    key = str(port).replace(port.service, name)
    first = memory.setdefault(key, [namespace])
    if first[0] != namespace:
        return [(address, number) for address, _, number in (each.partition(" ") for each in first[1:])] or found
    memory[key] = [namespace, *map(" ".join, found)]
    return found


def of_another_node(call: Call) -> int:
    from tests.saboteurs import intent

    far = [each for each in intent.endpoints() if each.is_ready and each.node != call.node]
    return call.run(targets.changed(call, lambda port, found: others_instead(far, port, found)))


def others_instead(far: list[Endpoint], port: Port, found: list[Target]) -> list[Target]:
    """Of a port that is about endpoints of the node alone, those far away instead, if it has any."""
    from tests.saboteurs import intent

    return (intent.targets(port, far, found) or found) if port.is_local else found


SABOTEURS = {
    "only-one-lost": targets.changing(only_one_lost),
    "first-twice": targets.changing(first_twice),
    "added-unused": _remembering(added_unused),
    "removed-kept": _remembering(removed_kept),
    "unready-used": _with(lambda each: not each.is_ready and not each.is_terminating),
    "terminating-used": _with(lambda each: each.is_terminating and each.serves),
    "terminating-used-local-udp": _with(
        lambda each: each.is_terminating and each.serves, lambda port: port.is_local and port.protocol == "udp"
    ),
    "without-node-local": _with(lambda each: each.is_ready and not each.node, lambda port: port.is_local),
    "hints-ignored": _with(lambda each: each.is_ready),
    "hints-ignored-udp": _with(lambda each: each.is_ready, lambda port: port.protocol == "udp"),
    "namespaces-mixed": _remembering(namespaces_mixed),
    "of-another-node": of_another_node,
}
