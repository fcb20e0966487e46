"""The links of guests: to the fabric, to their pods, and one that only commands for the guest pass.

Pods are namespaces of the world behind a bridge of their node. On it they reach nobody but the guest: its ports are
isolated from each other, and the guest is the gateway of addresses that have no neighbours (/32 and /128). So all
their packets, also those to a pod of the same node or to themselves through a Service, pass the guest's kernel and its
kube-proxy.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.nodes.guest.settings import FABRIC_LINK, MANAGEMENT_LINK, POD_LINK
from gauntlet.providers.sandbox import fabric, layout
from gauntlet.providers.sandbox.address_plan import AddressPlan
from gauntlet.providers.sandbox.places import FABRIC, Place, wait_world_links_up, world_ip
from gauntlet.providers.sandbox.uml import Nic

# A guest drops packets that are larger than its link's or whose checksum is left to a card.
_NO_OFFLOAD = ["tx", "off", "tso", "off", "gso", "off", "gro", "off", "sg", "off"]
_TUN = Path("/dev/net/tun")


def wire(index: int) -> list[Nic]:
    """Make the links of guest `index` in the world. Returns what to give its kernel."""
    node, pods, management = layout.node_name(index), f"pods-{index}", f"manage-{index}"
    bridge = _pod_bridge(index)
    nics = [
        _nic(index, FABRIC_LINK, node, 0),
        _nic(index, POD_LINK, pods, 1),
        _nic(index, MANAGEMENT_LINK, management, 2),
    ]
    address = layout.management_address(index)
    world_ip(
        f"link set {node} master {FABRIC}",
        f"link add {bridge} type bridge mcast_snooping 0",
        f"link set {bridge} addrgenmode none up",
        f"link set {pods} master {bridge}",
        f"addr add {layout.MANAGEMENT_ADDRESS}/32 dev {management}",
        f"route add {address}/32 dev {management}",
        f"neigh add {address} lladdr {nics[2].mac} dev {management} nud permanent",
    )
    return nics


def wire_pod(index: int, number: int, pod: Place, link: str, plans: Sequence[AddressPlan]) -> None:
    """Join pod `number` to its guest."""
    # A number keeps its hardware address when a later pod gets it: what the guest remembers stays right.
    mac = f"02:00:0a:f4:{index:02x}:{number:02x}"
    world_ip(
        f"link add {link} type veth peer name eth0 address {mac} netns {pod.pid}",
        f"link set {link} master {_pod_bridge(index)}",
        f"link set {link} type bridge_slave isolated on",
        f"link set {link} up",
    )
    pod.ip(*fabric.at_the_pod(index, number, plans))
    wait_world_links_up(link)
    pod.wait_up("eth0")


def _pod_bridge(index: int) -> str:
    return f"podbridge-{index}"


def _nic(index: int, name: str, link: str, number: int) -> Nic:
    mac = f"02:4b:50:00:{number:02x}:{index:02x}"
    if _taps_work():
        world_ip(f"tuntap add dev {link} mode tap")
        _up(link)
        return Nic(name, "tap", link, mac)
    # An ordinary user's way where /dev/net/tun is root's alone.
    raw = f"{link}-raw"
    world_ip(f"link add {link} type veth peer name {raw}", f"link set {raw} promisc on")
    _up(raw)
    _up(link)
    return Nic(name, "raw", raw, mac)


def _up(link: str) -> None:
    argv = ["ethtool", "-K", link, *_NO_OFFLOAD]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GauntletError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    # Its own IPv6 chatter would be the guest's to hear.
    world_ip(f"link set {link} addrgenmode none up")


def _taps_work() -> bool:
    try:
        os.close(os.open(_TUN, os.O_RDWR))
    except OSError:
        return False
    return True
