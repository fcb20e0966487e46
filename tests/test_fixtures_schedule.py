"""Which worker runs which case."""

from __future__ import annotations

from fixtures.schedule import scope
from gauntlet.ground.cluster import NodeKernel, ProxyMode

KERNELS = {
    ProxyMode.IPTABLES: NodeKernel.HOST,
    ProxyMode.NFTABLES: NodeKernel.HOST,
    ProxyMode.IPVS: NodeKernel.OWN,
    ProxyMode.USERSPACE: NodeKernel.OWN,
}


def of(mode: ProxyMode, kernels: dict[ProxyMode, NodeKernel] = KERNELS) -> str:
    return scope(f"suites/chaos/test_kill_proxy.py::test_it[{mode}]", kernels)


def test_modes_on_the_hosts_kernel_have_a_worker_each() -> None:
    assert of(ProxyMode.IPTABLES) != of(ProxyMode.NFTABLES)


def test_clusters_of_guests_come_one_after_the_other() -> None:
    assert of(ProxyMode.IPVS) == of(ProxyMode.USERSPACE)
    assert of(ProxyMode.IPVS) not in {of(ProxyMode.IPTABLES), of(ProxyMode.NFTABLES)}
    shared = dict.fromkeys(ProxyMode, NodeKernel.HOST)
    assert of(ProxyMode.IPVS, shared) != of(ProxyMode.USERSPACE, shared)


def test_other_tests_go_to_whoever_is_free() -> None:
    assert scope("tests/test_a.py::test_b", KERNELS) == "tests/test_a.py::test_b"
