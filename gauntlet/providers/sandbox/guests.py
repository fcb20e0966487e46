"""The own-kernel nodes of a world: their machines, what these are told, and the exchange that reaches them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.paths import project_root
from gauntlet.nodes.guest.node import PATH
from gauntlet.nodes.guest.settings import FABRIC_LINK, MANAGEMENT_LINK, POD_LINK, Settings
from gauntlet.nodes.switchboard import Switchboard
from gauntlet.providers.sandbox import guest_links, layout
from gauntlet.providers.sandbox.exchange import Exchange
from gauntlet.providers.sandbox.guest_machine import GuestMachine
from gauntlet.providers.sandbox.inner_node import Guest

# What the system of a real node has loaded long before kube-proxy starts; kube-proxy sets limits of conntrack. Its
# modules for ipvs are left to be loaded when they are used. To load each by itself costs a process, 40 ms in a guest.
_LOAD = (
    *("nf_conntrack", "iptable_nat", "iptable_filter", "iptable_mangle", "xt_comment", "xt_mark", "xt_conntrack"),
    *("xt_MASQUERADE", "xt_addrtype", "xt_statistic", "xt_recent", "ipt_REJECT"),
)
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


def boot(nodes: int, state_dir: Path, work: Path) -> list[Guest]:
    """Wire and start all guests, and the exchange. Returns while they boot."""
    _make_modules_folder()
    _LIBRARY.symlink_to(project_root())
    _PYTHON.symlink_to(Path(sys.executable).resolve())
    switchboard = Switchboard(state_dir / layout.SWITCHBOARD)
    machines = [_machine(index, nodes, state_dir, work / "guests") for index in range(1, nodes + 1)]
    Exchange(switchboard.path, {machine.name: machine for machine in machines}).start()
    for machine in machines:
        machine.start()
    return [Guest(machine, index, switchboard) for index, machine in enumerate(machines, start=1)]


def _make_modules_folder() -> None:
    done = subprocess.run(["sh", "-e"], input=_MODULES_FOLDER, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GauntletError(
            f"could not make /lib/modules in the world: {done.stderr.strip()}", "sudo mkdir /lib/modules"
        )


def _machine(index: int, nodes: int, state_dir: Path, work: Path) -> GuestMachine:
    name = layout.node_name(index)
    return GuestMachine(
        _settings(index, nodes),
        layout.management_address(index),
        guest_links.wire(index),
        work=work / name,
        library=_LIBRARY,
        python=_PYTHON,
        log=state_dir / "logs" / f"console-{name}.log",
        number=index - 1,
    )


def _settings(index: int, nodes: int) -> Settings:
    prefix = layout.NODE_NETWORK_PREFIX
    management = layout.management_address(index)
    pod_prefix = layout.node_pod_cidr(index).partition("/")[2]
    return Settings(
        name=layout.node_name(index),
        ip=[
            "link set lo up",
            f"addr add {layout.node_address(index)}/{prefix} dev {FABRIC_LINK}",
            f"link set {FABRIC_LINK} up",
            f"addr add {layout.gateway(index)}/{pod_prefix} dev {POD_LINK}",
            f"link set {POD_LINK} up",
            f"route add default via {layout.API_ADDRESS}",
            *(
                f"route add {layout.node_pod_cidr(other)} via {layout.node_address(other)}"
                for other in range(1, nodes + 1)
                if other != index
            ),
        ],
        management_ip=[
            "link set lo up",
            f"addr add {management}/32 peer {layout.MANAGEMENT_ADDRESS} dev {MANAGEMENT_LINK}",
            f"link set {MANAGEMENT_LINK} up",
        ],
        sysctls=_SYSCTLS,
        binaries=layout.BIN,
        modules="",
        load=list(_LOAD),
        path=PATH,
    )
