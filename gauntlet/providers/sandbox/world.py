"""Starts a world, watches it come up, and ends it. The only code that runs outside the world."""

from __future__ import annotations

import json
import os
import platform
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gauntlet.build.binaries import Binaries
from gauntlet.ground import ending
from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError
from gauntlet.ground.journal.owner import start_time
from gauntlet.ground.paths import SYSTEM_PATH, project_root
from gauntlet.ground.waiting import until
from gauntlet.nodes.command import TIMED_OUT
from gauntlet.providers.protocol import ClusterSpec
from gauntlet.providers.sandbox import layout, uml
from gauntlet.providers.sandbox.layout import ClusterRecord, HostRecord, ProxyProgram, WorldSpec
from gauntlet.providers.sandbox.running import INIT, unshares

UP_DEADLINE_S = 180.0
END_DEADLINE_S = 10.0
TOOLS = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "mount": "mount",
    "ip": "iproute2",
    "iptables": "iptables",
    "nft": "nftables",
    "conntrack": "conntrack",
    "curl": "curl",
}
_NAMESPACES = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation=private"]
_USER_NAMESPACE = ["--user", "--map-root-user"]
USER_WORLD = [*_USER_NAMESPACE, *_NAMESPACES]
_TRIAL_S = 30.0
FORBIDDEN_REMEDY = (
    "run as root, or let ordinary users make user namespaces: on Ubuntu 24.04 "
    "`sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0`, on older Debian "
    "`sudo sysctl kernel.unprivileged_userns_clone=1`, elsewhere a `user.max_user_namespaces` above 0; "
    "inside a container start it with --privileged"
)


def require_tools(kernel: NodeKernel = NodeKernel.HOST) -> None:
    """Raises EnvironmentUnfit if a program is missing, with the one apt-get line, or where such nodes cannot run."""
    wanted = TOOLS
    if kernel is NodeKernel.OWN:
        uml.require_machine()
        wanted = TOOLS | uml.tools()
    require_programs(wanted)


def require_programs(packages: Mapping[str, str]) -> None:
    """Raises EnvironmentUnfit if a program is missing, with the one apt-get line. `packages` are those of programs."""
    missing = sorted({package for tool, package in packages.items() if not shutil.which(tool, path=SYSTEM_PATH)})
    if missing:
        raise EnvironmentUnfit(
            f"the sandbox lacks programs of these packages: {', '.join(missing)}",
            f"sudo apt-get install --yes {' '.join(missing)}",
        )


def user_namespaces_work() -> str | None:
    """None if a world with a user namespace can be made here, else the kernel's words. It tries it."""
    return _refused(USER_WORLD)


def flags() -> list[str]:
    """Flags of unshare(1) for a world here: as root without a user namespace, else with one.

    In a user namespace SO_SNDBUFFORCE is refused, so that one transaction of iptables-nft or nft is limited by
    net.core.wmem_max ("Message too long"): a full sync of 1,000 Services with 10 endpoints each is more than 4 MiB.
    Raises EnvironmentUnfit, with the remedy, where neither works.
    """
    if os.geteuid() == 0 and _refused(_NAMESPACES) is None:
        return list(_NAMESPACES)
    refused = user_namespaces_work()
    if refused is None:
        return list(USER_WORLD)
    raise EnvironmentUnfit(f"this machine does not let {_user()} make a private world: {refused}", FORBIDDEN_REMEDY)


