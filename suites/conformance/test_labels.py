"""Labels of a Service that keep kube-proxy away from it, set and unset live."""

import pytest

from fixtures.declared import declared
from gauntlet.workload import Service, ServiceType, endpoints
from gauntlet.workload.catalogue import Pods, Step, Steps

pytestmark = [pytest.mark.gate, pytest.mark.conformance]

PROXY_NAME = "service.kubernetes.io/service-proxy-name"
HEADLESS = "service.kubernetes.io/headless"


@declared(source="docs 'Well-Known Labels'; KEP-2447", upstream=("service: service.kubernetes.io/service-proxy-name",))
def test_a_service_of_another_proxy_is_left_alone(pods: Pods) -> Steps:
    """While a Service has the label service-proxy-name, kube-proxy serves neither its ClusterIP nor its NodePort."""
    plain = Service("web", type=ServiceType.NODE_PORT, app=None)
    aside = Service("web", type=ServiceType.NODE_PORT, app=None, labels={PROXY_NAME: "another-proxy"})
    return (
        Step("without the label", {plain: endpoints(pods[0])}),
        Step("with it", {aside: endpoints(pods[0])}),
        Step("without it again", {plain: endpoints(pods[1])}),
    )


@declared(source="KEP-2447: the label counts, whatever its value; newProxyServer in cmd/kube-proxy/app/server.go")
def test_a_service_of_a_proxy_without_a_name_is_left_alone(pods: Pods) -> Steps:
    """The label service-proxy-name counts from the Service's first moment, even if its value is empty."""
    return (
        Step("from the beginning", {Service("web", app=None, labels={PROXY_NAME: ""}): endpoints(pods[0])}),
        Step("without", {Service("web", app=None): endpoints(pods[0])}),
    )


@declared(
    source="docs 'Well-Known Labels'; Run in cmd/kube-proxy/app/server.go",
    upstream=("service: service.kubernetes.io/headless (label on Service/slice)",),
)
def test_the_label_headless_of_a_service_is_obeyed_as_its_version_does(pods: Pods) -> Steps:
    """kube-proxy before 1.36 leaves a Service with the label headless alone; later ones look at its slices' labels."""
    plain = Service("web", app=None)
    labelled = Service("web", app=None, labels={HEADLESS: ""})
    return (
        Step("without the label", {plain: endpoints(pods[0])}),
        Step("with it", {labelled: endpoints(pods[1])}),
        Step("without it again", {plain: endpoints(pods[0])}),
    )
