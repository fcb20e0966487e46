"""The cluster check on real clusters: sound ones, and each thing that goes wrong on them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gauntlet.cli.main import main
from gauntlet.doctor.cluster_check import Level, Report, cluster_facts, examine, node_facts
from gauntlet.doctor.cluster_check.mismatches import Kind, mismatches
from gauntlet.ground.cluster import Cluster, Node, ProxyMode
from gauntlet.ground.errors import ExitCode
from gauntlet.ground.paths import project_root
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api, Manifest
from gauntlet.kube.objects import NodeObject, modelled
from gauntlet.providers import ClusterSpec, provider
from gauntlet.providers.sandbox.layout import BIN
from gauntlet.proxy import finder
from gauntlet.proxy.health import healthy
from gauntlet.proxy.modelled import proxy
from gauntlet.proxy.restart import RESTART, await_anew
from gauntlet.semantics.places import ServingNode
from gauntlet.subject import plain
from tests.unit.cluster_check.facts import bad, told

WIDTH = 80
OTHER = {ProxyMode.IPTABLES: ProxyMode.NFTABLES, ProxyMode.NFTABLES: ProxyMode.IPTABLES}
EMPTY_TABLE = {
    ProxyMode.IPTABLES: ("iptables", "-w", "-t", "nat", "-F", "KUBE-SERVICES"),
    ProxyMode.NFTABLES: ("nft", "delete", "table", "ip", "kube-proxy"),
}
# What the supervisor starts on the node is another program meanwhile.
DEAD = f"mount --bind /bin/false {BIN}/kube-proxy" + finder.each('kill -KILL "$pid"')
ALIVE = f"umount {BIN}/kube-proxy"
SHOP = "cluster-check"
ZONE = "topology.kubernetes.io/zone"


@pytest.fixture(scope="module", params=[ProxyMode.IPTABLES, ProxyMode.NFTABLES])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Two nodes, and a Service `web` with two endpoints, written by hand."""
    sandbox = provider("sandbox")
    name = f"check-{request.param}-{os.getpid()}"
    made = sandbox.create(ClusterSpec(name=name, subject=plain(request.param), nodes=2))
    api = Api(made.api)
    api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}})
    serve(api, "web", "10.244.1.200", "10.244.2.200", node_port=30080)
    # What a case then takes from the rules, the sync for `web` would put back.
    until(lambda: not bad(check(made)), what="the rules of web are there", deadline_s=15.0)
    yield made
    sandbox.delete(name)


@pytest.fixture
def api(cluster: Cluster) -> Api:
    return Api(cluster.api)


def serve(api: Api, name: str, *ready: str, node_port: int | None = None, unready: tuple[str, ...] = ()) -> None:
    """A Service without a selector, and its endpoints."""
    port: Manifest = {"name": "http", "port": 80, "protocol": "TCP"}
    if node_port:
        port["nodePort"] = node_port
    spec: Manifest = {"type": "NodePort" if node_port else "ClusterIP", "ports": [port]}
    api.post(f"/api/v1/namespaces/{SHOP}/services", object_of("v1", "Service", name, spec=spec))
    endpoints = [{"addresses": [each], "conditions": {"ready": each in ready}} for each in (*ready, *unready)]
    if endpoints:
        made = object_of(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            name,
            labels={"kubernetes.io/service-name": name},
            addressType="IPv4",
            ports=[{"name": "http", "port": 8080, "protocol": "TCP"}],
            endpoints=endpoints,
        )
        api.post(f"/apis/discovery.k8s.io/v1/namespaces/{SHOP}/endpointslices", made)


def ready_endpoint(address: str) -> Manifest:
    return {"addresses": [address], "conditions": {"ready": True}}


def object_of(version: str, kind: str, name: str, labels: dict[str, str] | None = None, **more: object) -> Manifest:
    made = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "labels": labels or {}}, **more}
    return json.loads(json.dumps(made))  # type: ignore[no-any-return]


