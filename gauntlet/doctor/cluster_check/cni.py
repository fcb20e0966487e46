"""Which CNI the cluster has, and whether that does kube-proxy's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gauntlet.doctor.cluster_check.cluster_facts import ClusterFacts, Cni
from gauntlet.doctor.cluster_check.report import CLUSTER, Diagnosis, Level

CHECK = "cni"


def names(facts: ClusterFacts) -> str:
    return ", ".join(each.name for each in facts.cnis) or "none known"


def replacement(facts: ClusterFacts) -> str:
    """What replaces kube-proxy, with the setting that says so: `cilium (kube-proxy-replacement: true)`; else empty."""
    for cni in facts.cnis:
        because = _REPLACES[cni.name](cni.settings) if cni.name in _REPLACES else ""
        if because:
            return f"{cni.name} ({because})"
    return ""


def judge(facts: ClusterFacts) -> Iterator[Diagnosis]:
    """One diagnosis for each CNI, more where it is not ready, or is at odds with kube-proxy."""
    if not facts.cnis:
        what = "no DaemonSet of flannel, calico, aws-node, weave, cilium, antrea or kindnet"
        yield Diagnosis(CHECK, Level.OK, CLUSTER, what)
    for cni in facts.cnis:
        yield from _of(cni)
    replaced = replacement(facts)
    if replaced:
        yield Diagnosis(CHECK, Level.OK, CLUSTER, f"kube-proxy is replaced by {replaced}: nothing else was looked at")
    if replaced and (facts.proxy_sets or facts.pods):
        yield Diagnosis(
            CHECK,
            Level.WARNING,
            CLUSTER,
            f"kube-proxy is deployed all the same: two data planes for the same Services, kube-proxy's and {replaced}",
            "delete the kube-proxy DaemonSet and run `kube-proxy --cleanup` on each node, or end the replacement",
        )


def _of(cni: Cni) -> Iterator[Diagnosis]:
    what = f"{cni.name}: DaemonSet {cni.daemon_set}, {cni.ready} of {cni.desired} ready"
    if cni.ready < cni.desired:
        namespace, _, name = cni.daemon_set.partition("/")
        yield Diagnosis(
            CHECK,
            Level.PROBLEM,
            CLUSTER,
            f"{what}: pods of some nodes may have no network",
            f"kubectl -n {namespace} rollout status daemonset/{name}; describe the pods that are not ready",
        )
    else:
        yield Diagnosis(CHECK, Level.OK, CLUSTER, what)
    value = cni.settings.get("kube-proxy-replacement", "")
    if cni.name == "cilium" and value in ("partial", "probe"):
        yield Diagnosis(
            CHECK,
            Level.WARNING,
            CLUSTER,
            f"cilium takes over a part of kube-proxy's work (kube-proxy-replacement: {value}): rules of kube-proxy "
            "that are sound may not be what decides",
            "see `cilium status --verbose` in an agent's pod; set it to true or false",
        )


def _cilium(settings: Mapping[str, str]) -> str:
    value = settings.get("kube-proxy-replacement", "")
    # "strict" was the word for it before 1.14.
    return f"kube-proxy-replacement: {value}" if value in ("true", "strict") else ""


def _antrea(settings: Mapping[str, str]) -> str:
    on = settings.get("enable", "true") == "true" and settings.get("proxyAll") == "true"
    return "antreaProxy.proxyAll: true" if on else ""


def _calico(settings: Mapping[str, str]) -> str:
    if settings.get("linuxDataplane") == "BPF":
        return "eBPF, linuxDataplane: BPF"
    # Felix takes its environment before its resource.
    setting = "FELIX_BPFENABLED" if "FELIX_BPFENABLED" in settings else "bpfEnabled"
    return f"eBPF, {setting}: true" if settings.get(setting, "").lower() in ("true", "1", "yes", "y", "t") else ""


_REPLACES: Mapping[str, Callable[[Mapping[str, str]], str]] = {
    "cilium": _cilium,
    "antrea": _antrea,
    "calico": _calico,
}
