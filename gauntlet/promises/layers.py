"""The layers of a promise: fields with the places where they are written, laid over each other and checked."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gauntlet.ground.fields import merged
from gauntlet.ground.paths import project_root
from gauntlet.ground.yamlfile import Plain, Where, YamlFile
from gauntlet.promises.promise import Slo
from gauntlet.promises.slo_files import SloError

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Layer:
    """Some fields of a promise, and where in which file they are written."""

    file: YamlFile
    under: Where
    fields: Mapping[str, Plain]

    def place(self, where: Where) -> str:
        return f"{self.file.path}:{self.file.line((*self.under, *where))}"


def whole(file: YamlFile) -> Layer:
    """The layer of a file that holds the fields of an Slo. Raises SloError if it holds something else."""
    return Layer(file, (), _mapping(file, file.value, ()))


def scoped(file: YamlFile, experiments: Collection[str]) -> dict[str | None, Layer]:
    """The layers of a file of `all:` and `experiments:`, by the name of the experiment; None is that of all of them.

    Raises SloError for another field, and for an experiment that is not among `experiments`.
    """
    top = _mapping(file, file.value, ())
    for key in top:
        if key not in ("all", "experiments"):
            raise SloError(f"{file.path}:{file.line((key,))}: unknown field {key!r}", "allowed: all, experiments")
    found: dict[str | None, Layer] = {}
    if "all" in top:
        found[None] = Layer(file, ("all",), _mapping(file, top["all"], ("all",)))
    named = _mapping(file, top.get("experiments"), ("experiments",))
    for name, fields in named.items():
        where = ("experiments", name)
        if name not in experiments:
            raise unknown(name, f"{file.path}:{file.line(where)}", experiments)
        found[name] = Layer(file, where, _mapping(file, fields, where))
    return found


def _mapping(file: YamlFile, value: Plain, where: Where) -> dict[str, Plain]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        name = ".".join(map(str, where)) or "the file"
        raise SloError(f"{file.path}:{file.line(where)}: {name} must be fields with values", "write `field: value`")
    return value


def validated(layers: list[Layer]) -> Slo:
    """What the layers promise for an experiment. Raises as `checked` does."""
    return checked(Slo, layers)


def checked(model: type[M], layers: list[Layer]) -> M:
    """What the layers hold, the later ones winning field by field.

    Raises SloError, with file and line, for the first thing that is wrong.
    """
    fields: dict[str, Plain] = {}
    for layer in layers:
        fields = merged(fields, layer.fields)
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        # A field with a typo in its name is missing as well, which is the lesser help.
        first = min(error.errors(), key=lambda each: each["type"] == "missing")
        raise _readable(model, first, layers) from None


def field_text(promise: BaseModel, layers: Sequence[Layer], name: str) -> str:
    """A field, its value and where that is written: `recovery.within_s: 5 (slos/experiments/flush-nat.yaml:10)`."""
    value: object = promise.model_dump(mode="json")
    for part in name.split("."):
        value = value[part] if isinstance(value, dict) else None
    return f"{name}: {_as_yaml(value)} ({field_place(layers, name)})"


def field_place(layers: Sequence[Layer], name: str) -> str:
    """File and line of a field; files of the checkout are named from its folder on."""
    return _from_the_root(place_of(tuple(name.split(".")), list(layers)))


def place_named(layer: Layer, where: Where) -> str:
    """File and line of what a layer has there, named likewise."""
    return _from_the_root(layer.place(where))


def _from_the_root(place: str) -> str:
    return place.removeprefix(f"{project_root()}/")


def _as_yaml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _readable(root: type[BaseModel], error: ErrorDetails, layers: list[Layer]) -> SloError:
    where: Where = error["loc"]
    place = place_of(where, layers)
    field = ".".join(str(part) for part in where)
    owner = _model(root, where[:-1])
    if error["type"] == "extra_forbidden":
        known = owner.model_fields if owner else {}
        name = str(where[-1])
        return SloError(
            f"{place}: unknown field `{field}`",
            f"{near(name, known)}allowed here: {', '.join(known)}",
        )
    if error["type"] == "missing":
        return SloError(f"{place}: the field `{field}` is missing", f"add it; allowed: {_allowed(root, where)}")
    if error["type"] == "value_error":
        what = error["msg"].removeprefix("Value error, ")
        return SloError(f"{place}: {f'`{field}`: ' if field else ''}{what}", "correct the value")
    return SloError(
        f"{place}: `{field}` is {error['input']!r}: {error['msg'].lower()}",
        f"allowed: {_allowed(root, where)}",
    )


def place_of(where: Where, layers: list[Layer]) -> str:
    """File and line of a field, in the last layer that wrote it; else that wrote any of the fields around it."""
    for length in range(len(where), 0, -1):
        for layer in reversed(layers):
            if (*layer.under, *where[:length]) in layer.file.lines:
                return layer.place(where[:length])
    return layers[-1].place(())


def _model(root: type[BaseModel], where: Where) -> type[BaseModel] | None:
    """The model that holds the fields at this place; None if there is no model. Those of a list are of one model."""
    model: type[BaseModel] | None = root
    for part in where:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(str(part)) if model else None
        kinds: Iterable[object] = (field.annotation, *get_args(field.annotation)) if field else ()
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
    return model


def _allowed(root: type[BaseModel], where: Where) -> str:
    for length in range(len(where), 0, -1):
        owner = _model(root, where[: length - 1])
        field = owner.model_fields.get(str(where[length - 1])) if owner else None
        inside = _model(root, where[:length])
        if inside:
            return f"fields with values ({', '.join(inside.model_fields)})"
        if field and field.description:
            return field.description
    return "see docs/slo-reference.md"


def near(name: str, known: Iterable[str]) -> str:
    """A question about the most similar name that there is; empty if none is similar."""
    found = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {found[0]!r}? " if found else ""


def unknown(name: str, place: str, known: Iterable[str]) -> SloError:
    """The error for the name of an experiment that does not exist."""
    return SloError(f"{place}: no experiment {name!r}", f"{near(name, known)}allowed: {', '.join(sorted(known))}")
