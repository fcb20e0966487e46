"""Whether Kubernetes supports the kube-proxy to come beside the API server and the kubelets of this cluster."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.build.versions import Skew, kubelet_skew, skew
from gauntlet.doctor.cluster_check.report import Diagnosis, Level
from gauntlet.doctor.lookahead.goal import Goal
from gauntlet.doctor.lookahead.moves import Move

CHECK = "skew"
SOURCE = "kubernetes.io/releases/version-skew-policy, kube-proxy"


def judge(api_server: str, goal: Goal, move: Move) -> Iterator[Diagnosis]:
    """A kube-proxy must not be newer than the API server, and neither far from that nor from its node's kubelet."""
    version = move.will.version
    found = skew(version, api_server)
    ahead = f"kube-proxy {version} is newer than the API server, {api_server}"
    if found is Skew.TOO_NEW and goal.assumed:
        remedy = f"upgrade the control plane to {version} first"
        yield Diagnosis(CHECK, Level.WARNING, move.node, ahead, remedy, SOURCE)
    elif found is Skew.TOO_NEW:
        remedy = f"upgrade the control plane to {version} first: kube-proxy must not be newer"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, ahead, remedy, SOURCE)
    elif found is Skew.TOO_OLD:
        what = f"kube-proxy {version} is too old for the API server, {api_server}"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, what, "take a later kube-proxy", SOURCE)
    else:
        what = f"kube-proxy {version} is supported under the API server, {api_server}"
        yield Diagnosis(CHECK, Level.OK, move.node, what, source=SOURCE)
    if not move.kubelet:
        return
    if kubelet_skew(version, move.kubelet) is Skew.WITHIN:
        what = f"kube-proxy {version} is supported beside the kubelet"
        yield Diagnosis(CHECK, Level.OK, move.node, what, source=SOURCE)
    else:
        what = f"kube-proxy {version} is not supported beside kubelet {move.kubelet}"
        yield Diagnosis(CHECK, Level.PROBLEM, move.node, what, "upgrade the kubelets on the way", SOURCE)
