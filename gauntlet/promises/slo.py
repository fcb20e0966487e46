"""What is promised: thresholds as data, read from the YAML files of `slos/`.

A promise for an experiment is put together from layers, the later ones winning field by field:

    default.yaml  <  experiments/NAME.yaml  <  modes/MODE.yaml  <  versions/MINOR.yaml

A folder of changes has some of these files; each of its layers is laid over the same layer of the whole folder.
`default.yaml` and the files of `experiments/` hold the fields of `Slo`. A file of `modes/` or
`versions/` holds `all:` (fields for every experiment) and `experiments:` (fields by experiment name).
docs/slo-reference.md explains every field.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.paths import experiment_names, project_root
from gauntlet.ground.yamlfile import Plain, Where, YamlFile
from gauntlet.promises import slo_files
from gauntlet.promises.promise import Balance, BlastRadius, Control, Latency, Recovery, Since, Slo
from gauntlet.promises.slo_files import SloError, SloFiles

__all__ = [
    "Balance",
    "BlastRadius",
    "Control",
    "Latency",
    "Recovery",
    "Since",
    "Slo",
    "SloBook",
    "SloError",
    "Terms",
    "load",
]


# What is promised although no experiment of experiments/ is run for it.
PROMISED_BESIDE = frozenset({"conformance", "rule-explosion"})


@dataclass(frozen=True)
class _Layer:
    """Some fields of an Slo, and where in which file they are written."""

    file: YamlFile
    under: Where
    fields: Mapping[str, Plain]

    def place(self, where: Where) -> str:
        return f"{self.file.path}:{self.file.line((*self.under, *where))}"


@dataclass(frozen=True)
class _Folder:
    """The layers of one folder of promises."""

    default: _Layer | None
    by_experiment: Mapping[str, _Layer]
    by_mode: Mapping[ProxyMode, Mapping[str | None, _Layer]]
    by_version: Mapping[str, Mapping[str | None, _Layer]]


@dataclass(frozen=True)
class SloBook:
    """All promises: those of a whole folder and the changes that are laid over them. `load` makes it."""

    folder: Path
    folders: tuple[_Folder, ...]

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of all experiments with a promise, sorted."""
        return tuple(sorted({name for folder in self.folders for name in folder.by_experiment}))

    def slo(self, experiment: str, mode: ProxyMode, version: str) -> Slo:
        """The promise for an experiment in a mode and a Kubernetes version ("1.37", "1.37.2" or "v1.37.2").

        Raises SloError (a UsageError) for an experiment without a promise and for a version that is none.
        """
        return _validated(self._layers(experiment, mode, version))

    def terms(self, experiment: str, mode: ProxyMode, version: str) -> Terms:
        """Where each field of that promise is written. Raises as `slo` does."""
        layers = self._layers(experiment, mode, version)
        return Terms(_validated(layers), tuple(layers))

    def _layers(self, experiment: str, mode: ProxyMode, version: str) -> list[_Layer]:
        if experiment not in self.experiments:
            raise SloError(
                f"no promise for the experiment {experiment!r} in {self.folder / 'experiments'}",
                f"{_near(experiment, self.experiments)}one of {', '.join(self.experiments)}, or add"
                f" {self.folder / 'experiments' / experiment}.yaml",
            )
        minor = _minor(version)
        layers = self._base(experiment)
        for scopes in (
            [each.by_mode.get(mode, {}) for each in self.folders],
            [each.by_version.get(minor, {}) for each in self.folders],
        ):
            layers += [each[scope] for scope in (None, experiment) for each in scopes if scope in each]
        return layers

    def _base(self, experiment: str | None) -> list[_Layer]:
        """The layers of every mode and version; without an experiment, those of all of them."""
        layers = [folder.default for folder in self.folders if folder.default is not None]
        if experiment is not None:
            layers += [found for folder in self.folders if (found := folder.by_experiment.get(experiment))]
        return layers

    def validate(self) -> None:
        """Raises SloError for the first layer that does not fit, used or not."""
        for name in (None, *self.experiments):
            _validated(self._base(name))
        for folder in self.folders:
            for scopes in (*folder.by_mode.values(), *folder.by_version.values()):
                for scope, layer in scopes.items():
                    _validated([*self._base(scope), layer])


@dataclass(frozen=True)
class Terms:
    """A promise, with the places where it is written: files of the checkout are named from its folder on."""

    slo: Slo
    layers: tuple[_Layer, ...]

    def field(self, name: str) -> str:
        """A field, its value and where that is written: `recovery.within_s: 5 (slos/experiments/flush-nat.yaml:10)`."""
        value: object = self.slo.model_dump(mode="json")
        for part in name.split("."):
            value = value[part] if isinstance(value, dict) else None
        return f"{name}: {_as_yaml(value)} ({self._place(name)})"

    @property
    def sentence(self) -> str:
        """The promise in words and where they are written; empty if there are none."""
        return f"{self.slo.promise} ({self._place('promise')})" if self.slo.promise else ""

    def _place(self, name: str) -> str:
        return _place(tuple(name.split(".")), list(self.layers)).removeprefix(f"{project_root()}/")


