"""One command in a container, through the API server's exec: a websocket with a channel for each stream.

The command is run by the warden (`warden.py`), which ends it when this end is gone.
"""

from __future__ import annotations

import json
import select
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from websocket import ABNF, WebSocket, WebSocketBadStatusException, WebSocketException

from gauntlet.ground.errors import GauntletError
from gauntlet.kube import warden
from gauntlet.kube.connection import ANSWER_S

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

WARDEN = "/gauntlet/warden.py"
STDIN, STDOUT, STDERR, STATUS = range(4)
# The remote command protocol (k8s.io/apimachinery/pkg/util/remotecommand/constants.go). v5 can close single streams;
# that is not needed here, the warden's frames do it.
_PROTOCOLS = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
_CONNECT_S = 15.0
ALIVE_EVERY_S = 10.0
# The warden ends a command by itself this much after the time it was given: this end may be cut off by then.
_GRACE_S = 15.0
UNLIMITED_S = 24 * 3600.0


class ExecRefused(GauntletError):
    """The API server did not start the command: a missing right, a pod or a node that is gone."""


class ExecBroken(GauntletError):
    """The connection to a command ended before the command did."""


@dataclass(frozen=True)
class Credentials:
    """How to speak with the API server: paths of PEM files, and headers that say who is asking."""

    host: str
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    verify: bool = True
    server_name: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, client: ApiClient) -> Credentials:
        """Those of a client of the kubernetes library, as they are at this moment: tokens expire."""
        configuration = client.configuration
        bearer = configuration.auth_settings().get("BearerToken")
        asking = {name: value for name, value in client.default_headers.items() if name.startswith("Impersonate-")}
        if bearer is not None and bearer["value"]:
            asking["Authorization"] = str(bearer["value"])
        return cls(
            configuration.host,
            configuration.ssl_ca_cert,
            configuration.cert_file,
            configuration.key_file,
            bool(configuration.verify_ssl),
            configuration.tls_server_name,
            asking,
        )


@dataclass(frozen=True)
class Errand:
    """One command and the container it runs in."""

    credentials: Credentials
    namespace: str
    pod: str
    container: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    most_s: float = UNLIMITED_S

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Errand:
        fields = json.loads(text)
        credentials = Credentials(**fields.pop("credentials"))
        return cls(credentials, **{**fields, "argv": tuple(fields["argv"])})

    @property
    def url(self) -> str:
        """The command stands in it: so the cluster's audit log shows what was run."""
        settings = [f"{name}={value}" for name, value in self.env.items()]
        command = ["python3", "-I", "-S", WARDEN, f"{self.most_s:g}", *settings, "--", *self.argv]
        query: list[tuple[str, str]] = [("command", part) for part in command]
        query += [("container", self.container), ("stdin", "true"), ("stdout", "true"), ("stderr", "true")]
        base = self.credentials.host.replace("http", "ws", 1)
        return f"{base}/api/v1/namespaces/{self.namespace}/pods/{self.pod}/exec?{urlencode(query, quote_via=quote)}"


