"""What moves make of the Services that are there, and sequences as a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import project_root
from gauntlet.semantics.objects import Policy, ServiceType
from gauntlet.workload import Endpoint, ready
from gauntlet.workload.catalogue import Step
from gauntlet.workload.state_machine import Kind, Move, saved, steps
from gauntlet.workload.state_machine.exploration import Effort, explore
from gauntlet.workload.state_machine.saved import Saved
from gauntlet.workload.state_machine.state import in_words
from gauntlet.workload.state_machine.trial import one_by_one
from tests.unit.state_machine.fake import PODS, Sound, attempt

REGRESSIONS = saved.read(project_root() / "suites" / "conformance" / "sequences.yaml")


def test_a_move_makes_a_service_that_is_not_there() -> None:
    (step,) = steps(((Move(Kind.EXTERNAL_POLICY, 1, Policy.LOCAL),),), PODS)

    ((service, endpoints),) = step.services.items()

    assert (service.name, service.type, service.external_traffic) == ("s1", ServiceType.LOAD_BALANCER, Policy.LOCAL)
    assert endpoints == (ready(PODS[0]), ready(PODS[1]))


def test_what_a_type_does_not_have_is_left_out_and_comes_back_with_it() -> None:
    sequence = (
        (Move(Kind.RANGES, 0, "nobody"), Move(Kind.EXTERNAL_POLICY, 0, Policy.LOCAL)),
        (Move(Kind.TYPE, 0, ServiceType.CLUSTER_IP),),
        (Move(Kind.TYPE, 0, ServiceType.LOAD_BALANCER),),
    )

    services = [service for step in steps(sequence, PODS) for service in step.services]

    assert [bool(each.source_ranges) for each in services] == [True, False, True]
    assert [each.external_traffic for each in services] == [Policy.LOCAL, Policy.CLUSTER, Policy.LOCAL]


def test_endpoints_come_change_and_go() -> None:
    sequence = (
        (Move(Kind.ENDPOINT, 0, "ready", 2), Move(Kind.ENDPOINT, 0, "unready", 0), Move(Kind.ENDPOINT, 0, "gone", 1)),
        (Move(Kind.ENDPOINT, 0, "gone", 0),),
        (Move(Kind.DELETE, 0),),
    )

    seen = [
        [
            (each.addresses, each.ready)
            for of in step.services.values()
            for each in of or ()
            if isinstance(each, Endpoint)
        ]
        for step in steps(sequence, PODS)
    ]

    assert seen == [[(PODS[0].addresses, False), (PODS[2].addresses, True)], [(PODS[2].addresses, True)], []]


def test_a_sequence_is_printed_as_plain_steps() -> None:
    sequence = ((Move(Kind.ENDPOINT, 0, "ready", 1),), (Move(Kind.DELETE, 0), Move(Kind.RESTART, 1)))

    assert in_words(sequence) == (
        "1. Service s0: endpoint pod 1 is ready",
        "2. Service s0: deleted; kube-proxy on node 1 restarts",
    )


def test_sequences_are_read_as_they_were_saved(tmp_path: Path) -> None:
    seen: list[Saved] = []
    explore(
        one_by_one(lambda sequence: seen.append(Saved(f"sequence-{len(seen)}", "nothing", sequence))),
        Effort(20, services=2),
    )
    path = tmp_path / "sequences.yaml"

    path.write_text(saved.text(seen))

    assert saved.read(path) == tuple(seen)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("sequences: [{name: a, found: b, steps: [[{kind: deleted}]]}]", "does not hold sequences"),
        ("sequences: [{name: a, found: b, steps: [[{kind: type, value: Headless}]]}]", "type 'Headless'"),
        ("sequences: [{name: a, steps: []}]", "does not hold sequences"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str, trouble: str) -> None:
    path = tmp_path / "sequences.yaml"
    path.write_text(text)

    with pytest.raises(UsageError, match=trouble):
        saved.read(path)


@pytest.mark.parametrize("mode", [ProxyMode.IPTABLES, ProxyMode.NFTABLES, ProxyMode.IPVS])
@pytest.mark.parametrize("of", REGRESSIONS, ids=str)
def test_what_was_found_once_holds(of: Saved, mode: ProxyMode) -> None:
    assert attempt(mode, Sound(), of.sequence) is None


def _endpoints(step: Step) -> list[Endpoint]:
    return [each for of in step.services.values() for each in of or () if isinstance(each, Endpoint)]
