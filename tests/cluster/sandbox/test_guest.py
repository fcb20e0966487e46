"""Nodes with a kernel of their own: they take commands, serve, crash and boot again, and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator
from functools import partial

import psutil
import pytest
from kubernetes import client

from gauntlet.ground.cluster import Cluster, CommandFailed, Host, MachineState, NodeKernel, ProxyMode
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import BOTH
from gauntlet.ground.waiting import until
from gauntlet.nodes.guest.node import GuestNode
from gauntlet.providers import ClusterSpec, connect, provider
from gauntlet.providers.sandbox import layout, uml
from gauntlet.providers.sandbox.address_plan import plans
from gauntlet.subject import plain
from tests.cluster.sandbox.conftest import Namespace
from tests.cluster.sandbox.test_cluster import fetch, reaches
from tests.cluster.sandbox.test_guest_machine import processes

MODES = (ProxyMode.IPVS, ProxyMode.IPTABLES)
SERVES_S = 90.0


def make(mode: ProxyMode) -> Iterator[Cluster]:
    sandbox = provider("sandbox")
    name = f"guest-{mode}-{os.getpid()}"
    spec = ClusterSpec(name, plain(mode), nodes=2, kernel=NodeKernel.OWN)
    made = sandbox.create(spec)
    yield made
    sandbox.delete(name)


@pytest.fixture(scope="module")
def ipvs() -> Iterator[Cluster]:
    yield from make(ProxyMode.IPVS)


@pytest.fixture(scope="module")
def iptables() -> Iterator[Cluster]:
    yield from make(ProxyMode.IPTABLES)


@pytest.fixture
def node(ipvs: Cluster) -> GuestNode:
    return guest(ipvs, 0)


def guest(cluster: Cluster, index: int) -> GuestNode:
    found = cluster.nodes[index]
    assert isinstance(found, GuestNode)
    return found


def test_commands_give_code_and_streams(node: GuestNode) -> None:
    done = node.run(["sh", "-c", "cat; echo sorry >&2; exit 3"], stdin="grüße", check=False)
    assert (done.code, done.stdout, done.stderr) == (3, "grüße", "sorry\n")
    with pytest.raises(CommandFailed, match="on node-1 ended with 3: sorry"):
        node.run(["sh", "-c", "echo sorry >&2; exit 3"])
    assert node.run(["no-such-program"], check=False).code == 127
    assert node.run(["sh", "-c", "kill -KILL $$"], check=False).code == -signal.SIGKILL
    assert node.run(["cat"]).stdout == ""


def test_the_kernel_is_its_own(ipvs: Cluster, node: GuestNode) -> None:
    assert node.run(["uname", "-nr"]).stdout.split() == [node.name, ipvs.kernel]
    assert ipvs.kernel == uml.kernel().release != os.uname().release
    assert node.run(["sh", "-c", "ulimit -n"]).stdout == "64000\n"
    assert "legacy" in node.run(["iptables", "--version"]).stdout


# SHA-512 of OpenSSL works in vector registers; three threads take turns on the one processor.
HASHES = """
import hashlib, threading
wrong = []
def check(byte):
    data = byte * 200_000
    right = hashlib.sha512(data).hexdigest()
    wrong.extend(1 for _ in range(400) if hashlib.sha512(data).hexdigest() != right)
threads = [threading.Thread(target=check, args=(byte,)) for byte in (b"a", b"b", b"c")]
for each in threads: each.start()
for each in threads: each.join()
print(len(wrong))
"""


def test_threads_of_a_program_keep_their_vector_registers(node: GuestNode) -> None:
    """Where they lost them when they take turns, kube-proxy's memory would rot (docs/decisions/0009-amx.md)."""
    assert node.run(["python3", "-c", HASHES]).stdout == "0\n"


