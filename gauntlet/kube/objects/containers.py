"""Containers of a pod: what is asked for, and how they are (core/v1)."""

from __future__ import annotations

from pydantic import Field, JsonValue

from gauntlet.kube.objects.parts import Part


class HttpGet(Part):
    port: int | str
    path: str = "/"
    host: str = ""


class TcpSocket(Part):
    port: int | str
    host: str = ""


class Exec(Part):
    command: tuple[str, ...] = ()


class Probe(Part):
    """A container's probe, with the defaults that the API server writes."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    exec_: Exec | None = Field(default=None, alias="exec")
    grpc: JsonValue = None
    initial_delay_seconds: int = 0
    period_seconds: int = 10
    timeout_seconds: int = 1
    success_threshold: int = 1
    failure_threshold: int = 3


class ContainerPort(Part):
    container_port: int
    name: str = ""


class Variable(Part):
    name: str
    value: str | None = None
    value_from: JsonValue = None


class VolumeMount(Part):
    name: str


class Container(Part):
    name: str = ""
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[JsonValue, ...] = ()
    volume_mounts: tuple[VolumeMount, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    readiness_probe: Probe | None = None


class Waiting(Part):
    reason: str = ""
    message: str = ""


class ContainerState(Part):
    waiting: Waiting | None = None


class ContainerStatus(Part):
    container_id: str = Field(default="", alias="containerID")
    ready: bool = False
    restart_count: int = 0
    state: ContainerState = ContainerState()