def _as_yaml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def load(folder: Path, changes: Path | None = None) -> SloBook:
    """Read and check all files of a whole folder of promises, and of a folder of changes over it, used or not.

    Raises SloError or YamlError (both UsageError), with file and line, for the first thing that is wrong.
    """
    if not (folder / "default.yaml").is_file():
        raise SloError(f"{folder / 'default.yaml'} is missing", "point --kp-slos at a folder laid out like slos/")
    book = SloBook(folder, tuple(_layered(slo_files.read_all(each)) for each in (folder, changes) if each is not None))
    book.validate()
    return book


def _layered(files: SloFiles) -> _Folder:
    known = experiment_names() | PROMISED_BESIDE
    for name, file in files.experiments.items():
        if name not in known:
            raise _unknown(name, f"{file.path}:1", known)
    return _Folder(
        None if files.default is None else _whole(files.default),
        {name: _whole(file) for name, file in files.experiments.items()},
        {mode: _scoped(file, known) for mode, file in files.modes.items()},
        {version: _scoped(file, known) for version, file in files.versions.items()},
    )


def _unknown(name: str, place: str, known: Iterable[str]) -> SloError:
    return SloError(f"{place}: no experiment {name!r}", f"{_near(name, known)}allowed: {', '.join(sorted(known))}")


def _minor(version: str) -> str:
    found = re.match(r"v?(\d+\.\d+)(\D|$)", version)
    if found is None:
        raise SloError(f"{version!r} is no Kubernetes version", "give it like 1.37 or 1.37.2")
    return found[1]


def _whole(file: YamlFile) -> _Layer:
    return _Layer(file, (), _mapping(file, file.value, ()))


def _scoped(file: YamlFile, experiments: Collection[str]) -> dict[str | None, _Layer]:
    top = _mapping(file, file.value, ())
    for key in top:
        if key not in ("all", "experiments"):
            raise SloError(f"{file.path}:{file.line((key,))}: unknown field {key!r}", "allowed: all, experiments")
    found: dict[str | None, _Layer] = {}
    if "all" in top:
        found[None] = _Layer(file, ("all",), _mapping(file, top["all"], ("all",)))
    named = _mapping(file, top.get("experiments"), ("experiments",))
    for name, fields in named.items():
        where = ("experiments", name)
        if name not in experiments:
            raise _unknown(name, f"{file.path}:{file.line(where)}", experiments)
        found[name] = _Layer(file, where, _mapping(file, fields, where))
    return found


def _mapping(file: YamlFile, value: Plain, where: Where) -> dict[str, Plain]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        name = ".".join(map(str, where)) or "the file"
        raise SloError(f"{file.path}:{file.line(where)}: {name} must be fields with values", "write `field: value`")
    return value


def _validated(layers: list[_Layer]) -> Slo:
    merged: dict[str, Plain] = {}
    for layer in layers:
        merged = _over(merged, layer.fields)
    try:
        return Slo.model_validate(merged)
    except ValidationError as error:
        raise _readable(error.errors()[0], layers) from None


def _over(below: Mapping[str, Plain], above: Mapping[str, Plain]) -> dict[str, Plain]:
    merged = dict(below)
    for key, value in above.items():
        under = merged.get(key)
        merged[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return merged


def _readable(error: ErrorDetails, layers: list[_Layer]) -> SloError:
    where: Where = error["loc"]
    place = _place(where, layers)
    field = ".".join(str(part) for part in where)
    owner = _model(where[:-1])
    if error["type"] == "extra_forbidden":
        known = owner.model_fields if owner else {}
        name = str(where[-1])
        return SloError(
            f"{place}: unknown field `{field}`",
            f"{_near(name, known)}allowed here: {', '.join(known)}",
        )
    if error["type"] == "missing":
        return SloError(f"{place}: the field `{field}` is missing", f"add it; allowed: {_allowed(where)}")
    if error["type"] == "value_error":
        what = error["msg"].removeprefix("Value error, ")
        return SloError(f"{place}: {f'`{field}`: ' if field else ''}{what}", "correct the value")
    return SloError(
        f"{place}: `{field}` is {error['input']!r}: {error['msg'].lower()}",
        f"allowed: {_allowed(where)}",
    )


def _place(where: Where, layers: list[_Layer]) -> str:
    """The last layer that wrote the field; else the last that wrote any of the fields around it."""
    for length in range(len(where), 0, -1):
        for layer in reversed(layers):
            if (*layer.under, *where[:length]) in layer.file.lines:
                return layer.place(where[:length])
    return layers[-1].place(())


def _model(where: Where) -> type[BaseModel] | None:
    """The model that holds the fields at this place; None where there is no model."""
    model: type[BaseModel] | None = Slo
    for part in where:
        field = model.model_fields.get(str(part)) if model else None
        kinds: Iterable[object] = (field.annotation, *get_args(field.annotation)) if field else ()
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return model


def _allowed(where: Where) -> str:
    for length in range(len(where), 0, -1):
        owner = _model(where[: length - 1])
        field = owner.model_fields.get(str(where[length - 1])) if owner else None
        inside = _model(where[:length])
        if inside:
            return f"fields with values ({', '.join(inside.model_fields)})"
        if field and field.description:
            return field.description
    return "see docs/slo-reference.md"


def _near(name: str, known: Iterable[str]) -> str:
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {found[0]!r}? " if found else ""