def test_streams_are_binary_and_whole(node: GuestNode) -> None:
    data = os.urandom(1 << 20) * 4
    process = node.spawn(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    written = threading.Thread(target=process.stdin.buffer.write, args=(data,))  # type: ignore[attr-defined]
    written.start()
    back = process.stdout.buffer.read(len(data))  # type: ignore[attr-defined]
    written.join()
    process.stdin.close()
    assert back == data
    assert process.stdout.read() == ""
    assert process.wait() == 0
    process.stdout.close()


def test_spawned_commands_pass_environment_and_code(node: GuestNode) -> None:
    process = node.spawn(["sh", "-c", 'echo "$WORD"; exit 5'], env={"WORD": "hello"}, stdout=subprocess.PIPE)
    assert process.communicate()[0] == "hello\n"
    assert process.returncode == 5


def test_many_commands_run_at_once(node: GuestNode) -> None:
    begun = [
        node.spawn(
            ["sh", "-c", f"read line; echo {number}; exit {number}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for number in range(20)
    ]
    # All of them wait for their line, so all are there at the same time.
    assert [process.communicate("go\n")[0] for process in begun] == [f"{number}\n" for number in range(20)]
    assert [process.returncode for process in begun] == list(range(20))


def test_a_command_is_killed_with_its_client_and_at_its_deadline(node: GuestNode) -> None:
    def runs(seconds: int) -> bool:
        return node.run(["pgrep", "--full", f"^sleep {seconds}$"], check=False).code == 0

    process = node.spawn(["sh", "-c", "sleep 4711; true"])
    until(lambda: runs(4711), what="the command and its child run", deadline_s=20.0)
    process.kill()
    process.wait()
    until(lambda: not runs(4711), what="the command is gone", deadline_s=20.0)
    with pytest.raises(CommandFailed, match="not done after"):
        node.run(["sleep", "4712"], timeout_s=1.0)
    until(lambda: not runs(4712), what="the late command is gone", deadline_s=20.0)


def test_commands_pass_broken_rules_and_links(node: GuestNode) -> None:
    node.run(["iptables", "-I", "INPUT", "-j", "DROP"])
    node.run(["iptables", "-I", "OUTPUT", "-j", "DROP"])
    node.run(["ip", "link", "set", "vec0", "down"])
    try:
        assert node.run(["hostname"]).stdout == "node-1\n"
    finally:
        node.run(["iptables", "-D", "INPUT", "-j", "DROP"])
        node.run(["iptables", "-D", "OUTPUT", "-j", "DROP"])
        node.run(["ip", "link", "set", "vec0", "up"])
        ipv4, ipv6 = plans(BOTH)
        # With its link a node loses the routes, and of IPv6 the address as well.
        lost = [f"addr add {node.address_in(ipv6.family)}/{ipv6.fabric_bits} dev vec0"]
        for plan in (ipv4, ipv6):
            lost += [f"route add {plan.everything} via {plan.api}", f"route add {plan.node_pods(2)} via {plan.node(2)}"]
        node.run(["ip", "-batch", "-"], stdin="\n".join(lost))


def test_clocks_agree(node: GuestNode) -> None:
    found = node.clock_offset()
    assert abs(found.offset_ns) + found.uncertainty_ns < 5_000_000


@pytest.fixture(params=MODES)
def cluster(request: pytest.FixtureRequest) -> Cluster:
    made: Cluster = request.getfixturevalue(str(request.param))
    return made


def seen(hosts: dict[str, Host], urls: list[str], backends: set[str]) -> None:
    for name, host in hosts.items():
        for url in urls:
            until(partial(reaches, host, url, backends), what=f"{name} reaches all by {url}", deadline_s=SERVES_S)


@pytest.fixture
def service(cluster: Cluster, namespace: Namespace) -> client.V1Service:
    """One with three backends, two of them on the same node."""
    for number, on in enumerate((0, 0, 1)):
        namespace.start(f"backend-{number}", cluster.nodes[on].name)
    made = namespace.service(type="NodePort")
    for number in range(3):
        namespace.wait_ready(f"backend-{number}")
    return made


def cluster_ip(service: client.V1Service) -> str:
    return f"http://{service.spec.cluster_ip}/hostname"


BACKENDS = {"backend-0", "backend-1", "backend-2"}


def test_services_answer(cluster: Cluster, namespace: Namespace, service: client.V1Service) -> None:
    pods = {name: cluster.pod(namespace.name, name) for name in ("backend-0", "backend-2")}
    # Among them are the pod's own address and that of its neighbour on the node: both by way of the node.
    seen(pods, [cluster_ip(service)], BACKENDS)
    ports = [f"http://{node.address}:{service.spec.ports[0].node_port}/hostname" for node in cluster.nodes]
    seen({"outside": cluster.outside}, ports, BACKENDS)
    seen({node.name: node for node in cluster.nodes[:1]}, [cluster_ip(service)], BACKENDS)


def test_neighbours_meet_in_the_guest(cluster: Cluster, namespace: Namespace, service: client.V1Service) -> None:
    """The bridge does not carry packets between pods: what the node refuses to forward does not arrive."""
    node, pod = cluster.nodes[0], cluster.pod(namespace.name, "backend-0")
    neighbour = cluster.pod(namespace.name, "backend-1").address
    url = f"http://{neighbour}:8080/hostname"
    assert fetch(pod, url) == "backend-1"
    node.run(["iptables", "-I", "FORWARD", "-i", "vec1", "-o", "vec1", "-j", "DROP"])
    try:
        with pytest.raises(CommandFailed):
            fetch(pod, url)
        # Not by the neighbour's hardware address either.
        pod.run(["ip", "route", "add", f"{neighbour}/32", "dev", "eth0"])
        with pytest.raises(CommandFailed):
            fetch(pod, url)
    finally:
        node.run(["iptables", "-D", "FORWARD", "-i", "vec1", "-o", "vec1", "-j", "DROP"])


def test_proxies_run_in_their_mode(cluster: Cluster) -> None:
    node = cluster.nodes[0]
    assert node.run(["curl", "--silent", "http://127.0.0.1:10249/proxyMode"]).stdout == cluster.mode
    first = node.proxy_pid()
    assert first is not None
    node.run(["kill", "-KILL", str(first)])
    until(lambda: (pid := node.proxy_pid()) != first and pid, what="new kube-proxy", deadline_s=30.0)
    assert "kube-proxy ended with -9" in node.proxy_log()


@pytest.mark.parametrize("cluster", [ProxyMode.IPVS], indirect=True)
def test_ipvs_is_in_the_kernel(cluster: Cluster, namespace: Namespace, service: client.V1Service) -> None:
    seen({"pod": cluster.pod(namespace.name, "backend-0")}, [cluster_ip(service)], BACKENDS)
    table = cluster.nodes[0].run(["ipvsadm", "--list", "--numeric"]).stdout
    assert f"TCP  {service.spec.cluster_ip}:80 rr" in table
    assert "ip_vs_rr" in cluster.nodes[0].run(["cat", "/proc/modules"]).stdout


# From one port, one after the other; a reset leaves nothing in TIME_WAIT that would hold it.
CONNECTIONS = """
import socket, struct, sys
for address in sys.argv[1:]:
    host, port = address.split(":")
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.bind(("", 20111))
        one.settimeout(3)
        try:
            one.connect((host, int(port)))
            print("connected")
        except TimeoutError:
            print("lost")
"""


def test_ipvs_mixes_up_two_connections(cluster: Cluster, namespace: Namespace) -> None:
    """What the backend answers to the second is taken for an answer to the first (docs/ipvs.md)."""
    client_node, backend_node = cluster.nodes
    namespace.start("backend", backend_node.name)
    node_port = f"{backend_node.address}:{namespace.service(type='NodePort').spec.ports[0].node_port}"
    namespace.wait_ready("backend")
    seen({client_node.name: client_node}, [f"http://{node_port}/hostname"], {"backend"})
    direct = f"{cluster.pod(namespace.name, 'backend').address}:8080"
    connected = client_node.run(["python3", "-c", CONNECTIONS, direct, node_port, direct]).stdout.split()
    assert connected == ["connected", "connected", "lost" if cluster.mode is ProxyMode.IPVS else "connected"]


@pytest.mark.parametrize("cluster", [ProxyMode.IPVS], indirect=True)
def test_a_crashed_node_boots_and_serves_again(
    cluster: Cluster, namespace: Namespace, service: client.V1Service
) -> None:
    node = guest(cluster, 0)
    process = node.spawn(["sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n"
    node.crash()
    assert node.state() is MachineState.OFF
    assert "went down" in process.communicate()[1]
    assert process.returncode == 255
    assert node.run(["true"], check=False).code == 255
    assert node.proxy_pid() is None
    with pytest.raises(GauntletError, match="node-1 is off"):
        node.freeze()
    with pytest.raises(GauntletError, match="has no module no_such_module"):
        node.boot(hidden_modules=["no_such_module"])
    node.boot(hidden_modules=["ip_vs_sh"])
    assert node.run(["modprobe", "ip_vs_sh"], check=False).code == 1
    assert node.run(["modprobe", "ip_vs_rr"], check=False).code == 0
    seen({"pod": cluster.pod(namespace.name, "backend-0")}, [cluster_ip(service)], BACKENDS)
    assert abs(node.clock_offset().offset_ns) < 5_000_000


def test_a_frozen_node_waits(ipvs: Cluster) -> None:
    node = guest(ipvs, 1)
    node.freeze()
    assert node.state() is MachineState.FROZEN
    with pytest.raises(CommandFailed, match="not done after"):
        node.run(["true"], timeout_s=0.5)
    node.thaw()
    assert node.run(["true"]).code == 0
    assert node.state() is MachineState.RUNNING
    node.freeze()
    node.boot()
    assert node.run(["true"]).code == 0


def test_another_process_works_the_switches(ipvs: Cluster) -> None:
    again = guest(connect(ipvs.kubeconfig), 1)
    again.stop()
    assert guest(ipvs, 1).state() is MachineState.OFF
    again.boot()
    assert guest(ipvs, 1).run(["hostname"]).stdout == "node-2\n"


def test_a_pod_in_the_nodes_network_runs_in_the_guest(ipvs: Cluster) -> None:
    name = f"t-{uuid.uuid4().hex[:10]}"
    core = client.CoreV1Api(ipvs.api)
    core.create_namespace({"metadata": {"name": name}})
    namespace = Namespace(ipvs, name)
    namespace.start("hosted", "node-2", hostNetwork=True)
    namespace.wait_ready("hosted")
    assert ipvs.pod(name, "hosted").run(["uname", "-r"]).stdout.strip() == uml.kernel().release
    core.delete_namespace(name)


def test_a_guest_keeps_to_its_processor(ipvs: Cluster) -> None:
    """All of its processes do: those that run its programs are started by its kernel."""
    record = layout.ClusterRecord.load(ipvs.name)
    assert record is not None
    allowed: dict[str, set[int]] = {node.name: set() for node in ipvs.nodes}
    for process in processes(record.init_pid):
        with contextlib.suppress(psutil.NoSuchProcess):  # a program in the guest has ended
            command, processor = process.cmdline(), process.cpu_affinity()
            for node, processors in allowed.items():
                if any(f"ifname={node}," in word for word in command):
                    processors.update(processor)
    free = sorted(os.sched_getaffinity(0))
    for number, processors in enumerate(allowed.values()):
        assert len(processors) == 1
        assert number >= len(free) or processors == {free[number]}
