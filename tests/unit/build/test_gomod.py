"""The go.mod that pins programs of a Kubernetes release, from small copies of what releases' own go.mod say."""

from __future__ import annotations

import pytest

from gauntlet.build import gomod
from gauntlet.ground.errors import GauntletError

PROXY = ["k8s.io/kubernetes/cmd/kube-proxy"]

OF_1_36 = """\
// This is a generated file. Do not edit directly.

module k8s.io/kubernetes

go 1.26.0

godebug default=go1.26

require (
\tgithub.com/moby/ipvs v1.1.0
\tk8s.io/api v0.0.0
)

replace (
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
)
"""

OF_1_25 = """\
module k8s.io/kubernetes

go 1.19

replace (
\tgithub.com/elazarl/goproxy => github.com/elazarl/goproxy v0.0.0-20180725130230-947c36da3153 // 947c is v1.11
\tgithub.com/moby/ipvs v1.0.2 => github.com/moby/ipvs v1.0.1
\tk8s.io/api => ./staging/src/k8s.io/api
\tk8s.io/klog/v2 => k8s.io/klog/v2 v2.70.1
)

replace k8s.io/kube-proxy => ./staging/src/k8s.io/kube-proxy
"""


def test_a_release_is_pinned_with_its_staging_modules() -> None:
    assert gomod.pinning("1.36.3", OF_1_36, "1.36", PROXY) == """\
module github.com/kube-proxy-gauntlet/gauntlet/toolchain/v1_36

go 1.26.0

godebug default=go1.26

require k8s.io/kubernetes v1.36.3

tool k8s.io/kubernetes/cmd/kube-proxy

replace (
\tk8s.io/api => k8s.io/api v0.36.3
\tk8s.io/kube-proxy => k8s.io/kube-proxy v0.36.3
)
"""  # fmt: skip


def test_what_a_release_replaces_besides_stays_as_it_says() -> None:
    assert _replaced(gomod.pinning("1.25.9", OF_1_25, "1.25", PROXY)) == [
        "github.com/elazarl/goproxy => github.com/elazarl/goproxy v0.0.0-20180725130230-947c36da3153",
        "github.com/moby/ipvs v1.0.2 => github.com/moby/ipvs v1.0.1",
        "k8s.io/api => k8s.io/api v0.25.9",
        "k8s.io/klog/v2 => k8s.io/klog/v2 v2.70.1",
        "k8s.io/kube-proxy => k8s.io/kube-proxy v0.25.9",
    ]


def test_a_candidate_has_staging_modules_of_its_own() -> None:
    assert "k8s.io/api => k8s.io/api v0.38.0-rc.1" in _replaced(gomod.pinning("1.38.0-rc.1", OF_1_36, "1.38", PROXY))


@pytest.mark.parametrize(
    ("upstream", "settings"),
    [
        (OF_1_25, ["default=go1.19"]),
        (OF_1_36, ["default=go1.26"]),
        ("go 1.24.0\n\ngodebug default=go1.23\n", ["default=go1.23"]),
        ("go 1.24.0\n\ngodebug (\n\tdefault=go1.23\n\tpanicnil=1\n)\n", ["default=go1.23", "panicnil=1"]),
        ("go 1.24.0\n\ngodebug panicnil=1\n", ["default=go1.24", "panicnil=1"]),
    ],
    ids=["by its go line", "same as ours", "older than its go line", "several", "one setting alone"],
)
def test_programs_keep_the_behaviour_of_the_go_that_their_release_is_of(upstream: str, settings: list[str]) -> None:
    pinning = gomod.pinning("1.33.1", upstream, "1.33", PROXY)
    assert [words[0] for verb, words in gomod.directives(pinning) if verb == "godebug"] == settings


def test_a_release_may_need_a_newer_go_than_the_others() -> None:
    assert gomod.required_go(OF_1_25) == gomod.OLDEST_GO
    assert gomod.required_go("go 1.27.0\n") == (1, 27, 0)
    assert ("go", ("1.27.0",)) in gomod.directives(gomod.pinning("1.38.0", "go 1.27.0\n", "1.38", PROXY))


def test_several_programs_and_a_folder_of_kinds_nodes() -> None:
    programs = ["k8s.io/kubernetes/cmd/kubeadm", "k8s.io/kubernetes/cmd/kubelet"]
    directives = list(gomod.directives(gomod.pinning("1.36.3", OF_1_36, "node-1.36", programs)))
    assert [words[0] for verb, words in directives if verb == "tool"] == programs
    assert directives[0] == ("module", ("github.com/kube-proxy-gauntlet/gauntlet/toolchain/node-v1_36",))


def test_a_folder_that_is_not_published_is_refused() -> None:
    with pytest.raises(GauntletError, match=r"Kubernetes 1\.40\.0 replaces k8s\.io/hack by its folder \./hack/tools"):
        gomod.pinning("1.40.0", "go 1.26.0\n\nreplace k8s.io/hack => ./hack/tools\n", "1.40", PROXY)


def _replaced(text: str) -> list[str]:
    return [" ".join(words) for verb, words in gomod.directives(text) if verb == "replace"]
