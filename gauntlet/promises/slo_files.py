"""The files of a folder of promises: which there may be, and that each of them is read."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.yamlfile import YamlFile, read
from gauntlet.subject import NAMES, is_name

_LAYERS = ("experiments", "modes", "versions", "subjects")
_BESIDE = ("upgrade.yaml", "accepted.yaml", "differences.yaml")
_ALLOWED = (
    "default.yaml, upgrade.yaml, accepted.yaml, differences.yaml, experiments/NAME.yaml, modes/MODE.yaml, "
    "versions/MINOR.yaml, subjects/NAME.yaml"
)


class SloError(UsageError):
    """A promise is not well-formed or does not exist. The message has file, line, field and what is allowed."""


@dataclass(frozen=True)
class SloFiles:
    """The files of one folder, read. None is a file that the folder does not have."""

    folder: Path
    default: YamlFile | None
    experiments: Mapping[str, YamlFile]
    modes: Mapping[ProxyMode, YamlFile]
    versions: Mapping[str, YamlFile]
    subjects: Mapping[str, YamlFile]
    upgrade: YamlFile | None
    accepted: YamlFile | None
    differences: YamlFile | None


def read_over(folder: Path, changes: Path | None) -> list[SloFiles]:
    """A whole folder of promises and, if there is one, a folder of changes over it. Raises as `read_all` does."""
    return [read_all(each) for each in (folder, changes) if each is not None]


def read_all(folder: Path) -> SloFiles:
    """Read every file of a folder. Raises SloError or YamlError for one that would not be read, or that cannot be."""
    paths = _entries(folder)
    if not paths:
        raise SloError(f"{folder} has no promise", f"allowed: {_ALLOWED}")
    inside = {layer: [path for path in paths if path.parent.name == layer] for layer in _LAYERS}
    default = folder / "default.yaml"
    return SloFiles(
        folder,
        read(default) if default in paths else None,
        {path.stem: read(path) for path in inside["experiments"]},
        {_mode(path): read(path) for path in inside["modes"]},
        {_version(path): read(path) for path in inside["versions"]},
        {_subject(path): read(path) for path in inside["subjects"]},
        *(read(folder / name) if folder / name in paths else None for name in _BESIDE),
    )


def _entries(folder: Path) -> list[Path]:
    """The files of a folder and of its layers. Raises SloError for what is neither, and for what cannot be listed."""
    found: list[Path] = []
    for path in _listed(folder):
        if path.name in _LAYERS and path.is_dir():
            found += [_file(inside) for inside in _listed(path)]
        elif path.name in ("default.yaml", *_BESIDE):
            found.append(path)
        else:
            raise _stray(path)
    return found


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder))
    except OSError as error:
        raise SloError(
            f"{folder}: cannot be read: {error.strerror}", "name a folder of promises that this user may read"
        ) from None


def _file(path: Path) -> Path:
    if path.suffix != ".yaml" or path.is_dir():
        raise _stray(path)
    return path


def _stray(path: Path) -> SloError:
    return SloError(f"{path} is not part of a folder of promises", f"allowed: {_ALLOWED}; move or delete it")


def _mode(path: Path) -> ProxyMode:
    if path.stem not in list(ProxyMode):
        raise SloError(f"{path}: no such mode", f"name it after one of {', '.join(ProxyMode)}")
    return ProxyMode(path.stem)


def _version(path: Path) -> str:
    if not re.fullmatch(r"\d+\.\d+", path.stem):
        raise SloError(f"{path}: not named after a minor version", "name it like 1.37.yaml")
    return path.stem


def _subject(path: Path) -> str:
    """The subject that a file is for. A run need not have it: what is promised for one is kept beside the others."""
    if not is_name(path.stem):
        raise SloError(
            f"{path}: no subject can have the name {path.stem!r}", f"name it like nftables@1.37.yaml: {NAMES}"
        )
    return path.stem
