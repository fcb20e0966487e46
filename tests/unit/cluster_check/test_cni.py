"""Which CNI is there, and whether it replaces kube-proxy."""

from __future__ import annotations

import pytest

from gauntlet.doctor.cluster_check.cluster_facts import antrea_settings
from gauntlet.doctor.cluster_check.report import Level
from tests.unit.cluster_check.facts import (
    cluster,
    cni,
    proxy_set,
    report,
    told,
)


@pytest.mark.parametrize(
    ("found", "by"),
    [
        (cni("cilium", {"kube-proxy-replacement": "true"}), "cilium (kube-proxy-replacement: true)"),
        (cni("cilium", {"kube-proxy-replacement": "strict"}), "cilium (kube-proxy-replacement: strict)"),
        (cni("cilium", {"kube-proxy-replacement": "false"}), ""),
        (cni("cilium", {"kube-proxy-replacement": "partial"}), ""),
        (cni("cilium"), ""),
        (cni("antrea", {"proxyAll": "true"}), "antrea (antreaProxy.proxyAll: true)"),
        (cni("antrea", {"enable": "false", "proxyAll": "true"}), ""),
        (cni("calico", {"bpfEnabled": "true"}), "calico (eBPF, bpfEnabled: true)"),
        (cni("calico", {"bpfEnabled": "false"}), ""),
        (cni("calico", {"linuxDataplane": "BPF"}), "calico (eBPF, linuxDataplane: BPF)"),
        (cni("calico", {"FELIX_BPFENABLED": "true"}), "calico (eBPF, FELIX_BPFENABLED: true)"),
        (cni("calico", {"FELIX_BPFENABLED": "false", "bpfEnabled": "true"}), ""),
        *((cni(name), "") for name in ("flannel", "aws-node", "weave", "kindnet")),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.name} {value.settings}",
)
def test_who_replaces_kube_proxy(found: object, by: str) -> None:
    judged = report(cluster(cnis=(found,)))
    assert judged.replaced_by == by
    assert bool(by) is any("nothing else was looked at" in each.what for each in judged.diagnoses)
    assert bool(by) is not any(each.check == "rules" for each in judged.diagnoses)


def test_kube_proxy_beside_its_replacement() -> None:
    facts = cluster(cnis=(cni("cilium", {"kube-proxy-replacement": "true"}),), daemon_sets=(proxy_set(2, 2),))
    told(report(facts), Level.WARNING, "cni", "two data planes")


def test_a_cni_that_is_not_ready() -> None:
    told(report(cluster(cnis=(cni("flannel", ready=1),))), Level.PROBLEM, "cni", "1 of 2 ready")


def test_antrea_configuration() -> None:
    assert antrea_settings("antreaProxy:\n  proxyAll: true\n") == {"proxyAll": "true"}
    assert antrea_settings("# antreaProxy:\n") == {}
    assert antrea_settings("a: [") == {}