@contextmanager
def existing(api: Api, folder: str, made: Manifest, status: Manifest | None = None) -> Iterator[None]:
    """An object, for as long as the block lasts."""
    api.post(folder, made)
    path = f"{folder}/{made['metadata']['name']}"  # type: ignore[index,call-overload]
    try:
        if status is not None:
            api.patch(f"{path}/status", {"status": status})
        yield
    finally:
        api.delete(path)


def check(cluster: Cluster) -> Report:
    return examine(Api(cluster.api), cluster.nodes)


def doctor(cluster: Cluster, *options: str) -> Result:
    arguments = ["doctor", "--cluster", "--kubeconfig", str(cluster.kubeconfig), *options]
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(WIDTH)})


def restart(node: Node, cluster: Cluster, mode: ProxyMode) -> None:
    old = node.proxy_pid()
    node.run(("sh", "-c", RESTART))
    await_anew(node, cluster, old, mode)


def test_a_sound_cluster(cluster: Cluster) -> None:
    said = doctor(cluster)
    assert said.exit_code == ExitCode.OK, said.output
    lines = said.output.splitlines()
    assert max(map(len, lines)) <= WIDTH
    row = next(line.split() for line in lines if line.startswith("node-2"))
    # kubernetes:https, and web at its address and its node port.
    assert row[:5] == ["node-2", "runs", "1.37.2", str(cluster.mode), "200"]
    assert row[-2:] == ["3/3", "0%"]
    assert "runs as processes on 2 of 2 nodes" in " ".join(said.output.split())
    assert lines[-1].startswith("ok: 0 problems, 0 unknown, 0 warnings")


def test_sources_of_the_mode(cluster: Cluster) -> None:
    what = told(check(cluster), Level.OK, "mode", "say", "node-1").what
    assert what.startswith(f"{cluster.mode}, say /")
    assert what.endswith("kube-proxy.yaml, the log, /proxyMode, the rules")


def test_json(cluster: Cluster) -> None:
    document = json.loads(doctor(cluster, "--json").output)
    assert document["level"] == "ok"
    assert [each["kube_proxy"] for each in document["nodes"]] == ["runs", "runs"]


def lookahead(cluster: Cluster, *options: str) -> Result:
    arguments = ["lookahead", "--kubeconfig", str(cluster.kubeconfig), *options]
    return CliRunner().invoke(main, arguments, env={"COLUMNS": str(WIDTH)})


def test_what_the_next_kube_proxy_will_do(cluster: Cluster) -> None:
    """Nothing stands in the way of the version that runs, by the word of its program; a later one is too new."""
    same = lookahead(cluster, "--to", "1.37")
    assert same.exit_code == ExitCode.OK, same.output
    assert max(map(len, same.output.splitlines())) <= WIDTH
    assert "node-1, node-2: kube-proxy 1.37 takes this configuration" in " ".join(same.output.split())
    other = json.loads(lookahead(cluster, "--to", f"{OTHER[cluster.mode]}@1.37", "--json").output)
    words = {(each["check"], each["where"]): each["what"] for each in other["diagnoses"] if each["level"] != "ok"}
    assert words["mode", "node-1"].startswith(f"{cluster.mode} mode becomes {OTHER[cluster.mode]} mode")
    late = lookahead(cluster, "--to", "1.43")
    assert late.exit_code == ExitCode.FAILED, late.output
    assert "kube-proxy 1.43 is newer than the API server, 1.37.2" in " ".join(late.output.split())
    assert "What 1.38 will bring" in doctor(cluster).output


def test_a_kube_proxy_that_died_unseen(cluster: Cluster, api: Api) -> None:
    """Its rules are still there and every Service answers; but they follow no change any more."""
    dead = cluster.nodes[1]
    dead.run(("sh", "-c", DEAD))
    try:
        found = check(cluster)
        told(found, Level.PROBLEM, "kube-proxy", "no kube-proxy runs; the ", "node-2")
        assert {each.where for each in bad(found)} == {"node-2"}
        serve(api, "later", "10.244.1.201")
        try:
            said = doctor(cluster)
            assert said.exit_code == ExitCode.FAILED
            words = " ".join(said.output.split())
            assert "problem rules node-2: 1 x a place has no rule: cluster-check/later:http" in words
        finally:
            api.delete(f"/api/v1/namespaces/{SHOP}/services/later")
    finally:
        dead.run(("sh", "-c", ALIVE))
        await_anew(dead, cluster, None)
    assert bad(check(cluster)) == []


