"""What is read on nodes and from configurations: good text, and any text at all."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from gauntlet.doctor.cluster_check.node_probe import LOOK, Answer, Conntrack, answers, ask, look
from gauntlet.doctor.cluster_check.table import tables
from gauntlet.ground.cluster import ProxyMode
from gauntlet.proxy import configuration
from gauntlet.proxy.configuration import of_flags, parse
from gauntlet.proxy.eras import default_mode
from gauntlet.proxy.log import mode_in
from tests.unit.cluster_check.facts import cluster, node, report

LOOKED = """\
=== gauntlet clock
1800000000
=== gauntlet processes
process 4711 T
arguments kube-proxy\x1f--config=/var/lib/kube-proxy/config.conf\x1f--hostname-override=node 1\x1f
=== gauntlet service
LoadState=loaded
ActiveState=failed
SubState=exit-code
=== gauntlet conntrack
17
1000
=== gauntlet modules
/sys/module/ip_vs
/sys/module/ip_vs_rr
/sys/module/ip_vs/holders/ip_vs_rr
=== gauntlet addresses
2: eth0    inet 10.77.0.11/24 scope global eth0
5: kube-ipvs0    inet 10.96.0.1/32 scope global kube-ipvs0
=== gauntlet traces
ipvs
iptables
"""


def test_a_look() -> None:
    found = look(LOOKED)
    (process,) = found.processes
    assert (process.pid, process.state) == (4711, "T")
    assert process.arguments[1:] == ("--config=/var/lib/kube-proxy/config.conf", "--hostname-override=node 1")
    assert found.service == "failed (exit-code)"
    assert found.conntrack == Conntrack(17, 1000)
    assert found.modules == ("ip_vs", "ip_vs_rr")
    assert found.addresses == frozenset({"10.77.0.11"})
    assert found.traces == (ProxyMode.IPVS, ProxyMode.IPTABLES)
    assert found.clock_s == 1_800_000_000


def test_a_second_kube_proxy_is_seen() -> None:
    second = "process 4713 R\narguments kube-proxy\x1f\n=== gauntlet service"
    assert [each.pid for each in look(LOOKED.replace("=== gauntlet service", second)).processes] == [4711, 4713]


def test_a_unit_that_systemd_does_not_know() -> None:
    assert look(LOOKED.replace("=loaded", "=not-found")).service == ""


@given(st.text())
@example("²")
def test_any_text_can_be_looked_at(text: str) -> None:
    look(text)
    look("".join(f"=== gauntlet {part}\n{text}\n" for part in ("processes", "conntrack", "addresses", "modules")))
    assert len(answers(text, 2)) == 2
    parse(text, "file")
    mode_in(text)


def test_a_kernel_that_tracks_nothing_is_not_full() -> None:
    assert Conntrack(0, 0).fill == 0.0


# Beside a process that is named kube-proxy, in a network of its own where nothing answers.
PRIVATE = ("unshare", "--user", "--map-root-user", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")
BESIDE = """
import subprocess, sys
name = "import sys; open('/proc/self/comm', 'w').write('kube-proxy'); print('up', flush=True); sys.stdin.read()"
proxy = subprocess.Popen([sys.executable, "-c", name, "--config=/x"], stdin=-1, stdout=-1)
proxy.stdout.readline()
done = subprocess.run(sys.argv[1:])
proxy.kill()
sys.exit(done.returncode)
"""


def beside_a_kube_proxy(command: tuple[str, ...]) -> str:
    done = subprocess.run(
        [*PRIVATE, sys.executable, "-c", BESIDE, *command], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout


@pytest.mark.cluster
def test_look_on_this_machine() -> None:
    found = look(beside_a_kube_proxy(LOOK))
    (process,) = found.processes
    assert process.state in ("S", "R")
    assert process.arguments[-1] == "--config=/x"
    assert found.addresses == {"127.0.0.1", "::1"}
    assert found.traces == ()


@pytest.mark.cluster
def test_ask_on_this_machine() -> None:
    urls = ("http://127.0.0.1:9/healthz", "http://[::1]:9/x")
    found = answers(beside_a_kube_proxy(ask(urls)), 2)
    assert [each.code for each in found] == [None, None]
    assert all("connect" in each.trouble.lower() for each in found)


def test_answers() -> None:
    text = (
        '=== gauntlet 0\n{"healthy": true}\n200 0\n'
        "=== gauntlet 1\n# one\n\n# two\n\n503 0\n"
        "=== gauntlet 2\ncurl: (28) timed out\n\n000 28\n"
        "=== gauntlet 3\nsh: 1: curl: not found\n 127\n"
    )
    good, lines, late, none = answers(text, 4)
    assert good == Answer(200, '{"healthy": true}')
    assert (lines.code, lines.body) == (503, "# one\n\n# two\n")
    assert (late.code, late.trouble) == (None, "curl: (28) timed out")
    assert none == Answer(None, trouble="the node has no curl")


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("", "http://127.0.0.1:10256"),
        ("0.0.0.0:10256", "http://127.0.0.1:10256"),
        ("[::]:10256", "http://127.0.0.1:10256"),
        ("10.77.0.11:1234", "http://10.77.0.11:1234"),
        ("10.77.0.11", "http://10.77.0.11:10256"),
        ("[fd00::1]:1234", "http://[fd00::1]:1234"),
        ("fd00::1", "http://[fd00::1]:10256"),
    ],
)
def test_where_healthz_is(address: str, url: str) -> None:
    assert parse(f"healthzBindAddress: '{address}'", "file").healthz == url
    assert of_flags(("--healthz-bind-address", address)).healthz == url


def test_a_configuration() -> None:
    found = parse("mode: ipvs\nipvs:\n  scheduler: sh\nmetricsBindAddress: 127.0.0.1:9\n", "file")
    assert (found.mode, found.scheduler, found.metrics, found.trouble) == ("ipvs", "sh", "http://127.0.0.1:9", "")
    assert parse("", "file").trouble == "is no KubeProxyConfiguration"
    assert parse("mode: null\nipvs: null\n", "file").mode == ""


def test_flags() -> None:
    found = of_flags(("--v=2", "--proxy-mode=ipvs", "--masquerade-all", "--ipvs-scheduler", "lc"))
    assert (found.mode, found.scheduler) == ("ipvs", "lc")
    assert configuration.options(("--masquerade-all", "--v", "2")) == {"masquerade-all": "", "v": "2"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.25.9", "iptables"), ("v1.39.0", "iptables"), ("1.40.0", "nftables"), ("1.27+", "iptables"), ("", "iptables")],
)
def test_the_mode_of_a_kube_proxy_that_is_told_none(version: str, expected: str) -> None:
    assert default_mode(version) == expected


def test_the_last_start_in_a_log_counts() -> None:
    log = 'I1 "Using iptables Proxier"\n--- ended\nI2 server_linux.go:231] "Using nftables Proxier"\n'
    assert mode_in(log) == "nftables"
    assert mode_in("nothing") == ""


def test_the_table_fits_into_80_columns() -> None:
    names = [f"ip-10-0-{n}-231.eu-central-1.compute.internal" for n in range(30)]
    console = Console(width=80, file=io.StringIO())
    found = report(cluster(), *(node(each, rules=(), conntrack=None) for each in names))
    console.print(*tables(found), sep="\n")
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("and 24 more" in line for line in lines)
    assert lines[-1].startswith("problem: ")