class Channel:
    """The connection to one command. Not for several threads."""

    def __init__(self, errand: Errand) -> None:
        """Start the command. Raises ExecRefused."""
        self._errand = errand
        credentials = errand.credentials
        options: dict[str, object] = {"cert_reqs": ssl.CERT_REQUIRED if credentials.verify else ssl.CERT_NONE}
        options["check_hostname"] = credentials.verify
        given = {"ca_certs": credentials.ca, "certfile": credentials.certificate, "keyfile": credentials.key}
        options |= {name: path for name, path in given.items() if path}
        if credentials.server_name:
            options["server_hostname"] = credentials.server_name
        self._socket = WebSocket(sslopt=options, skip_utf8_validation=True)
        try:
            self._socket.connect(  # type: ignore[no-untyped-call]
                errand.url,
                header=[f"{name}: {value}" for name, value in credentials.headers.items()],
                subprotocols=_PROTOCOLS,
                timeout=_CONNECT_S,
                http_no_proxy=["*"],
                suppress_origin=True,
            )
        except WebSocketBadStatusException as error:
            raise ExecRefused(f"{self._what} was refused: {_words(error)}", _REFUSED_REMEDY) from None
        except (OSError, WebSocketException) as error:
            raise ExecRefused(f"{self._what} could not be started: {error}", "is the API server there?") from error
        # Whoever reads has waited for something to be there: a message that stops half-way is a broken connection.
        self._socket.settimeout(ANSWER_S)
        self._told = time.monotonic()

    def fileno(self) -> int:
        assert self._socket.sock is not None
        return self._socket.sock.fileno()

    def send(self, kind: int, payload: bytes = b"") -> None:
        """Send the warden one frame. Raises ExecBroken."""
        self._told = time.monotonic()
        frame = bytes((STDIN,)) + warden.HEADER.pack(kind, len(payload)) + payload
        try:
            self._socket.send(frame, opcode=ABNF.OPCODE_BINARY)
        except (OSError, WebSocketException) as error:
            raise ExecBroken(f"{self._what}: the connection broke: {error}") from error

    def wait(self, timeout_s: float, *others: int) -> set[int]:
        """Which of this channel's and the other descriptors have something to read, at most so long. Keeps the
        warden alive. Raises ExecBroken."""
        if self._buffered():
            return {self.fileno()}
        if time.monotonic() - self._told >= ALIVE_EVERY_S:
            self.send(warden.ALIVE)
        poll = select.poll()
        for descriptor in (self.fileno(), *others):
            poll.register(descriptor, select.POLLIN)
        found = poll.poll(max(min(timeout_s, ALIVE_EVERY_S), 0.0) * 1000)
        return {descriptor for descriptor, _ in found}

    def receive(self) -> tuple[int, bytes]:
        """The next message: its stream and what came. Of STATUS, the exit code as decimal digits.

        Raises ExecBroken if the connection ended without one, or the command could not be run.
        """
        while True:
            try:
                code, frame = self._socket.recv_data_frame(control_frame=True)
            except (OSError, WebSocketException) as error:
                raise ExecBroken(f"{self._what}: the connection broke: {error}") from error
            if code == ABNF.OPCODE_CLOSE:
                raise ExecBroken(f"{self._what}: the connection was closed before its end", "did its node go away?")
            if code not in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) or not frame.data:
                return STDOUT, b""
            stream, payload = frame.data[0], bytes(frame.data[1:])
            if stream == STATUS:
                return STATUS, str(self._code(payload)).encode()
            if stream in (STDOUT, STDERR):
                return stream, payload

    def close(self) -> None:
        """Hang up; the warden then ends the command, where it has not ended."""
        self._socket.shutdown()  # type: ignore[no-untyped-call]

    @property
    def _what(self) -> str:
        return f"`{' '.join(self._errand.argv)[:200]}` in pod {self._errand.namespace}/{self._errand.pod}"

    def _buffered(self) -> bool:
        """TLS reads whole records: what came with the last one does not show at the socket."""
        return isinstance(self._socket.sock, ssl.SSLSocket) and self._socket.sock.pending() > 0

    def _code(self, payload: bytes) -> int:
        status = json.loads(payload)
        if status.get("status") == "Success":
            return 0
        for cause in status.get("details", {}).get("causes", ()):
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
        raise ExecBroken(f"{self._what}: {status.get('message', 'no reason given')}", _REFUSED_REMEDY)


@dataclass(frozen=True)
class Outcome:
    code: int
    stdout: bytes
    stderr: bytes


def run(errand: Errand, stdin: bytes | None, timeout_s: float) -> Outcome:
    """Run a command to its end. Raises TimeoutError (the command is ended then), ExecRefused, ExecBroken."""
    deadline = time.monotonic() + timeout_s
    channel = Channel(errand)
    streams: dict[int, bytearray] = {STDOUT: bytearray(), STDERR: bytearray()}
    try:
        for part in pieces(stdin or b""):
            channel.send(warden.DATA, part)
        channel.send(warden.END)
        while (left_s := deadline - time.monotonic()) > 0:
            if not channel.wait(left_s):
                continue
            stream, payload = channel.receive()
            if stream == STATUS:
                return Outcome(int(payload), bytes(streams[STDOUT]), bytes(streams[STDERR]))
            streams[stream] += payload
        raise TimeoutError
    finally:
        channel.close()


def bounded(timeout_s: float) -> float:
    """How long the warden lets a command run that is given this time."""
    return timeout_s + _GRACE_S


def pieces(data: bytes) -> Sequence[bytes]:
    size = 32768
    return [data[at : at + size] for at in range(0, len(data), size)]


_REFUSED_REMEDY = "does this user have the right to create pods/exec there? (docs/existing.md); is the pod running?"


def _words(error: WebSocketBadStatusException) -> str:
    """The message of the Status object that the API server answered with, or whatever it sent."""
    body = error.resp_body or b""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.status_code} {body.decode(errors='replace')[:300]}"
