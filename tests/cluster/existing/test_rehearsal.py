"""A rehearsal on a real API server: it tells every change and makes none."""

from __future__ import annotations

import json

from gauntlet.ground.cluster import Cluster
from gauntlet.kube.api import Api
from gauntlet.providers.existing import marker, node_access
from gauntlet.providers.existing.provider import sweep
from gauntlet.providers.existing.rehearsal_api import RehearsingClient
from gauntlet.workload import Service, ServiceType
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import IMAGE, Backend
from gauntlet.workload.namespace import PATH
from gauntlet.workload.workload import Workload

RESOURCES = (
    PATH,
    "/api/v1/pods",
    "/api/v1/services",
    "/api/v1/configmaps",
    "/apis/apps/v1/daemonsets",
    "/apis/discovery.k8s.io/v1/endpointslices",
)


def everything(api: Api) -> dict[str, str]:
    """Resource version by uid: any change of any object shows."""
    items = [each for path in RESOURCES for each in json.loads(api.get(path))["items"]]
    return {each["metadata"]["uid"]: each["metadata"]["resourceVersion"] for each in items}


def work(api: Api, sandbox: Cluster) -> None:
    """The way in, a case, and the way out: the code of a real run."""
    node_access.deploy(api, "dry-run", IMAGE)
    name = namespaces.create(api, "rehearsed")
    workload = Workload(api, name)
    running = workload.run(*(Backend(f"backend-{node.name}", node.name) for node in sandbox.nodes))
    served = workload.serve(Service("echo", type=ServiceType.NODE_PORT))
    workload.wait_endpoints(served.declared, frozenset(each.address for each in running.all))
    workload.delete_backend(running.all[0].name)
    workload.wait_endpoints(served.declared, frozenset(each.address for each in running.all[1:]))
    api.patch(f"{PATH}/{name}", {"metadata": {"labels": {"touched": "yes"}}})
    sweep(api)


def test_nothing_is_changed_and_all_is_told(sandbox: Cluster, api: Api) -> None:
    told: list[str] = []
    before = everything(api)
    work(Api(RehearsingClient(sandbox.api, told.append)), sandbox)
    assert everything(api) == before
    heads = [each.splitlines()[0] for each in told]
    assert [head.split()[0] for head in heads].count("create,") == 1 + 2 + 1 + len(sandbox.nodes) + 1
    assert any("privileged: true" in each for each in told)
    deleted = [head for head in heads if head.startswith("delete ")]
    assert f"delete {node_access.SETS}/{node_access.NAME}" in deleted
    assert f"delete {PATH}/{marker.NAMESPACE}" in deleted


def test_the_same_work_for_real_is_seen(sandbox: Cluster, api: Api) -> None:
    """What shows that the other test could fail."""
    before = everything(api)
    node_access.deploy(api, "dry-run", IMAGE)
    assert everything(api) != before
