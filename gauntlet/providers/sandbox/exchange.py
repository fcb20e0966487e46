"""The steward's end of the switchboard: a socket in the cluster's state folder, answered for every guest."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Mapping
from pathlib import Path

from gauntlet.ground.errors import GauntletError
from gauntlet.nodes.switchboard import Answer, Call, GuestDown, Wish, reach
from gauntlet.providers.sandbox.guest_machine import GuestMachine

_CALL_BYTES = 1 << 16


class Exchange:
    """Answers calls for ever, each in a thread of its own."""

    def __init__(self, path: Path, machines: Mapping[str, GuestMachine]) -> None:
        self._machines = machines
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reach(path, self._listener.bind)
        # Whoever can connect is root in the guests.
        path.chmod(0o600)
        self._listener.listen(128)

    def start(self) -> None:
        threading.Thread(target=self._serve, name="exchange", daemon=True).start()

    def _serve(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            threading.Thread(target=self._answer, args=(caller,), name="call", daemon=True).start()

    def _answer(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(ConnectionError):  # a caller that does not wait
            call = Call.read(caller.recv(_CALL_BYTES))
            machine = self._machines[call.guest]
            try:
                if call.wish is Wish.CONNECT:
                    self._connect(machine, caller)
                else:
                    caller.sendall(Answer(_carry_out(machine, call)).line())
            except GauntletError as error:
                down = isinstance(error, GuestDown)
                caller.sendall(Answer(error=error.what, remedy=error.remedy, down=down).line())

    def _connect(self, machine: GuestMachine, caller: socket.socket) -> None:
        """Give the caller a connection to the guest, and keep the call until one of them hangs up."""
        connection = machine.connect(caller)
        try:
            with connection:
                socket.send_fds(caller, [Answer().line()], [connection.fileno()])
            caller.recv(1)
        finally:
            machine.hang_up(caller)


def _carry_out(machine: GuestMachine, call: Call) -> str:
    match call.wish:
        case Wish.BOOT:
            machine.thaw()
            machine.start(call.hidden_modules)
            machine.wait_running()
        case Wish.STOP:
            machine.stop()
        case Wish.CRASH:
            machine.crash()
        case Wish.FREEZE:
            machine.freeze()
        case Wish.THAW:
            machine.thaw()
    return machine.state
