"""What objects of the API have in common (Kubernetes API reference). Of each object only what is looked at is read.

The generated models of the kubernetes library are left aside: they take half a second to load and milliseconds an
object, and a thousand Services feel that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

from gauntlet.ground.cluster import Json


class Part(BaseModel):
    """A part of an object. Go writes an empty list as null: that counts as not given."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _not_null(cls, value: Json, info: ValidationInfo) -> object:
        if value is not None or info.field_name is None or cls.model_fields[info.field_name].is_required():
            return value
        return cls.model_fields[info.field_name].default


class Metadata(Part):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    deletion_grace_period_seconds: int | None = None

    @property
    def full_name(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


class ApiObject(Part):
    """Any object, with what tells it from all others."""

    metadata: Metadata


class AnyObject(RootModel[dict[str, Any]]):
    """An object of which all is kept."""


class Condition(Part):
    type: str
    status: str
    last_transition_time: datetime | None = None


class Version(Part):
    """What the API server says at /version."""

    git_version: str


def status_of(conditions: Iterable[Condition], kind: str) -> str:
    """Status of the condition of this type: True, False or Unknown."""
    return next((each.status for each in conditions if each.type == kind), "Unknown")