def attempt(
    flags: Sequence[str], script: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a new world, made with these flags of unshare(1), with a /run of its own.

    One that is not done after 30 s has ended with 124 and says so, as that of timeout(1) has.
    """
    command = ["unshare", *flags, "--", "sh", "-ec", f"mount -t tmpfs tmpfs /run; {script}"]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            env={"PATH": SYSTEM_PATH, **(environment or {})},
            stdin=subprocess.DEVNULL,
            timeout=_TRIAL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, TIMED_OUT, "", f"no answer within {_TRIAL_S:g} s")


def _refused(flags: list[str]) -> str | None:
    # AppArmor on Ubuntu 24.04 lets the namespace be made and takes the capabilities away: use one.
    done = attempt(flags, "ip link set lo up")
    return None if done.returncode == 0 else done.stderr.strip() or f"unshare ended with {done.returncode}"


def _user() -> str:
    return "root" if os.geteuid() == 0 else "an ordinary user"


class World:
    """A world that this process started. It ends with this process, unless it is up and its record says `keep`."""

    def __init__(
        self, record: ClusterRecord, process: subprocess.Popen[bytes], report_fd: int, control_fd: int
    ) -> None:
        self.record = record
        self._process = process
        self._report_fd = report_fd
        self._control_fd = control_fd
        self._forget = ending.at_once(self._end_at_once)

    @classmethod
    def start(cls, wanted: ClusterSpec, binaries: Binaries, proxies: Sequence[ProxyProgram], proxy_path: str) -> World:
        """Start the first process of a new world; the cluster comes up in it while this returns."""
        chosen = flags()
        release = uml.kernel().release if wanted.kernel is NodeKernel.OWN else platform.release()
        folder = layout.state_dir(wanted.name)
        (folder / "logs").mkdir(parents=True)
        control_read, control_write = os.pipe()
        report_read, report_write = os.pipe()
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        spec = WorldSpec(
            name=wanted.name,
            subject=wanted.subject.name,
            mode=wanted.mode,
            tools=wanted.subject.tools,
            configuration=dict(wanted.subject.configuration),
            nodes=wanted.nodes,
            binaries={name: str(path) for name, path in binaries.programs.items()},
            state_dir=str(folder),
            relay_url=f"https://127.0.0.1:{listener.getsockname()[1]}",
            relay_fd=listener.fileno(),
            control_fd=control_read,
            report_fd=report_write,
            proxy_path=proxy_path,
            user_namespace="--user" in chosen,
            kernel=wanted.kernel,
            families=wanted.families,
        )
        command = [sys.executable, "-m", INIT, spec.to_json()]
        with (folder / "logs" / "world.log").open("wb") as log:
            process = subprocess.Popen(
                ["unshare", *chosen, "--", *command],
                env={**os.environ, "PYTHONPATH": str(project_root())},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[spec.relay_fd, spec.report_fd, spec.control_fd],
                start_new_session=True,
            )
        for fd in (control_read, report_write):
            os.close(fd)
        listener.close()
        record = ClusterRecord(
            name=wanted.name,
            mode=wanted.mode,
            version=binaries.version,
            origin=binaries.origin,
            proxy_sha256=binaries.proxy_sha256,
            subject=wanted.subject.as_json(),
            control_plane_version=binaries.control_plane_version,
            proxies=tuple(proxies),
            keep=wanted.keep,
            unshare_pid=process.pid,
            unshare_started=start_time(process.pid) or "",
            user_namespace=spec.user_namespace,
            kernel=wanted.kernel,
            kernel_release=release,
        )
        record.save()
        return cls(record, process, report_read, control_write)

    def wait_up(self) -> ClusterRecord:
        """Return the full record once the cluster serves. Raises GauntletError with what the world said."""
        report = self._read_report()
        if "error" in report:
            raise GauntletError(
                f"sandbox cluster {self.record.name} did not come up: {report['error']}", report["remedy"]
            )
        init_pid = until(
            lambda: layout.first_child(self.record.unshare_pid), what="first process of the world", deadline_s=5.0
        )
        self.record = replace(
            self.record,
            init_pid=init_pid,
            nodes=tuple(HostRecord.read(node) for node in report["nodes"]),
            outside=HostRecord.read(report["outside"]),
        )
        self.record.save()
        if self.record.keep:
            os.write(self._control_fd, layout.KEEP)
            self._forget()
        return self.record

    def _read_report(self) -> Any:
        """The one line of JSON that the steward reports, or an error in the same form where the world ended."""
        deadline = time.monotonic() + UP_DEADLINE_S
        pieces: list[bytes] = []
        while (left_s := deadline - time.monotonic()) > 0:
            if not select.select([self._report_fd], [], [], left_s)[0]:
                break
            piece = os.read(self._report_fd, 1 << 16)
            pieces.append(piece)
            if not piece or piece.endswith(b"\n"):
                said = b"".join(pieces)
                if said:
                    return json.loads(said)
                return {"error": f"the world ended:{self._log_tail()}", "remedy": self._remedy}
        raise GauntletError(
            f"sandbox cluster {self.record.name} did not come up within {UP_DEADLINE_S:g} s: {self._log_tail()}",
            self._remedy,
        )

    @property
    def _remedy(self) -> str:
        return f"read the logs in {layout.state_dir(self.record.name) / 'logs'}"

    def _log_tail(self) -> str:
        log = layout.state_dir(self.record.name) / "logs" / "world.log"
        return "\n    ".join(["", *log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:]])

    def end(self) -> None:
        """End the world and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        os.close(self._control_fd)
        os.close(self._report_fd)
        self._forget()

    def _end_at_once(self) -> None:
        """A second signal ends this process. It may hold the lock of Popen.wait: the record needs none."""
        end(self.record)
        shutil.rmtree(layout.state_dir(self.record.name))


def end(record: ClusterRecord) -> None:
    """End the world of a record, whoever started it, and wait until its first process is gone."""
    _end(record.name, record.unshare_pid, record.unshare_started, record.init_pid)


def end_unrecorded(name: str) -> None:
    """End the world of a cluster whose record cannot be read: its process has the state folder on its command line."""
    for pid in unshares(layout.state_dir(name)):
        _end(name, pid, start_time(pid) or "", 0)


def _end(name: str, unshare_pid: int, started: str, init_pid: int) -> None:
    init_pid = init_pid or layout.first_child(unshare_pid) or 0
    if start_time(unshare_pid) == started:
        os.kill(unshare_pid, 9)
    until(
        lambda: start_time(unshare_pid) != started and (init_pid == 0 or start_time(init_pid) is None),
        what=f"world of cluster {name} ended",
        deadline_s=END_DEADLINE_S,
        every_s=0.01,
    )
