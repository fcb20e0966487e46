"""The words of a promise: the fields of an Slo, each with what is allowed.

The descriptions are what an error message says is allowed. docs/slo-reference.md has the meaning.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gauntlet.ground.history import EventKind, Outcome


class BlastRadius(StrEnum):
    """Which clients may see a failed attempt at all while a fault is on; the later ones reach farther."""

    NONE = "none"
    HURT_NODE = "hurt_node"
    BACKENDS_ON_HURT_NODE = "backends_on_hurt_node"
    CLUSTER = "cluster"


class Since(StrEnum):
    """The event from which recovery is counted."""

    INJECTED = "injected"
    HEALED = "healed"
    REMEDY = "remedy"

    @property
    def event(self) -> EventKind:
        return {
            Since.INJECTED: EventKind.FAULT_INJECTED,
            Since.HEALED: EventKind.FAULT_HEALED,
            Since.REMEDY: EventKind.REMEDY_APPLIED,
        }[self]


# When a client sends a SYN again that was lost (RFC 6298): an attempt that took longer met a fault.
SYN_SENT_AGAIN_MS = 1000

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# pydantic's strict mode takes no string for an enum, yet strings are all that YAML has.
FromText = Field(strict=False)
Count = Annotated[int, Field(ge=0)]
COUNT_OR_NULL = "whole number, at least 0; null: measured, nothing promised"


class _Promise(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Recovery(_Promise):
    """How soon every client is served again, and for how long it must stay so to count."""

    since: Annotated[Since, FromText] = Field(description="the event to count from: injected, healed or remedy")
    within_s: NotNegative = Field(description="seconds, at least 0")
    hold_s: Positive = Field(description="seconds, above 0: every attempt must be good for so long")
    resolution_s: Positive = Field(description="seconds, above 0: largest gap allowed between two attempts of a flow")


class Balance(_Promise):
    """How evenly new connections spread over the backends."""

    significance: Share = Field(gt=0, le=0.01, description="above 0, at most 0.01: chance of a false alarm of one test")
    max_skew: Positive = Field(description="above 0: deviation from the fair share that is let pass, 0.1 = 10 %")
    detects_skew: Positive = Field(description="above 0: deviation the test must be able to see, else inconclusive")
    each_node: bool = Field(description="true or false: whether each node's clients by themselves are spread evenly")


class Latency(_Promise):
    """Latency of good attempts, measured once the cluster has recovered."""

    p50_ms: Positive = Field(description="milliseconds, above 0")
    p99_ms: Positive = Field(description="milliseconds, at least p50_ms")

    @model_validator(mode="after")
    def _ordered(self) -> Latency:
        if self.p99_ms < self.p50_ms:
            raise ValueError(f"p99_ms ({self.p99_ms:g}) is below p50_ms ({self.p50_ms:g})")
        return self


class Programming(_Promise):
    """How soon a change of endpoints is in effect, by node: from asking the API server to the first good attempt."""

    p50_s: Positive | None = Field(description="seconds, above 0; null: measured, nothing promised")
    p99_s: Positive | None = Field(description="seconds, at least p50_s; null: measured, nothing promised")

    @model_validator(mode="after")
    def _ordered(self) -> Programming:
        if self.p50_s is not None and self.p99_s is not None and self.p99_s < self.p50_s:
            raise ValueError(f"p99_s ({self.p99_s:g}) is below p50_s ({self.p50_s:g})")
        return self


class Control(_Promise):
    """What must hold before the fault, and again after recovery."""

    # A control of which nothing is promised would be no control.
    availability: Share = Field(gt=0, description="share of attempts, above 0, at most 1")
    min_attempts: int = Field(ge=1, description="whole number, at least 1: attempts of each flow in the window")


class Slo(_Promise):
    """All that is promised for one experiment in one mode and version."""

    promise: str = Field("", description="a sentence for people")
    availability: Share = Field(description="share of attempts that are ok while hurt, 0 to 1")
    allowed_errors: Annotated[tuple[Annotated[Outcome, FromText], ...], FromText] = Field(
        description="list of outcomes: refused, timeout, reset, unreachable, bad_reply, dns_error"
    )
    wrong_backend: int = Field(ge=0, description="whole number, at least 0: replies of a wrong backend")
    slow_after_ms: float = Field(
        gt=0,
        lt=SYN_SENT_AGAIN_MS,
        allow_inf_nan=False,
        description="milliseconds, above 0 and below 1000 (a lost SYN is sent again after 1 s): "
        "an ok attempt this slow counts as hurt",
    )
    outage_s: NotNegative | None = Field(description="seconds, at least 0; null: measured, nothing promised")
    connections_cut: Count | None = Field(description=COUNT_OR_NULL)
    udp_flows_lost: Count | None = Field(description=COUNT_OR_NULL)
    udp_flows_moved: Count | None = Field(description=COUNT_OR_NULL)
    affinity_broken: Count | None = Field(description=COUNT_OR_NULL)
    losses_elsewhere: Count | None = Field(description=COUNT_OR_NULL)
    udp_flows_return: bool = Field(description="true or false: whether a lost UDP flow is served again while it sends")
    recovery: Recovery
    balance: Balance
    latency: Latency
    programming: Programming
    blast_radius: Literal["as_declared", "none", "hurt_node", "backends_on_hurt_node", "cluster"] = Field(
        description="none, hurt_node, backends_on_hurt_node or cluster; as_declared: by the fault"
    )
    control: Control

    @model_validator(mode="after")
    def _errors_are_errors(self) -> Slo:
        never = {Outcome.OK, Outcome.WRONG_BACKEND} & set(self.allowed_errors)
        if never:
            raise ValueError(f"allowed_errors: {', '.join(sorted(never))} cannot be an allowed error")
        return self
