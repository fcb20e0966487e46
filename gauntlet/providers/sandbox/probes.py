"""Readiness probes against a pod, with the meaning of "Container probes" in the Pod lifecycle docs."""

from __future__ import annotations

import socket
import subprocess

from gauntlet.kube.objects import Container, Probe
from gauntlet.providers.sandbox.http_check import status_code
from gauntlet.providers.sandbox.inner_node import PodPlace


def passes(probe: Probe, container: Container, place: PodPlace, pod_ip: str) -> bool:
    """Whether one try of the probe succeeds. Raises ValueError for a kind of probe that is not run here."""
    timeout_s = float(probe.timeout_seconds)
    if probe.http_get is not None:
        return _http(
            probe.http_get.host or pod_ip, _port(probe.http_get.port, container), probe.http_get.path, timeout_s
        )
    if probe.tcp_socket is not None:
        return _tcp(probe.tcp_socket.host or pod_ip, _port(probe.tcp_socket.port, container), timeout_s)
    if probe.exec_ is not None:
        return _exec(place, list(probe.exec_.command), timeout_s)
    raise ValueError("the sandbox runs httpGet, tcpSocket and exec probes")


def _port(value: int | str, container: Container) -> int:
    for port in container.ports:
        if port.name == value:
            return port.container_port
    return int(value)


def _http(host: str, port: int, path: str, timeout_s: float) -> bool:
    code = status_code(host, port, path, timeout_s=timeout_s, agent="kube-probe/sandbox")
    return code is not None and 200 <= code < 400


def _tcp(host: str, port: int, timeout_s: float) -> bool:
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False


def _exec(place: PodPlace, command: list[str], timeout_s: float) -> bool:
    try:
        done = subprocess.run(
            place.enter(command), stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