def test_a_kube_proxy_that_is_stopped(cluster: Cluster) -> None:
    stopped = cluster.nodes[0]
    pid = str(stopped.proxy_pid())
    stopped.run(("kill", "-STOP", pid))
    try:
        found = check(cluster)
    finally:
        stopped.run(("kill", "-CONT", pid))
    told(found, Level.PROBLEM, "kube-proxy", "is stopped (state T)", "node-1")
    told(found, Level.PROBLEM, "health", "/healthz does not answer", "node-1")


def test_rules_that_are_gone_while_healthz_is_content(cluster: Cluster) -> None:
    hurt = cluster.nodes[0]
    hurt.run(EMPTY_TABLE[cluster.mode])
    try:
        found = check(cluster)
        assert hurt.run(healthy(hurt), check=False).code == 0
    finally:
        restart(hurt, cluster, cluster.mode)
    assert any((each.check, each.level, each.where) == ("rules", Level.PROBLEM, "node-1") for each in bad(found))
    told(found, Level.PROBLEM, "health", "/healthz says 200, and yet", "node-1")
    assert {each.where for each in bad(found)} == {"node-1"}


def test_an_endpoint_that_a_stopped_kube_proxy_keeps(cluster: Cluster, api: Api) -> None:
    stopped = cluster.nodes[0]
    pid = str(stopped.proxy_pid())
    path = f"/apis/discovery.k8s.io/v1/namespaces/{SHOP}/endpointslices/web"
    first, second = map(ready_endpoint, ("10.244.1.200", "10.244.2.200"))
    stopped.run(("kill", "-STOP", pid))
    try:
        api.patch(path, {"endpoints": [first]})
        found = check(cluster)
    finally:
        api.patch(path, {"endpoints": [first, second]})
        stopped.run(("kill", "-CONT", pid))
    what = told(found, Level.PROBLEM, "rules", "leads to an address that is no endpoint", "node-1").what
    assert "-> 10.244.2.200" in what
    assert {each.where for each in bad(found)} == {"node-1"}


def test_policies_and_hints_leave_endpoints_aside(cluster: Cluster, api: Api) -> None:
    """The model says the same as each kube-proxy, and something else of a node that is not this one."""
    zones = {"node-1": "west", "node-2": "east"}
    endpoints = [
        {**ready_endpoint(f"10.244.{number}.201"), "nodeName": name, "hints": {"forZones": [{"name": zone}]}}
        for number, (name, zone) in enumerate(zones.items(), start=1)
    ]
    made = {"own": {"internalTrafficPolicy": "Local"}, "near": {}}
    with ExitStack() as stack:
        for name, zone in zones.items():
            path = f"/api/v1/nodes/{name}"
            api.patch(path, {"metadata": {"labels": {ZONE: zone}}})
            stack.callback(api.patch, path, {"metadata": {"labels": {ZONE: None}}})
        for name, spec in made.items():
            port = {"name": "http", "port": 80, "targetPort": 8080}
            service = object_of("v1", "Service", name, spec={"ports": [port], **spec})
            stack.enter_context(existing(api, f"/api/v1/namespaces/{SHOP}/services", service))
            sliced = object_of(
                "discovery.k8s.io/v1", "EndpointSlice", name, {"kubernetes.io/service-name": name},
                addressType="IPv4", endpoints=endpoints, ports=[{"name": "http", "port": 8080}],
            )  # fmt: skip
            folder = f"/apis/discovery.k8s.io/v1/namespaces/{SHOP}/endpointslices"
            stack.enter_context(existing(api, folder, sliced))
        assert bad(check(cluster)) == []
        served = cluster_facts.services(api)
        looked = node_facts.gather(cluster.nodes[0], None)
        nodes = {name: modelled.node(api.one(NodeObject, f"/api/v1/nodes/{name}")) for name in zones}
        version = looked.metrics.version if looked.metrics is not None else ""
        serving = proxy(cluster.mode, version, {})
        (rules,) = [each for each in looked.rules if each.mode is cluster.mode]
        assert mismatches(served, rules, looked.addresses, ServingNode(nodes["node-1"], serving)) == frozenset()
        other = mismatches(served, rules, looked.addresses, ServingNode(nodes["node-2"], serving))
    assert {(each.kind, each.endpoint, each.place.service) for each in other} == {
        (kind, endpoint, f"{SHOP}/{name}:http")
        for name in made
        for kind, endpoint in ((Kind.ASTRAY, "10.244.1.201"), (Kind.PASSED_OVER, "10.244.2.201"))
    }


