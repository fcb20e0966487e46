"""Kubeconfig files: whose cluster one is of, and one context of somebody's as a file of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from gauntlet.ground.errors import UsageError
from gauntlet.kube import kubeconfig
from gauntlet.kube.kubeconfig import Origin


@pytest.fixture
def somebodys(tmp_path: Path) -> Path:
    """Two contexts, with paths that count from the folder of the file."""
    folder = tmp_path / "home"
    folder.mkdir()
    file = folder / "config"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "other",
        "contexts": [
            {"name": "staging", "context": {"cluster": "far", "user": "me"}},
            {"name": "other", "context": {"cluster": "near", "user": "me"}},
        ],
        "clusters": [
            {"name": "far", "cluster": {"server": "https://far:6443", "certificate-authority": "ca.crt"}},
            {"name": "near", "cluster": {"server": "https://near:6443"}},
        ],
        "users": [{"name": "me", "user": {"exec": {"command": "./bin/login", "args": ["now"]}, "client-key": "key"}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def test_one_context_of_somebodys_is_complete_and_signed(somebodys: Path, tmp_path: Path) -> None:
    made = kubeconfig.single(somebodys, "staging", Origin("existing", "staging-0a1b"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(yaml.safe_dump(made))
    assert kubeconfig.origin(elsewhere) == Origin("existing", "staging-0a1b")
    assert made["current-context"] == "staging"
    assert [each["cluster"]["server"] for each in made["clusters"]] == ["https://far:6443"]
    assert made["clusters"][0]["cluster"]["certificate-authority"] == str(somebodys.parent / "ca.crt")
    (user,) = made["users"]
    assert user["user"]["client-key"] == str(somebodys.parent / "key")
    assert Path(user["user"]["exec"]["command"]) == somebodys.parent / "bin" / "login"


def test_a_context_that_is_not_there(somebodys: Path) -> None:
    with pytest.raises(UsageError, match="has no 'production' among its contexts"):
        kubeconfig.single(somebodys, "production", Origin("existing", "production"))


def test_a_signed_one_tells_whose_cluster_it_is_of(somebodys: Path) -> None:
    assert kubeconfig.origin(somebodys) is None
    with pytest.raises(UsageError, match="does not belong to a cluster that the gauntlet made"):
        kubeconfig.provider_name(somebodys)
    kubeconfig.sign(somebodys, Origin("kind", "mine"))
    assert kubeconfig.provider_name(somebodys) == "kind"
    assert kubeconfig.cluster_name(somebodys) == "mine"
    assert somebodys.stat().st_mode & 0o077 == 0, "credentials are in it"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot read the kubeconfig"), (b"a: [", "is not a kubeconfig"), (b"\xff", "is not a kubeconfig")],
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "config"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        kubeconfig.origin(file)
