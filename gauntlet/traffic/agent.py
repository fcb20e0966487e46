"""The agent: one Locust process in the network of one client. `python -m gauntlet.traffic.agent`.

Jobs come as lines on stdin, rows and replies leave on stdout (see `gauntlet.traffic.job`), complaints go to
stderr. Rows travel through a pipe rather than into a file of the agent's own, because a client need not share a
file system with the driver (a pod has its own /tmp). The pipe is written without blocking: a driver that
is busy cannot hold up an attempt. When stdin ends, the driver is gone, and so is the agent.
"""

from __future__ import annotations

import locust  # noqa: F401  first of all: it patches what is imported below

# isort: split
import fcntl
import gc
import logging
import os
import resource
import signal
import sys
import traceback
from contextlib import suppress

import gevent  # type: ignore[import-untyped]
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.fileobject import FileObject  # type: ignore[import-untyped]
from gevent.lock import Semaphore  # type: ignore[import-untyped]
from gevent.os import make_nonblocking, nb_write  # type: ignore[import-untyped]

from gauntlet.traffic.associations import ASSOCIATIONS
from gauntlet.traffic.echoes import EXCHANGES
from gauntlet.traffic.exchange import Exchange
from gauntlet.traffic.job import Ended, Message, Ready, Rows, Start, Started, StartTable, Stop, decode, encode
from gauntlet.traffic.job_environment import JobEnvironment
from gauntlet.traffic.resolvers import RESOLVERS
from gauntlet.traffic.table_users import TableEnvironment
from gauntlet.traffic.users import USERS

_FLUSH_EVERY_S = 0.05
_PIPE_BYTES = 1 << 20
_BROKEN = 70  # EX_SOFTWARE of sysexits.h
_F_SETPIPE_SZ = 1031  # fcntl.F_SETPIPE_SZ, of Linux 2.6.35


class Channel:
    """The way to the driver. Whole messages only, whoever of the greenlets sends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turn = Semaphore()
        make_nonblocking(descriptor)
        with suppress(OSError):  # not a pipe, or beyond the user's limit: it only means shorter writes
            fcntl.fcntl(descriptor, _F_SETPIPE_SZ, _PIPE_BYTES)

    def send(self, message: Message, payload: bytes = b"") -> None:
        data = memoryview(encode(message) + payload)
        with self._turn:
            while data:
                data = data[nb_write(self._descriptor, data) :]


class Running:
    """One job under way: a Locust environment with a local runner."""

    def __init__(self, environment: JobEnvironment, channel: Channel) -> None:
        self._job = environment.job
        self._channel = channel
        self._environment = environment
        self._environment.events.user_error.add_listener(_give_up)  # type: ignore[no-untyped-call]
        self._runner = self._environment.create_local_runner()
        self._over = Event()

    def run(self) -> None:
        """From the first attempt to the last row. Ends when the schedule is used up, or after `stop`."""
        # Sent before the first attempt, so that rows never come ahead of it.
        self._channel.send(Started(self._job.number))
        self._runner.start(user_count=self._job.users, spawn_rate=self._job.users)
        flusher = gevent.spawn(self._flush_until_over)
        gevent.joinall([self._runner.spawning_greenlet])
        self._runner.user_greenlets.join()
        self._runner.quit()
        self._over.set()
        flusher.join()
        self._flush()
        environment = self._environment
        self._channel.send(
            Ended(self._job.number, environment.made, environment.schedule.slipped, gave_up=environment.gave_up)
        )

    def stop(self) -> None:
        """No new attempts; those under way are finished first, within their time-out."""
        self._runner.stop()

    def _flush_until_over(self) -> None:
        while not self._over.wait(_FLUSH_EVERY_S):
            self._flush()

    def _flush(self) -> None:
        rows = self._environment.rows
        if rows:
            self._environment.rows = []
            payload = "".join(rows).encode()
            self._channel.send(Rows(self._job.number, len(payload)), payload)


def serve(channel: Channel, commands: FileObject) -> None:
    """Do what the driver says until it says no more."""
    running: dict[int, Running] = {}

    def run(number: int) -> None:
        running[number].run()
        del running[number]

    channel.send(Ready(os.getpid()))
    for line in commands:
        message = decode(line)
        if isinstance(message, Start | StartTable):
            number = message.job.number
            running[number] = Running(_environment(message), channel)
            # gevent itself prints the traceback
            gevent.spawn(run, number).link_exception(lambda _: os._exit(_BROKEN))
        elif isinstance(message, Stop) and message.number in running:
            gevent.spawn(running[message.number].stop)


def _environment(start: Start | StartTable) -> JobEnvironment:
    if isinstance(start, StartTable):
        return TableEnvironment(start.job)
    job = start.job
    if job.exchange != Exchange.QUESTIONS:
        return JobEnvironment(job, EXCHANGES[job.protocol, job.exchange])
    if job.name:
        return JobEnvironment(job, RESOLVERS[job.protocol])
    return JobEnvironment(job, {**USERS, **ASSOCIATIONS}[job.protocol, job.connection])


def _give_up(exception: BaseException, **_: object) -> None:
    """An error that is no outcome of an attempt: without this agent there are no rows, so say why and end."""
    traceback.print_exception(exception)
    sys.stderr.flush()
    os._exit(_BROKEN)


def main() -> None:
    """Set up the process and serve until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which then closes stdin
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    # Stdout is the channel's alone: whatever a library prints goes to stderr.
    channel = Channel(os.dup(1))
    os.dup2(2, 1)
    # Locust warns of more than 100 new users a second. Ours are started at once on purpose, and do nothing yet.
    logging.getLogger("locust.runners").addFilter(lambda record: "spawn rate" not in record.getMessage())
    # Collections would stop all attempts for a while; what was imported never becomes garbage.
    gc.collect()
    gc.freeze()
    with suppress(BrokenPipeError):  # the driver is gone
        serve(channel, FileObject(0, "rb"))
    os._exit(0)


if __name__ == "__main__":
    main()
