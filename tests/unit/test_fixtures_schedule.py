"""Which worker runs which case."""

from __future__ import annotations

import pytest

from fixtures.inventory import Inventory
from fixtures.schedule import clusters, next_scope, place, unit
from gauntlet.ground.cluster import NodeKernel

KERNELS = {
    "iptables": NodeKernel.HOST,
    "nftables": NodeKernel.HOST,
    "nftables@1.36": NodeKernel.HOST,
    "ipvs": NodeKernel.OWN,
    "userspace": NodeKernel.OWN,
}


def of(subject: str, kernels: dict[str, NodeKernel] = KERNELS) -> str | None:
    return place(f"suites/chaos/test_kill_proxy.py::test_it[udp-{subject}]", kernels)


def test_subjects_on_the_hosts_kernel_have_a_worker_each() -> None:
    assert of("iptables") != of("nftables")


def test_two_subjects_of_one_mode_have_a_worker_each() -> None:
    assert of("nftables@1.36") != of("nftables")


def test_clusters_of_guests_come_one_after_the_other() -> None:
    assert of("ipvs") == of("userspace")
    assert of("ipvs") not in {of("iptables"), of("nftables")}
    shared = dict.fromkeys(KERNELS, NodeKernel.HOST)
    assert of("ipvs", shared) != of("userspace", shared)


def test_other_tests_are_of_no_cluster() -> None:
    assert place("tests/test_a.py::test_b", KERNELS) is None


def test_declared_cases_are_one_unit_and_other_files_one_each() -> None:
    declared = ["suites/a.py::test_1[nftables]", "suites/b.py::test_2[nftables]"]
    audit = "suites/b.py::test_5[cluster-2-nftables]"
    there = Inventory({}, whole=False, together=frozenset(declared), audits=frozenset({audit}))
    both = {unit(each, "nftables", there) for each in declared}
    assert len(both) == 1
    assert unit("suites/a.py::test_3[nftables]", "nftables", there) not in both
    assert unit("suites/b.py::test_4[nftables]", "nftables", there) == "nftables suites/b.py"
    assert unit(audit, "nftables", there) == audit


@pytest.mark.parametrize(
    ("workers", "counts"), [(1, (1, 1, 1)), (4, (1, 1, 1)), (5, (2, 1, 1)), (6, (2, 2, 1)), (7, (2, 2, 2))]
)
def test_each_subject_has_one_cluster_at_least_and_guests_one_worker(workers: int, counts: tuple[int, ...]) -> None:
    hosted = dict(zip(("iptables", "nftables", "nftables@1.36"), counts, strict=True))
    assert clusters(KERNELS, workers) == {**hosted, "ipvs": 1, "userspace": 1}


def test_guests_alone_have_one_cluster_each() -> None:
    assert clusters({"ipvs": NodeKernel.OWN}, 4) == {"ipvs": 1}


WAITING = {
    "iptables a.py": "iptables",
    "nftables a.py": "nftables",
    "nftables together": "nftables",
    "iptables together": "iptables",
}


def test_a_new_worker_goes_where_the_fewest_are_and_takes_declared_cases_first() -> None:
    assert next_scope(WAITING, None, []) == "iptables together"
    assert next_scope(WAITING, None, ["iptables"]) == "nftables together"
    assert next_scope(WAITING, None, ["iptables", "nftables"]) == "iptables together"


def test_audits_come_last() -> None:
    audit = "suites/audit/test_audit.py::test_a[nftables]"
    assert next_scope({audit: "nftables", "nftables a.py": "nftables"}, "nftables", []) == "nftables a.py"
    assert next_scope({audit: "nftables"}, "nftables", []) == audit


def test_a_worker_stays_with_its_subject() -> None:
    assert next_scope(WAITING, "nftables", ["nftables", "nftables"]) == "nftables together"
    assert next_scope({"nftables b.py": "nftables", **WAITING}, "iptables", []) == "iptables together"


def test_a_worker_whose_subject_is_through_takes_one_that_nobody_has_or_ends() -> None:
    left = {"nftables a.py": "nftables", "ipvs": "own-kernel nodes"}
    assert next_scope(left, "iptables", ["nftables"]) == "ipvs"
    assert next_scope(left, "iptables", ["nftables", "own-kernel nodes"]) is None
    assert next_scope({}, None, []) is None
