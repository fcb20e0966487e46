"""What is said of a version that is pinned already."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.build import addition
from gauntlet.ground.errors import UsageError

GO_MOD = """module example.com/toolchain/1.36

go 1.26.0

require k8s.io/kubernetes v1.36.4

tool k8s.io/kubernetes/cmd/kube-proxy
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A toolchain that pins the kube-proxy of a release, and nothing else."""
    (tmp_path / "1.36").mkdir()
    (tmp_path / "1.36" / "go.mod").write_text(GO_MOD)
    return tmp_path


def test_the_same_programs_are_there(root: Path) -> None:
    there = addition.Addition("1.36", "1.36.4", before="1.36.4")
    assert [addition.add(version, root, print) for version in ("1.36.4", "1.36")] == [there] * 2


def test_a_control_plane_that_was_not_pinned_with_it_is_not_there(root: Path) -> None:
    with pytest.raises(UsageError, match="already, without kube-apiserver, kube-controller-manager, agnhost"):
        addition.add("1.36.4", root, print, addition.CONTROL_PLANE)
    assert (root / "1.36" / "go.mod").read_text() == GO_MOD
