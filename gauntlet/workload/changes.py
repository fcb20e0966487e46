"""What has to be asked of the API server so that one declared Service, with its slices, becomes another. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from gauntlet.ground.errors import GauntletError
from gauntlet.kube.api import Manifest
from gauntlet.workload import service_manifest, slice_manifest
from gauntlet.workload.endpoints import Endpoint, Slice, slices_of
from gauntlet.workload.service import Service

# What a Service without a selector leads to; None for one with a selector, whose slices are the cluster's to write.
Endpoints: TypeAlias = Sequence[Endpoint] | Sequence[Slice] | None
Declarations: TypeAlias = Mapping[Service, Endpoints]


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Kind(StrEnum):
    SERVICE = "Service"
    SLICE = "EndpointSlice"


@dataclass(frozen=True)
class Change:
    """One request. `body` is the object to create or the merge patch; a deletion has none."""

    verb: Verb
    kind: Kind
    name: str
    body: Manifest | None = None


@dataclass(frozen=True)
class Declaration:
    """A Service with its slices."""

    service: Service
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Transition:
    """What becomes of a Service: it comes (no `before`), changes, or goes (no `after`)."""

    before: Declaration | None
    after: Declaration | None

    @property
    def verb(self) -> Verb:
        if self.before is None:
            return Verb.CREATE
        return Verb.DELETE if self.after is None else Verb.UPDATE


def transitions(previous: Declarations, wanted: Declarations) -> dict[str, Transition]:
    """What becomes of each Service that changes, by its name.

    Raises GauntletError if two of them have one name, or one has slices and endpoints beside them.
    """
    before, after = _by_name(previous), _by_name(wanted)
    both = {name: Transition(before.get(name), after.get(name)) for name in (*before, *after)}
    return {name: each for name, each in both.items() if each.before != each.after}


def requests(of: Transition) -> Iterator[Change]:
    """In the order in which they are to be asked: a Service that comes has its endpoints from its first moment.

    Raises GauntletError if the Service has a selector and slices, or a slice cannot be written.
    """
    before, after = of.before, of.after
    old = {} if before is None else _slices(before)
    new = {} if after is None else _slices(after)
    if after is not None:
        yield from _written(before, after, old, new)
        yield from _service(before, after)
    elif before is not None:
        yield Change(Verb.DELETE, Kind.SERVICE, before.service.name)
    # A slice whose type of addresses changes keeps its name: `_written` deletes it.
    yield from (Change(Verb.DELETE, Kind.SLICE, name) for name in old if name not in new)


def _by_name(declared: Declarations) -> dict[str, Declaration]:
    made: dict[str, Declaration] = {}
    for service, wanted in declared.items():
        if service.name in made:
            raise GauntletError(f"two Services are called {service.name}", "give one of them another name")
        made[service.name] = Declaration(service, _declared(service, wanted))
    return made


def _declared(service: Service, wanted: Endpoints) -> tuple[Slice, ...]:
    every = wanted or ()
    slices = tuple(each for each in every if isinstance(each, Slice))
    endpoints = tuple(each for each in every if isinstance(each, Endpoint))
    if slices and endpoints:
        raise GauntletError(
            f"Service {service.name} has slices and endpoints beside them", "put these endpoints into a slice too"
        )
    return slices or slices_of(service, endpoints)


def _slices(of: Declaration) -> dict[str, Slice]:
    """By the names of the objects."""
    if of.slices and of.service.app is not None:
        raise GauntletError(
            f"Service {of.service.name} has a selector: its slices are the cluster's to write",
            "declare it with app=None, or without endpoints",
        )
    return {slice_manifest.name_of(of.service, each): each for each in of.slices}


def _written(
    before: Declaration | None, after: Declaration, old: Mapping[str, Slice], new: Mapping[str, Slice]
) -> Iterator[Change]:
    for name, declared in new.items():
        made = slice_manifest.endpoint_slice(after.service, declared)
        was = old.get(name)
        if before is None or was is None:
            yield Change(Verb.CREATE, Kind.SLICE, name, made)
        elif was.address_type != declared.address_type:
            yield Change(Verb.DELETE, Kind.SLICE, name)
            yield Change(Verb.CREATE, Kind.SLICE, name, made)
        elif slice_manifest.endpoint_slice(before.service, was) != made:
            yield Change(Verb.UPDATE, Kind.SLICE, name, slice_manifest.change(after.service, was, declared))


def _service(before: Declaration | None, after: Declaration) -> Iterator[Change]:
    wanted = after.service
    if before is None:
        yield Change(Verb.CREATE, Kind.SERVICE, wanted.name, service_manifest.service(wanted))
    elif before.service != wanted:
        yield Change(Verb.UPDATE, Kind.SERVICE, wanted.name, service_manifest.change(before.service, wanted))
