"""A real kind cluster. Runs only where a Docker daemon answers that has the images (`gauntlet images build`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from gauntlet.build import docker
from gauntlet.build.binaries import DEFAULT_VERSION
from gauntlet.build.images import making
from gauntlet.faults.fault import NoParameters, Scene
from gauntlet.faults.flush_nat import FlushNat
from gauntlet.ground import nobody
from gauntlet.ground.cluster import Cluster, Node, ProxyMode
from gauntlet.ground.errors import GauntletError, UsageError
from gauntlet.ground.history import Frontend
from gauntlet.ground.journal.store import Journal
from gauntlet.ground.waiting import until
from gauntlet.kube.api import Api
from gauntlet.providers import ClusterSpec, KindOptions, connect, provider
from gauntlet.providers.kind.cluster import failed_dir, state_dir
from gauntlet.proxy import process as proxy_process
from gauntlet.proxy.rules import read
from gauntlet.subject import plain
from gauntlet.traffic import Load, Target, Traffic
from gauntlet.workload import Service, ServiceType
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.backend import IMAGE, one_on_each
from gauntlet.workload.workload import Workload

# The name that Docker's DNS answers in a container on kind's network.
_DNS_RULE = "127.0.0.11"


def _lack() -> str:
    try:
        docker.require()
        if not docker.run("images", "--quiet", "kube-proxy-gauntlet/node").split():
            return "Docker has no node image: gauntlet images build"
    except GauntletError as error:
        return error.what
    return ""


LACK = _lack()
pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)
NAME = f"test-kind-{os.getpid()}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    kind = provider("kind")
    made = kind.create(ClusterSpec(NAME, plain(ProxyMode.IPTABLES)))
    yield made
    kind.delete(NAME)
    assert not docker.run("ps", "--all", "--quiet", "--filter", f"name={NAME}").split()
    assert not made.state_dir.exists()


def test_cluster_that_does_not_come_up_leaves_its_logs_and_nothing_else() -> None:
    """The image of the client is no node: kind waits for its systemd in vain."""
    name = f"{NAME}-failing"
    no_node = making.find(DEFAULT_VERSION, say=lambda _: None).client
    with pytest.raises(GauntletError, match="the logs of its nodes") as failed:
        provider("kind").create(ClusterSpec(name, plain(ProxyMode.IPTABLES), kind=KindOptions(image=no_node)))
    logs = failed_dir() / name
    assert str(logs) in failed.value.what
    assert any(each.stat().st_size for each in logs.rglob("*.log"))
    shutil.rmtree(logs)
    assert not docker.run("ps", "--all", "--quiet", "--filter", f"name={name}").split()
    assert not state_dir(name).exists()


def test_a_bring_up_that_is_killed_is_known_and_taken_away() -> None:
    """Killed when its first node is there: kind ends with it, the node stays."""
    name = f"{NAME}-killed"
    making_it = "import sys\nfrom gauntlet.providers import ClusterSpec, provider\nfrom gauntlet.subject import parse\n"
    making_it += 'provider("kind").create(ClusterSpec(sys.argv[1], parse("iptables", "1.37")))\n'
    with subprocess.Popen([sys.executable, "-c", making_it, name]) as process:
        nodes = ("ps", "--all", "--quiet", "--filter", f"label=io.x-k8s.kind.cluster={name}")
        until(lambda: docker.run(*nodes).split(), what="the first node is there", deadline_s=60)
        assert name not in provider("kind").broken()
        process.kill()
    assert (state_dir(name) / "kind.yaml").exists()
    assert docker.run(*nodes).split()
    assert "was killed before it was done" in provider("kind").broken()[name].what
    provider("kind").delete(name)
    assert not docker.run(*nodes).split()
    assert name not in provider("kind").broken()


def test_workers_come_before_the_control_plane(cluster: Cluster) -> None:
    assert [node.name for node in cluster.nodes] == [f"{NAME}-worker", f"{NAME}-worker2", f"{NAME}-control-plane"]
    assert len({node.pod_cidrs for node in cluster.nodes}) == len({node.address for node in cluster.nodes}) == 3


def test_the_same_name_is_the_same_cluster_but_not_in_another_mode(cluster: Cluster) -> None:
    assert provider("kind").create(ClusterSpec(NAME, plain(ProxyMode.IPTABLES))).nodes == cluster.nodes
    assert connect(cluster.kubeconfig).name == NAME
    assert NAME in {found.name for found in provider("kind").list()}
    with pytest.raises(UsageError, match="already"):
        provider("kind").create(ClusterSpec(NAME, plain(ProxyMode.NFTABLES)))


def test_connecting_starts_nothing_that_stays(cluster: Cluster) -> None:
    before = threading.enumerate()
    for _ in range(3):
        assert connect(cluster.kubeconfig).nodes == cluster.nodes
    assert threading.enumerate() == before


@pytest.mark.parametrize(
    "address", ["10.96.200.200", "10.200.0.9", *(str(ip_network(each)[10]) for each in nobody.RANGES if "." in each)]
)
def test_what_no_kube_proxy_translated_goes_to_the_outside_host(cluster: Cluster, address: str) -> None:
    for node in cluster.nodes:
        assert f"via {cluster.outside.address} " in node.run(["ip", "route", "get", address]).stdout


def test_commands_on_nodes(cluster: Cluster) -> None:
    node = cluster.nodes[0]

    assert node.run(["cat"], stdin="said").stdout == "said"
    assert node.run(["sh", "-c", "exit 7"], check=False).code == 7
    with pytest.raises(GauntletError, match="not done after 1 s"):
        node.run(["sleep", "30"], timeout_s=1)
    assert node.run(["pgrep", "-x", "sleep", "--full", "sleep 30"], check=False).code != 0
    assert proxy_process.running(node).pid == node.proxy_pid()
    assert "Using iptables Proxier" in node.proxy_log()


def test_every_client_reaches_every_backend(cluster: Cluster, tmp_path: Path) -> None:
    api = Api(cluster.api)
    name = namespaces.create(api, "live")
    nodes = tuple(node.name for node in cluster.nodes)
    pods = Workload(api, name).run(*one_on_each(nodes, image=cluster.client_image or IMAGE))
    served = Workload(api, name).serve(Service("probe", type=ServiceType.NODE_PORT))
    clients = [*(cluster.pod(name, pod.name) for pod in pods.all), *cluster.nodes]
    with Traffic(tmp_path) as traffic:
        for client in clients:
            for pod in pods.all:
                direct = Target(f"{name}/direct", Frontend.CLUSTER_IP, pod.address, 8080)
                sent = traffic.send(client, Load(direct, attempts=3))
                assert set(sent["outcome"]) == {"ok"}
                assert set(sent["backend"]) == {pod.name}
        target = served.node_port(cluster.nodes[0])
        until(
            lambda: set(traffic.send(cluster.outside, Load(target, attempts=9))["outcome"]) == {"ok"},
            what="the outside host reaches a NodePort",
            deadline_s=20,
        )
    namespaces.delete(api, name)


def test_flushing_nat_leaves_the_rule_of_dockers_dns(cluster: Cluster, tmp_path: Path) -> None:
    node = cluster.nodes[0]
    before = [line for line in _nat(node) if _DNS_RULE in line]
    fault = FlushNat(Scene(cluster, node, Journal(tmp_path / "journal"), None, 60.0), NoParameters())

    fault.inject()
    fault.landed()
    after = [line for line in _nat(node) if _DNS_RULE in line]
    fault.heal()
    fault.healed()

    assert before
    assert sorted(after) == sorted(before)
    assert read(node, cluster.mode).hooked


def _nat(node: Node) -> list[str]:
    return node.run(["iptables-save", "-t", "nat"]).stdout.splitlines()
