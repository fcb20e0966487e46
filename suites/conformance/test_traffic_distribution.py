"""trafficDistribution: the controllers write hints for it, and nodes obey them (KEP-4444, KEP-3015)."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import Distribution, Service
from gauntlet.workload.catalogue import Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance, pytest.mark.needs("zones")]


@declared(source="KEP-4444", upstream=("traffic_distribution: PreferClose multi-node",), needs=())
def test_same_zone_is_preferred_while_that_is_asked_for(pods: Pods) -> Steps:  # noqa: ARG001  (all of them, by the selector)
    """Set and unset live, trafficDistribution PreferClose keeps clients in their zone, whichever node they are on."""
    return (
        Step("not set", {Service("web"): None}),
        Step("set", {Service("web", traffic_distribution=Distribution.PREFER_CLOSE): None}),
        Step("not set again", {Service("web"): None}),
    )


@declared(source="KEP-3015", upstream=("traffic_distribution: PreferSameZone multi-node",), needs=())
def test_same_node_is_preferred_to_same_zone(pods: Pods) -> Steps:  # noqa: ARG001  (all of them, by the selector)
    """trafficDistribution PreferSameNode keeps clients on their node, PreferSameZone in their zone."""
    return (
        Step("the node", {Service("web", traffic_distribution=Distribution.PREFER_SAME_NODE): None}),
        Step("the zone", {Service("web", traffic_distribution=Distribution.PREFER_SAME_ZONE): None}),
    )
