from __future__ import annotations

import pytest

from gauntlet.workload import manifest
from gauntlet.workload.backend import Program
from gauntlet.workload.many_endpoints import FIRST_PORT, names_of, porters, slices_of
from gauntlet.workload.served import Backends, RunningBackend

NODES = ("node-1", "node-2", "node-3")
PODS = Backends(
    tuple(
        RunningBackend("test", f"porter-{number}", f"node-{number}", (f"10.244.{number}.9", f"fd10:244::{number}"))
        for number in (1, 2, 3)
    )
)


def programs(count: int) -> list[Program]:
    made = [each.program for each in porters(count, NODES)]
    assert all(made)
    return [each for each in made if each is not None]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 100, 1_000])
def test_what_the_slices_name_is_what_the_pods_answer(count: int) -> None:
    environments = {pod.address: each.environment for pod, each in zip(PODS.all, programs(count), strict=True)}
    for prefix, place in (("SERVE_PORT_", 0), ("SERVE_UDP_PORT_", 1)):
        named = [
            environments[endpoint.addresses[0]][f"{prefix}{each.ports[place].target}"]
            for each in slices_of(range(count), PODS)
            if each.ports is not None
            for endpoint in each.endpoints
        ]
        assert len(named) == count
        assert set(named) == names_of(range(count))


def test_a_slice_has_one_number_for_all_of_its_endpoints() -> None:
    found = slices_of(range(100), PODS)
    assert len(found) == 34
    assert [len(each.endpoints) for each in found] == [3] * 33 + [1]


def test_endpoints_that_are_not_wanted_are_in_no_slice() -> None:
    assert [each.endpoints[0].addresses[0] for each in slices_of([4], PODS)] == ["10.244.2.9"]
    assert slices_of([], PODS) == ()


def test_each_pod_says_that_it_is_ready_though_it_may_have_no_endpoint() -> None:
    assert all(f"SERVE_PORT_{FIRST_PORT}" in each.environment for each in programs(1))


def test_the_environment_of_a_program_is_its_pods() -> None:
    pod = manifest.pod(porters(1, NODES)[0])
    assert isinstance(pod["spec"], dict)
    (container,) = pod["spec"]["containers"]
    assert {"name": f"SERVE_PORT_{FIRST_PORT}", "value": "endpoint-0"} in container["env"]