def test_a_mode_that_the_next_restart_would_bring(cluster: Cluster) -> None:
    other = OTHER[cluster.mode]
    cluster.configure_proxies({"mode": str(other)})
    try:
        found = check(cluster)
    finally:
        cluster.configure_proxies({"mode": str(cluster.mode)})
    what = told(found, Level.PROBLEM, "mode", f"{cluster.mode} by the log, /proxyMode, the rules, but /", "node-1").what
    assert what.endswith(f"kube-proxy.yaml says {other}")


def test_nodes_in_different_modes(cluster: Cluster) -> None:
    """kube-proxy clears away what another mode left when it starts, so nothing is left over."""
    changed = cluster.nodes[1]
    other = OTHER[cluster.mode]
    cluster.configure_proxies({"mode": str(other)})
    restart(changed, cluster, other)
    try:
        found = check(cluster)
    finally:
        cluster.configure_proxies({"mode": str(cluster.mode)})
        restart(changed, cluster, cluster.mode)
    what = told(found, Level.PROBLEM, "mode", "nodes are in different modes", "cluster").what
    assert f"{cluster.mode}: node-1" in what
    assert f"{other}: node-2" in what
    assert "left-over rules" not in {each.check for each in found.diagnoses}


def test_foreign_rules_of_another_mode(cluster: Cluster) -> None:
    """Rules that a kube-proxy outside the cluster's knowledge left: made by hand, in the form that it writes."""
    node = cluster.nodes[1]
    if cluster.mode is ProxyMode.NFTABLES:
        node.run(("iptables", "-w", "-t", "nat", "-N", "KUBE-SERVICES"))
        rule = "-d 10.96.9.9/32 -p tcp --dport 80 -m comment --comment a/b -j RETURN"
        node.run(("sh", "-c", f"iptables -w -t nat -A KUBE-SERVICES {rule}"))
        undo = "iptables -w -t nat -F KUBE-SERVICES && iptables -w -t nat -X KUBE-SERVICES"
    else:
        node.run(("nft", "-f", "-"), stdin=FOREIGN_TABLE)
        undo = "nft delete table ip kube-proxy"
    try:
        found = check(cluster)
    finally:
        node.run(("sh", "-c", undo))
    told(found, Level.WARNING, "left-over rules", f"1 IPv4 routes of {OTHER[cluster.mode]} mode", "node-2")


FOREIGN_TABLE = """
table ip kube-proxy {
  chain gone { reject; }
  map service-ips {
    type ipv4_addr . inet_proto . inet_service : verdict
    elements = { 10.96.9.9 . tcp . 80 : goto gone }
  }
}
"""


def test_services_without_endpoints(cluster: Cluster, api: Api) -> None:
    serve(api, "nobody")
    serve(api, "sick", unready=("10.244.1.202",))
    try:
        found = check(cluster)
        said = doctor(cluster)
    finally:
        for name in ("nobody", "sick"):
            api.delete(f"/api/v1/namespaces/{SHOP}/services/{name}")
    told(found, Level.WARNING, "endpoints", "1 Services have no endpoint at all: cluster-check/nobody")
    told(found, Level.PROBLEM, "endpoints", "none is ready: cluster-check/sick")
    assert {each.check for each in bad(found)} == {"endpoints"}
    assert said.exit_code == ExitCode.FAILED


def config_map(name: str, **data: str) -> Manifest:
    return object_of("v1", "ConfigMap", name, data=data)


