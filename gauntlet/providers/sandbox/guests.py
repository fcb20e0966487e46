"""The own-kernel nodes of a world: their machines, what these are told, and the exchange that reaches them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import Family
from gauntlet.ground.paths import project_root
from gauntlet.nodes.guest.node import PATH
from gauntlet.nodes.guest.settings import FABRIC_LINK, MANAGEMENT_LINK, POD_LINK, Settings
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.providers.sandbox import fabric, guest_links, layout
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.exchange import Exchange
from gauntlet.providers.sandbox.guest_machine import GuestMachine
from gauntlet.providers.sandbox.inner_node import Guest
from gauntlet.providers.sandbox.places import IPV6_OFF

# What the system of a real node has loaded long before kube-proxy starts; kube-proxy sets limits of conntrack. Its
# modules for ipvs are left to be loaded when they are used. To load each by itself costs a process, 40 ms in a guest.
_LOAD = (
    *("nf_conntrack", "iptable_nat", "iptable_filter", "iptable_mangle", "xt_comment", "xt_mark", "xt_conntrack"),
    *("xt_MASQUERADE", "xt_addrtype", "xt_statistic", "xt_recent", "ipt_REJECT"),
)
_LOAD_IPV6 = ("ip6table_nat", "ip6table_filter", "ip6table_mangle", "ip6t_REJECT")
_SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    "net/ipv4/conf/all/route_localnet": "1",
    "net/ipv4/conf/all/send_redirects": "0",
    "net/ipv4/conf/all/accept_redirects": "0",
    "net/ipv4/conf/all/rp_filter": "0",
    "net/ipv4/conf/default/send_redirects": "0",
    "net/ipv4/conf/default/rp_filter": "0",
} | {
    f"net/ipv4/conf/{link}/{what}": "0" for link in (FABRIC_LINK, POD_LINK) for what in ("send_redirects", "rp_filter")
}
# As in places.py and fabric.py, for links that are there before their defaults are set.
_SYSCTLS_IPV6 = {"net/ipv6/conf/all/forwarding": "1", "net/ipv6/icmp/ratelimit": "0"} | {
    f"net/ipv6/conf/{link}/{what}": "0" for link in ("all", "default", FABRIC_LINK, POD_LINK) for what in IPV6_OFF
}
# kube-proxy would write all its rules once more for IPv6, and that takes a guest seconds.
_WITHOUT_IPV6 = ("ipv6.disable=1",)
# Beside BIN, so that no path on the kernel's command line has a space in it.
_LIBRARY = Path("/run/gauntlet/library")
_PYTHON = Path("/run/gauntlet/python")


# Guests mount their modules on /lib/modules, and their root is the world's: a machine without the folder gets one,
# in the world alone.
_MODULES_FOLDER = """
[ -d /lib/modules ] && exit 0
lib=$(realpath /lib)
new=/run/gauntlet/lib
mkdir $new
mount -t tmpfs tmpfs $new
for each in "$lib"/*; do
    name=${each##*/}
    if [ -L "$each" ]; then
        cp -P "$each" "$new/$name"
    elif [ -d "$each" ]; then
        mkdir "$new/$name"
        mount --rbind "$each" "$new/$name"
    else
        touch "$new/$name"
        mount --bind "$each" "$new/$name"
    fi
done
mkdir $new/modules
mount --move $new "$lib"
"""


def boot(nodes: int, state_dir: Path, work: Path, plans: Sequence[AddressPlan]) -> list[Guest]:
    """Wire and start all guests, and the exchange. Returns while they boot."""
    _make_modules_folder()
    _LIBRARY.symlink_to(project_root())
    _PYTHON.symlink_to(Path(sys.executable).resolve())
    switchboard = Switchboard(state_dir / layout.SWITCHBOARD)
    machines = [_machine(index, nodes, state_dir, work / "guests", plans) for index in range(1, nodes + 1)]
    Exchange(switchboard.path, {machine.name: machine for machine in machines}).start()
    for machine in machines:
        machine.start()
    return [Guest(machine, index, switchboard, plans) for index, machine in enumerate(machines, start=1)]


def _make_modules_folder() -> None:
    done = subprocess.run(["sh", "-e"], input=_MODULES_FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GauntletError(
            f"could not make /lib/modules in the world: {done.stderr.strip()}", "sudo mkdir /lib/modules"
        )


def _machine(index: int, nodes: int, state_dir: Path, work: Path, plans: Sequence[AddressPlan]) -> GuestMachine:
    name = layout.node_name(index)
    return GuestMachine(
        _settings(index, nodes, plans),
        layout.management_address(index),
        guest_links.wire(index),
        work=work / name,
        library=_LIBRARY,
        python=_PYTHON,
        log=state_dir / "logs" / f"console-{name}.log",
        number=index - 1,
        parameters=() if _has_ipv6(plans) else _WITHOUT_IPV6,
    )


def _has_ipv6(plans: Sequence[AddressPlan]) -> bool:
    return any(plan.family is Family.IPV6 for plan in plans)


def _settings(index: int, nodes: int, plans: Sequence[AddressPlan]) -> Settings:
    management = layout.management_address(index)
    has_ipv6 = _has_ipv6(plans)
    return Settings(
        name=layout.node_name(index),
        ip=[
            "link set lo up",
            *(f"addr add {plan.node(index)}/{plan.fabric_bits} dev {FABRIC_LINK}" for plan in plans),
            f"link set {FABRIC_LINK} up",
            *(f"addr add {plan.gateway(index)}/{plan.pod_bits} dev {POD_LINK}" for plan in plans),
            f"link set {POD_LINK} up",
            *(f"route add {plan.everything} via {plan.api}" for plan in plans),
            *(line for plan in plans for line in fabric.to_other_pods(index, nodes, plan)),
        ],
        management_ip=[
            "link set lo up",
            f"addr add {management}/32 peer {layout.MANAGEMENT_ADDRESS} dev {MANAGEMENT_LINK}",
            f"link set {MANAGEMENT_LINK} up",
        ],
        sysctls=_SYSCTLS | (_SYSCTLS_IPV6 if has_ipv6 else {}),
        binaries=layout.BIN,
        modules="",
        load=[*_LOAD, *(_LOAD_IPV6 if has_ipv6 else ())],
        path=PATH,
    )
