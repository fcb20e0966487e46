"""Runs commands in a guest, for whoever connects: one loop, as many commands at once as there are connections."""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from collections.abc import Callable

from gauntlet.nodes.guest import kernel
from gauntlet.nodes.guest.wire import PIECE, Command, Frames, Kind, exit_frame, frame, time_frame, time_ns

Handler = Callable[[int, int], None]  # of a descriptor and its events

# Of one stream, this much waits here at the most; then its source is not read until there is room again.
_ROOM = 4 * PIECE
_NOT_FOUND = 127  # exit code of a shell for a program that cannot be started
# Python ignores these; a command must not inherit that.
_DEFAULT_SIGNALS = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT]


class Agent:
    """The loop. Also reaps the orphans of the guest, whose first process it is."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._poll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._masks: dict[int, int] = {}
        self._children: dict[int, Callable[[int], None]] = {}

    def serve(self) -> None:
        """Never returns."""
        woken, wake = os.pipe()
        os.set_blocking(woken, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self.watch(woken, select.EPOLLIN, self._reap)
        self.watch(self._listener.fileno(), select.EPOLLIN, self._accept)
        while True:
            for descriptor, events in self._poll.poll():
                # An earlier one of the same batch may have closed it.
                if handler := self._handlers.get(descriptor):
                    handler(descriptor, events)

    def watch(self, descriptor: int, mask: int, handler: Handler) -> None:
        """Call `handler` on these events of the descriptor; with an empty mask no longer on any."""
        before = self._masks.get(descriptor)
        if mask == before:
            return
        if not mask:
            if before is not None:
                self._poll.unregister(descriptor)
                del self._masks[descriptor], self._handlers[descriptor]
            return
        if before is None:
            self._poll.register(descriptor, mask)
        else:
            self._poll.modify(descriptor, mask)
        self._masks[descriptor] = mask
        self._handlers[descriptor] = handler

    def when_ended(self, pid: int, then: Callable[[int], None]) -> None:
        """Call `then` with the exit code of this child."""
        self._children[pid] = then

    def _accept(self, _descriptor: int, _events: int) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Conversation(self, connection)

    def _reap(self, woken: int, _events: int) -> None:
        os.read(woken, PIECE)
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if then := self._children.pop(pid, None):
                then(os.waitstatus_to_exitcode(status))


class Conversation:
    """One connection, and the command that was started by it."""

    def __init__(self, agent: Agent, connection: socket.socket) -> None:
        self._agent = agent
        self._connection = connection
        self._frames = Frames()
        self._outgoing = bytearray()
        self._input = bytearray()
        self._input_is_whole = False
        self._stdin = -1
        self._outputs: dict[int, Kind] = {}
        self._pid = 0
        self._code: int | None = None
        self._is_last = False
        self._settle()

    def _settle(self) -> None:
        """Do what can be done without waiting, and watch for what must be waited for."""
        if self._code is not None:
            self._finish()
        if self._outgoing:
            self._send()
        if self._connection.fileno() < 0:
            return
        if self._is_last and not self._outgoing:
            self._close()
            return
        mask = select.EPOLLRDHUP
        if len(self._input) < _ROOM:
            mask |= select.EPOLLIN
        # A command's end is told in turns where there is no room for all that its pipes hold.
        if self._outgoing or (self._code is not None and not self._is_last):
            mask |= select.EPOLLOUT
        self._agent.watch(self._connection.fileno(), mask, self._on_connection)
        if self._stdin >= 0:
            waits = bool(self._input) or self._input_is_whole
            self._agent.watch(self._stdin, select.EPOLLOUT if waits else select.EPOLLERR, self._on_stdin)
        if self._code is None:
            for descriptor in self._outputs:
                wanted = select.EPOLLIN if self._has_room else 0
                self._agent.watch(descriptor, wanted, self._on_output)

    @property
    def _has_room(self) -> bool:
        return len(self._outgoing) < _ROOM

    def _on_connection(self, _descriptor: int, events: int) -> None:
        if events & (select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR):
            self._close()
            return
        if events & select.EPOLLIN:
            try:
                data = self._connection.recv(PIECE)
            except OSError:
                data = b""
            if not data:
                self._close()
                return
            try:
                for kind, payload in self._frames.feed(data):
                    self._take(kind, payload)
            except ValueError:  # not of this protocol
                self._close()
                return
        self._settle()

    def _take(self, kind: Kind, payload: bytes) -> None:
        if kind is Kind.COMMAND and self._pid == 0:
            self._start(Command.read(payload))
        elif kind is Kind.STDIN and self._stdin >= 0:
            self._input += payload
            self._input_is_whole = not payload
        elif kind is Kind.CLOCK:
            self._outgoing += time_frame(Kind.CLOCK, time.time_ns())
        elif kind is Kind.SHIFT_CLOCK:
            kernel.shift_clock(time_ns(payload))
        elif kind is Kind.POWER_OFF:
            kernel.power_off()

    def _start(self, command: Command) -> None:
        if command.has_stdin:
            theirs, self._stdin = os.pipe()
            os.set_blocking(self._stdin, False)
        else:
            theirs = os.open(os.devnull, os.O_RDONLY)
        passed = [theirs]
        for kind in (Kind.STDOUT, Kind.STDERR):
            ours, its = os.pipe()
            os.set_blocking(ours, False)
            self._outputs[ours] = kind
            passed.append(its)
        try:
            self._pid = os.posix_spawn(
                _program(command),
                command.argv,
                command.env,
                file_actions=[(os.POSIX_SPAWN_DUP2, number, target) for target, number in enumerate(passed)],
                setsid=True,
                setsigdef=_DEFAULT_SIGNALS,
            )
        except OSError as error:
            self._outgoing += frame(Kind.STDERR, f"{command.argv[0]}: {error.strerror}\n".encode())
            self._code = _NOT_FOUND
        else:
            self._agent.when_ended(self._pid, self._on_exit)
        for descriptor in passed:
            os.close(descriptor)

    def _on_exit(self, code: int) -> None:
        self._code = code
        if self._connection.fileno() >= 0:
            self._settle()

    def _on_stdin(self, _descriptor: int, events: int) -> None:
        if events & select.EPOLLERR:  # nobody reads it any more
            self._close_stdin()
        else:
            try:
                while self._input:
                    del self._input[: os.write(self._stdin, memoryview(self._input)[:PIECE].tobytes())]
            except BlockingIOError:
                pass
            except BrokenPipeError:
                self._close_stdin()
            if self._input_is_whole and not self._input:
                self._close_stdin()
        self._settle()

    def _on_output(self, descriptor: int, _events: int) -> None:
        self._read(descriptor)
        self._settle()

    def _read(self, descriptor: int) -> bool:
        """Take in what a pipe holds, up to a piece. False where it holds nothing now."""
        try:
            data = os.read(descriptor, PIECE)
        except BlockingIOError:
            return False
        self._outgoing += frame(self._outputs[descriptor], data)
        if not data:
            self._close_output(descriptor)
        return bool(data)

    def _finish(self) -> None:
        """The command has ended: send what its pipes hold, then its code. What children of it still write is lost."""
        for descriptor in list(self._outputs):
            while self._has_room and self._read(descriptor):
                pass
            if not self._has_room:
                self._agent.watch(descriptor, 0, self._on_connection)
                return
            self._close_output(descriptor)
        if not self._is_last:
            assert self._code is not None
            self._close_stdin()
            self._outgoing += exit_frame(self._code)
            self._is_last = True

    def _send(self) -> None:
        try:
            while self._outgoing:
                del self._outgoing[: self._connection.send(memoryview(self._outgoing)[:_ROOM].tobytes())]
        except BlockingIOError:
            return
        except OSError:
            self._close()

    def _close(self) -> None:
        """The end of the conversation, and of a command that has not ended by itself."""
        if self._pid and self._code is None:
            os.killpg(self._pid, signal.SIGKILL)
        self._agent.watch(self._connection.fileno(), 0, self._on_connection)
        self._connection.close()
        self._close_stdin()
        for descriptor in list(self._outputs):
            self._close_output(descriptor)

    def _close_stdin(self) -> None:
        if self._stdin >= 0:
            self._agent.watch(self._stdin, 0, self._on_stdin)
            os.close(self._stdin)
            self._stdin = -1
            self._input.clear()

    def _close_output(self, descriptor: int) -> None:
        if self._outputs.pop(descriptor, None) is not None:
            self._agent.watch(descriptor, 0, self._on_connection)
            os.close(descriptor)


def _program(command: Command) -> str:
    """The file that PATH of the command's own environment stands for. Raises FileNotFoundError."""
    name = command.argv[0]
    if "/" in name:
        return name
    for folder in command.env.get("PATH", "").split(":"):
        path = f"{folder}/{name}"
        if os.access(path, os.X_OK):
            return path
    raise FileNotFoundError(2, "command not found")