def daemon_set(name: str, **spec: object) -> Manifest:
    """Nothing runs DaemonSets on the sandbox: their status is what a test says."""
    labels = {"k8s-app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "x:v1"}], **spec}}
    return object_of("apps/v1", "DaemonSet", name, spec={"selector": {"matchLabels": labels}, "template": template})


SYSTEM = "/api/v1/namespaces/kube-system"
SETS = "/apis/apps/v1/namespaces/kube-system/daemonsets"


def counted(desired: int, ready: int) -> Manifest:
    return {
        "desiredNumberScheduled": desired,
        "currentNumberScheduled": desired,
        "numberReady": ready,
        "numberMisscheduled": 0,
        "updatedNumberScheduled": desired,
    }


@pytest.mark.parametrize(("text", "level"), [("mode: ''\n", None), ("mode: ipvs\n", Level.PROBLEM)])
def test_a_config_map_of_kube_proxy(cluster: Cluster, api: Api, text: str, level: Level | None) -> None:
    """An empty mode is the default of this version, iptables; on a cluster in nftables mode that disagrees."""
    with existing(api, f"{SYSTEM}/configmaps", config_map("kube-proxy", **{"config.conf": text})):
        found = check(cluster)
    if level is None and cluster.mode is ProxyMode.IPTABLES:
        assert bad(found) == []
        told(found, Level.OK, "mode", "mode is not set, so iptables", "cluster")
    else:
        expected = "iptables" if level is None else "ipvs"
        told(found, Level.PROBLEM, "mode", f"but ConfigMap kube-system/kube-proxy says {expected}", "node-2")


@pytest.mark.parametrize(("ready", "level"), [(2, Level.OK), (1, Level.PROBLEM)])
def test_a_daemon_set_of_kube_proxy(cluster: Cluster, api: Api, ready: int, level: Level) -> None:
    with existing(api, SETS, daemon_set("kube-proxy"), counted(2, ready)):
        found = check(cluster)
    told(found, level, "kube-proxy", f"DaemonSet kube-system/kube-proxy: {ready} of 2 ready", "cluster")
    told(found, Level.PROBLEM, "kube-proxy", "no kube-proxy pod is here, although a DaemonSet runs them", "node-1")


@pytest.mark.parametrize(
    ("name", "cni"),
    [("kube-flannel-ds", "flannel"), ("calico-node", "calico"), ("aws-node", "aws-node"), ("weave-net", "weave"),
     ("cilium", "cilium"), ("antrea-agent", "antrea"), ("kindnet", "kindnet")],
)  # fmt: skip
def test_a_cni_is_known_by_its_daemon_set(cluster: Cluster, api: Api, name: str, cni: str) -> None:
    with existing(api, SETS, daemon_set(name), counted(2, 1)):
        found = check(cluster)
    assert (found.cni, found.replaced_by) == (cni, "")
    told(found, Level.PROBLEM, "cni", f"{cni}: DaemonSet kube-system/{name}, 1 of 2 ready")


def test_cilium_in_place_of_kube_proxy(cluster: Cluster, api: Api) -> None:
    with (
        existing(api, f"{SYSTEM}/configmaps", config_map("cilium-config", **{"kube-proxy-replacement": "true"})),
        existing(api, SETS, daemon_set("cilium"), counted(2, 2)),
    ):
        said = doctor(cluster)
    assert said.exit_code == ExitCode.OK, said.output
    words = " ".join(said.output.split())
    assert "kube-proxy is replaced by cilium (kube-proxy-replacement: true): nothing else was looked at" in words
    assert "node-1" not in said.output


def test_antrea_in_place_of_kube_proxy(cluster: Cluster, api: Api) -> None:
    configuration = config_map("antrea-config-8h2", **{"antrea-agent.conf": "antreaProxy:\n  proxyAll: true\n"})
    volumes = [{"name": "config", "configMap": {"name": "antrea-config-8h2"}}]
    with (
        existing(api, f"{SYSTEM}/configmaps", configuration),
        existing(api, SETS, daemon_set("antrea-agent", volumes=volumes), counted(2, 2)),
    ):
        assert check(cluster).replaced_by == "antrea (antreaProxy.proxyAll: true)"


def test_calico_in_place_of_kube_proxy(cluster: Cluster, api: Api) -> None:
    crd = object_of(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "felixconfigurations.crd.projectcalico.org",
        spec={
            "group": "crd.projectcalico.org",
            "names": {"kind": "FelixConfiguration", "plural": "felixconfigurations"},
            "scope": "Cluster",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                }
            ],
        },
    )
    felix = "/apis/crd.projectcalico.org/v1/felixconfigurations"
    made = object_of("crd.projectcalico.org/v1", "FelixConfiguration", "default", spec={"bpfEnabled": True})
    with (
        existing(api, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd),
        existing(api, SETS, daemon_set("calico-node"), counted(2, 2)),
    ):
        until(lambda: served(api, felix), what="the resource is served", deadline_s=20.0)
        assert check(cluster).replaced_by == ""
        with existing(api, felix, made):
            assert check(cluster).replaced_by == "calico (eBPF, bpfEnabled: true)"


