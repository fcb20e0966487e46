"""Source ports: none comes back before all the others were used."""

from __future__ import annotations

import socket

from gauntlet.traffic.ports import SourcePorts


def bound(ports: SourcePorts) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        ports.bind(opened)
        return int(opened.getsockname()[1])


def test_no_port_comes_back_soon() -> None:
    ports = SourcePorts()
    used = [bound(ports) for _ in range(500)]
    low, high = ports.bounds()
    assert len(set(used)) == len(used)
    assert all(low <= port <= high for port in used)


def test_the_last_port_is_followed_by_the_first() -> None:
    ports = SourcePorts()
    low, high = ports.bounds()
    ports._last = high
    assert bound(ports) < low + 100


def test_a_port_in_use_is_passed_over() -> None:
    ports = SourcePorts()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as holder:
        ports.bind(holder)
        held = int(holder.getsockname()[1])
        ports._last = held - 1
        assert bound(ports) != held


def test_ports_are_taken_in_turn_whoever_has_them() -> None:
    ports = SourcePorts()
    low, high = ports.bounds()
    ports._last = high
    assert [ports.take(), ports.take()] == [low, low + 1]
