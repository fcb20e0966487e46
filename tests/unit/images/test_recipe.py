"""Keys of images: what must change them, and what must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from gauntlet.build import docker
from gauntlet.build.images import client, debian, recipe
from gauntlet.build.images.recipe import Recipe
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM scratch\n")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    (made / "inner").mkdir(parents=True)
    (made / "inner/one").write_text("1")
    return made


def test_the_same_inputs_have_the_same_tag(dockerfile: Path, folder: Path) -> None:
    assert Recipe("x", dockerfile, {"a": folder}).tag == Recipe("x", dockerfile, {"a": folder}).tag


def test_each_input_changes_the_key(dockerfile: Path, folder: Path) -> None:
    keys = {Recipe("x", dockerfile, {"a": folder}, {"ARG": "1"}).key}
    keys.add(Recipe("x", dockerfile, {"a": folder}, {"ARG": "2"}).key)
    keys.add(Recipe("x", dockerfile, {"b": folder}, {"ARG": "1"}).key)
    (folder / "inner/one").write_text("2")
    keys.add(Recipe("x", dockerfile, {"a": folder}, {"ARG": "1"}).key)
    (folder / "inner/one").rename(folder / "inner/two")
    keys.add(Recipe("x", dockerfile, {"a": folder}, {"ARG": "1"}).key)
    dockerfile.write_text("FROM scratch\nLABEL a=b\n")
    keys.add(Recipe("x", dockerfile, {"a": folder}, {"ARG": "1"}).key)

    assert len(keys) == 6


def test_compiled_python_does_not_change_the_key(dockerfile: Path, folder: Path) -> None:
    before = Recipe("x", dockerfile, {"a": folder}).key
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/one.pyc").write_bytes(b"compiled")

    assert Recipe("x", dockerfile, {"a": folder}).key == before


def test_what_is_in_the_cache_is_known_by_its_place(
    dockerfile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    binaries = tmp_path / "cache/kube-proxy-gauntlet/binaries"

    keys = {Recipe("x", dockerfile, {"a": binaries / slot / "kubelet"}).key for slot in ("node-1", "node-2")}

    assert len(keys) == 2


def test_a_context_holds_copies_that_may_be_changed(folder: Path, tmp_path: Path) -> None:
    (folder / "inner/one").chmod(0o444)
    single = tmp_path / "single"
    single.write_text("s")

    with recipe.context({"base": folder, "base/inner/two": single}) as made:
        assert (made / "base/inner/one").read_text() == "1"
        assert (made / "base/inner/two").read_text() == "s"
        (made / "base/inner/one").write_text("changed")
    assert (folder / "inner/one").read_text() == "1"
    assert not made.exists()


def test_packages_of_a_debian_are_its_key() -> None:
    assert debian.Debian("x", ("a", "b")).tag == debian.Debian("x", ("b", "a")).tag
    assert debian.Debian("x", ("a", "b")).tag != debian.Debian("x", ("a", "c")).tag


def test_locust_needs_what_it_imports() -> None:
    found = client.needed_by("locust", debian.PYTHON)

    assert {"locust", "gevent", "greenlet", "flask", "pyzmq"} <= found
    assert "polars" not in found


def test_a_package_that_is_not_installed_is_told() -> None:
    with pytest.raises(EnvironmentUnfit, match="no-such-package"):
        client.needed_by("no-such-package", debian.PYTHON)


def test_a_full_disk_is_told_before_anything_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(docker, "root", lambda: tmp_path)
    recipe.require_space()

    monkeypatch.setattr(recipe, "NEEDED_BYTES", 1 << 60)
    with pytest.raises(EnvironmentUnfit, match="GiB free; building the images may take") as told:
        recipe.require_space()
    assert "docker system df" in told.value.remedy


LOCK = """\
# a comment
Alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via beta
beta==2.0 ; python_version < '4' \\
    --hash=sha256:bb
"""


def test_entries_of_the_lock_file_keep_their_hashes() -> None:
    assert client.locked(LOCK, frozenset({"alpha"})) == (
        "Alpha==1.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
    )
    assert client.locked(LOCK, frozenset({"beta"})).startswith("beta==2.0 ; python_version < '4' \\\n")


def test_a_package_that_the_lock_file_lacks_is_told() -> None:
    with pytest.raises(GauntletError, match="has no gamma"):
        client.locked(LOCK, frozenset({"alpha", "gamma"}))
