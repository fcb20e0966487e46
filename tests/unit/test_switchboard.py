"""The way to guests whose steward ends, as it does with its world, while somebody asks it for one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from gauntlet.ground.cluster import HostKind
from gauntlet.nodes.guest.command import DOWN
from gauntlet.nodes.guest.node import GuestHost
from gauntlet.nodes.switchboard import GuestDown, Switchboard, Wish, reach


@pytest.fixture
def ending(tmp_path: Path) -> Iterator[Switchboard]:
    """Ends when it is asked, and before it has read what: the kernel then resets the connection."""
    path = tmp_path / "guests.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        reach(path, listener.bind)
        listener.listen()

        def end() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(1, socket.MSG_PEEK)

        steward = Thread(target=end)
        steward.start()
        yield Switchboard(path)
        steward.join()


def test_of_a_steward_that_ends_nothing_is_had(ending: Switchboard) -> None:
    with pytest.raises(GuestDown, match="the steward of the world hung up"):
        ending.ask("node-1", Wish.STATE, timeout_s=10)


def test_a_command_on_a_node_of_a_world_that_ends_has_ended(ending: Switchboard) -> None:
    """What is done for other nodes as well, such as healing, goes on."""
    host = GuestHost(ending, "node-1", HostKind.NODE, "node-1", ("10.77.0.11",))
    done = host.run(("true",), timeout_s=10, check=False)
    assert done.code == DOWN
    assert "hung up" in done.stderr
