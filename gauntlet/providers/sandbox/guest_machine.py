"""The machine of an own-kernel node: processes of the world that are booted, frozen and killed."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.cluster import MachineState
from gauntlet.ground.errors import GauntletError
from gauntlet.ground.paths import SYSTEM_PATH
from gauntlet.ground.waiting import until
from gauntlet.nodes import clock
from gauntlet.nodes.guest.settings import PORT, Settings
from gauntlet.nodes.guest.wire import Kind, frame
from gauntlet.nodes.switchboard import GuestDown
from gauntlet.providers.sandbox import layout, uml, xstate
from gauntlet.providers.sandbox.uml import Nic

BOOT_DEADLINE_S = 40.0
_END_DEADLINE_S = 10.0
_TRY_S = 0.1
_LOOK_S = 0.02
_CLOCK_S = 2.0
# All timers of User-Mode Linux hang by one SIGALRM at a time, its links by SIGIO, and it loses one now and then:
# docs/decisions/0011-lost-signals.md.
_NUDGE_S = 0.05
_log = logging.getLogger(__name__)


class GuestMachine:
    """One machine. `settings.modules` is filled in at each boot. Safe to use from several threads."""

    def __init__(
        self,
        settings: Settings,
        address: str,
        nics: Sequence[Nic],
        *,
        work: Path,
        library: Path,
        python: Path,
        log: Path,
        number: int,
        parameters: Sequence[str],
    ) -> None:
        """`work` is a folder of the machine's own; `library` holds the package gauntlet; `python` runs its init.

        `number` counts the machines of a world, from 0: see uml.on_processor. `parameters` are of the kernel.
        """
        self.name = settings.name
        self._settings = settings
        self._address = address
        self._nics = nics
        self._work = work
        self._library = library
        self._python = python
        self._log = log
        self._number = number
        self._parameters = parameters
        self._process: subprocess.Popen[bytes] | None = None
        self._state = MachineState.OFF
        self._changed = threading.Condition()
        self._leases: set[socket.socket] = set()

    @property
    def state(self) -> MachineState:
        return self._state

    def start(self, hidden_modules: Sequence[str] = ()) -> None:
        """Switch the machine on and return at once. Without effect where it is on. Raises UsageError."""
        with self._changed:
            if self._state is not MachineState.OFF:
                return
            self._work.mkdir(parents=True, exist_ok=True)
            kernel = uml.kernel()
            modules = uml.modules(kernel, self._work / "modules", hidden_modules)
            told = self._work / "settings.json"
            told.write_text(self._settings._replace(modules=str(modules)).to_json(), encoding="utf-8")
            init = [
                str(self._python),
                "-B",
                "-P",
                "-S",
                str(self._library / "gauntlet" / "nodes" / "guest" / "init.py"),
                str(told),
            ]
            # What the kernel does not know, with a value, becomes the environment of the first process.
            command = uml.command(kernel, self._nics, str(self._work), init, self._parameters)
            command.insert(1, f"PYTHONPATH={self._library}")
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*uml.on_processor(self._number), *command],
                    env={"PATH": SYSTEM_PATH, "HOME": str(self._work), **xstate.environment_in(Path(layout.BIN))},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._state = MachineState.BOOTING
            for task in (self._watch, self._greet, nudge):
                name = f"{self.name} {task.__name__.strip('_')}"
                threading.Thread(target=task, args=(self._process,), name=name, daemon=True).start()

    def wait_running(self, deadline_s: float = BOOT_DEADLINE_S) -> None:
        """Return when commands reach the machine. Raises GauntletError if it ends instead, or in time does not."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is not MachineState.BOOTING, timeout=deadline_s)
            if self._state in (MachineState.RUNNING, MachineState.FROZEN):
                return
            is_off = self._state is MachineState.OFF
        tail = "\n    ".join(uml.last_words(self._log.read_text(encoding="utf-8", errors="replace")))
        what = "is off" if is_off else f"did not boot within {deadline_s:g} s"
        raise (GuestDown if is_off else GauntletError)(f"{self.name} {what}:\n    {tail}", f"read all of {self._log}")

    def wait_on(self) -> None:
        """Return when commands reach the machine, however long that takes."""
        with self._changed:
            self._changed.wait_for(lambda: self._state is MachineState.RUNNING)

    def connect(self, lease: socket.socket) -> socket.socket:
        """A connection to the agent, maybe not yet answered. `lease` is shut down when the machine ends.

        Raises GuestDown if the machine is off.
        """
        self.wait_running()
        with self._changed:
            if self._state is MachineState.OFF:
                raise GuestDown(f"{self.name} is off")
            self._leases.add(lease)
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            connection.connect((self._address, PORT))
        return connection

    def hang_up(self, lease: socket.socket) -> None:
        """The owner of a connection needs it no more."""
        with self._changed:
            self._leases.discard(lease)

    def freeze(self) -> None:
        """Stop the machine where it is. Raises GuestDown if it is off."""
        self.wait_running()
        self._signal(signal.SIGSTOP, MachineState.FROZEN)

    def thaw(self) -> None:
        if self._state is MachineState.FROZEN:
            self._signal(signal.SIGCONT, MachineState.RUNNING)

    def crash(self) -> None:
        """End all processes of the machine and return when they are gone."""
        process = self._process
        if process is not None and self._state is not MachineState.OFF:
            _kill_group(process.pid)
            self._wait_off()

    def stop(self) -> None:
        """Have the machine power itself off. Raises GauntletError if it does not."""
        self.thaw()
        if self._state is MachineState.OFF:
            return
        self.wait_running()
        try:
            with socket.create_connection((self._address, PORT), timeout=_END_DEADLINE_S) as connection:
                connection.sendall(frame(Kind.POWER_OFF))
                self._wait_off()
        except OSError as error:
            raise GauntletError(f"the agent of {self.name} does not answer: {error}", f"read {self._log}") from error

    def _signal(self, number: signal.Signals, state: MachineState) -> None:
        with self._changed:
            if self._process is None or self._state is MachineState.OFF:
                raise GuestDown(f"{self.name} is off")
            # The kernel is one process; the others run its programs, and stop at their next system call.
            self._process.send_signal(number)
            self._state = state
            self._changed.notify_all()

    def _wait_off(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._state is MachineState.OFF, timeout=_END_DEADLINE_S):
                raise GauntletError(f"{self.name} did not go off within {_END_DEADLINE_S:g} s", f"read {self._log}")

    def _greet(self, process: subprocess.Popen[bytes]) -> None:
        """Notice when the agent listens, however late, and set its clock."""
        begun = time.monotonic()

        def listens() -> bool:
            try:
                with socket.create_connection((self._address, PORT), timeout=_TRY_S) as agent:
                    clock.adjust(agent, _CLOCK_S)
            except OSError:
                return process.poll() is not None
            return True

        while not listens():
            time.sleep(_LOOK_S)
        with self._changed:
            if self._process is process and self._state is MachineState.BOOTING and process.poll() is None:
                self._state = MachineState.RUNNING
                _log.info("%s is up after %.2f s", self.name, time.monotonic() - begun)
                self._changed.notify_all()

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        """Clear up when the machine has ended, for whatever reason."""
        code = process.wait()
        _kill_group(process.pid)
        _log.info("%s ended with %d", self.name, code)
        with self._changed:
            for lease in self._leases:
                with contextlib.suppress(OSError):  # hung up already
                    lease.shutdown(socket.SHUT_RDWR)
            self._leases.clear()
            self._state = MachineState.OFF
            self._changed.notify_all()


def nudge(process: subprocess.Popen[bytes]) -> None:
    """Send a User-Mode Linux the signals that it may have lost, again and again until it ends."""
    while process.poll() is None:
        caught = _caught(process.pid)
        for lost in (signal.SIGALRM, signal.SIGIO):
            if caught >> (lost - 1) & 1:
                process.send_signal(lost)
        time.sleep(_NUDGE_S)


def _caught(pid: int) -> int:
    """The signals that would not end the process, a bit for each; any may before the kernel is up and once it ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it has ended
        return 0
    return int(status.partition("SigCgt:")[2].split()[0], 16)


def _kill_group(leader: int) -> None:
    """End all processes of a machine; those that run its programs outlive its kernel."""

    def gone() -> bool:
        try:
            os.killpg(leader, signal.SIGKILL)
        except ProcessLookupError:
            return True
        return False

    until(gone, what=f"processes of the guest {leader} gone", deadline_s=_END_DEADLINE_S, every_s=0.01)
