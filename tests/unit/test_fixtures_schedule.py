"""Which worker runs which case."""

from __future__ import annotations

from fixtures.schedule import scope
from gauntlet.ground.cluster import NodeKernel

KERNELS = {
    "iptables": NodeKernel.HOST,
    "nftables": NodeKernel.HOST,
    "nftables@1.36": NodeKernel.HOST,
    "ipvs": NodeKernel.OWN,
    "userspace": NodeKernel.OWN,
}


def of(subject: str, kernels: dict[str, NodeKernel] = KERNELS) -> str:
    return scope(f"suites/chaos/test_kill_proxy.py::test_it[udp-{subject}]", kernels)


def test_subjects_on_the_hosts_kernel_have_a_worker_each() -> None:
    assert of("iptables") != of("nftables")


def test_two_subjects_of_one_mode_have_a_worker_each() -> None:
    assert of("nftables@1.36") != of("nftables")


def test_clusters_of_guests_come_one_after_the_other() -> None:
    assert of("ipvs") == of("userspace")
    assert of("ipvs") not in {of("iptables"), of("nftables")}
    shared = dict.fromkeys(KERNELS, NodeKernel.HOST)
    assert of("ipvs", shared) != of("userspace", shared)


def test_other_tests_go_to_whoever_is_free() -> None:
    assert scope("tests/test_a.py::test_b", KERNELS) == "tests/test_a.py::test_b"
