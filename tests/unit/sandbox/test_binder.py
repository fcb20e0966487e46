"""What the stand-in for the scheduler obeys, and what it says it does not."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from gauntlet.kube.objects import NodeObject, PodSpec
from gauntlet.providers.sandbox.binder import fits, obstacle

REQUIRED: JsonValue = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}
PREFERRED: JsonValue = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}]}


def spec(**fields: JsonValue) -> PodSpec:
    return PodSpec.model_validate({"containers": [], **fields})


def node(*, cordoned: bool = False, **labels: str) -> NodeObject:
    return NodeObject.model_validate(
        {"metadata": {"name": "n", "uid": "1", "labels": labels}, "spec": {"unschedulable": cordoned}}
    )


def test_node_selector_and_cordon_are_obeyed() -> None:
    assert fits(spec(), node(disk="ssd"))
    assert fits(spec(nodeSelector={"disk": "ssd"}), node(disk="ssd", zone="a"))
    assert not fits(spec(nodeSelector={"disk": "ssd"}), node(disk="hdd"))
    assert not fits(spec(nodeSelector={"disk": "ssd"}), node())
    assert not fits(spec(), node(cordoned=True))


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"affinity": {"nodeAffinity": REQUIRED}}, "nodeAffinity"),
        ({"affinity": {"podAffinity": REQUIRED}}, "podAffinity"),
        ({"affinity": {"podAntiAffinity": REQUIRED}}, "podAntiAffinity"),
        ({"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]}, "topologySpreadConstraints"),
    ],
)
def test_what_is_required_and_not_known_is_named(fields: dict[str, JsonValue], name: str) -> None:
    assert name in obstacle(spec(**fields))


def test_what_is_only_preferred_hinders_nothing() -> None:
    preferred = {"affinity": {"nodeAffinity": PREFERRED}}
    assert obstacle(spec(**preferred, topologySpreadConstraints=[{"whenUnsatisfiable": "ScheduleAnyway"}])) == ""