def served(api: Api, path: str) -> bool:
    from gauntlet.kube.api import ApiRefused

    try:
        api.get(path)
    except ApiRefused:
        return False
    return True


def test_a_kubeconfig_that_is_not_the_gauntlets(cluster: Cluster, tmp_path: Path) -> None:
    """Without a way onto the nodes, what is there stays unknown, and unknown is no pass."""
    import yaml

    document = yaml.safe_load(cluster.kubeconfig.read_text())
    del document["clusters"][0]["cluster"]["extensions"]
    document["contexts"].append({**document["contexts"][0], "name": "mine"})
    document["current-context"] = "none"
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(document))
    arguments = ["doctor", "--cluster", "--kubeconfig", str(file)]
    said = CliRunner().invoke(main, [*arguments, "--context", "mine"], env={"COLUMNS": str(WIDTH)})
    assert said.exit_code == ExitCode.FAILED
    assert "the gauntlet has no way onto the nodes" in " ".join(said.output.split())
    said = CliRunner().invoke(main, [*arguments, "--context", "nobody's"])
    assert said.exit_code == ExitCode.USAGE
    assert "nobody's" in said.output


@pytest.fixture
def somebody(cluster: Cluster, api: Api) -> Iterator[Api]:
    """The API as a ServiceAccount sees it that has no rights but everybody's."""
    from kubernetes.client import Configuration

    from gauntlet.kube.api_client import PatientClient

    accounts = f"/api/v1/namespaces/{SHOP}/serviceaccounts"
    api.post(accounts, object_of("v1", "ServiceAccount", "somebody"))
    asked = object_of("authentication.k8s.io/v1", "TokenRequest", "somebody", spec={"expirationSeconds": 600})
    token = json.loads(api.post(f"{accounts}/somebody/token", asked))["status"]["token"]
    known = cluster.api.configuration
    settings = Configuration(host=known.host, api_key={"authorization": f"Bearer {token}"})
    settings.ssl_ca_cert = known.ssl_ca_cert
    settings.proxy = None
    yield Api(PatientClient(settings))
    api.delete(f"{accounts}/somebody")


def test_without_rights_nothing_is_well(cluster: Cluster, somebody: Api) -> None:
    found = examine(somebody, cluster.nodes)
    told(found, Level.UNKNOWN, "access", "does not let us read /api/v1/services")
    assert not found.sound
    assert not {"rules", "endpoints"} & {each.check for each in found.diagnoses}


def test_the_documented_rights_are_enough(cluster: Cluster, api: Api, somebody: Api) -> None:
    import yaml

    text = (project_root() / "docs" / "cluster-check.md").read_text()
    role = yaml.safe_load(text.partition("```yaml")[2].partition("```")[0])
    name = role["metadata"]["name"]
    binding = object_of(
        "rbac.authorization.k8s.io/v1",
        "ClusterRoleBinding",
        name,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
        subjects=[{"kind": "ServiceAccount", "name": "somebody", "namespace": SHOP}],
    )
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    with (
        existing(api, f"{rbac}/clusterroles", role),
        existing(api, f"{rbac}/clusterrolebindings", binding),
    ):
        until(lambda: served(somebody, SETS), what="the rights are in effect", deadline_s=20.0)
        assert bad(examine(somebody, cluster.nodes)) == []
