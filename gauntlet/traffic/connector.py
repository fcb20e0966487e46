"""Makes one connection and closes it. `python -P -m gauntlet.traffic.connector ADDRESS PORT TIMEOUT_S`.

It comes from a local port below the ephemeral ones, where no traffic comes from: conntrack remembers for 120 s what
became of a connection that timed out, and one from the same port to the same address shares its fate, whatever the
rules say by then (gauntlet/traffic/ports.py). Ports whose attempts timed out are the free ones among those that traffic
has just used, so that the kernel's own choice often falls on them.

Ends with 0 if the connection was accepted, else with 1 and a line why. It runs in the network of a host, with the
standard library alone.
"""

import errno
import random
import socket
import sys

_RANGE = "/proc/sys/net/ipv4/ip_local_port_range"
_SPAN = 20_000
_LOWEST = 1024
_TRIED = 100


def local_ports() -> range:
    """The ports below the ephemeral ones of this network namespace."""
    with open(_RANGE, encoding="ascii") as file:  # noqa: PTH123
        first = int(file.read().split()[0])
    return range(max(_LOWEST, first - _SPAN), first)


def connect(address: str, port: int, timeout_s: float) -> None:
    """Raises OSError if the connection is not accepted."""
    ports = local_ports()
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as opened:
        opened.settimeout(timeout_s)
        _bind(opened, random.sample(ports, k=min(len(ports), _TRIED)))
        opened.connect((address, port))


def _bind(opened: socket.socket, ports: list[int]) -> None:
    """Bind to the first port that nobody has. Raises OSError, EADDRINUSE, if all are taken."""
    for port in ports[:-1]:
        try:
            opened.bind(("", port))
        except OSError as taken:
            if taken.errno != errno.EADDRINUSE:
                raise
        else:
            return
    opened.bind(("", ports[-1]))


def main() -> None:
    address, port, timeout_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    try:
        connect(address, port, timeout_s)
    except TimeoutError:
        sys.exit(f"no answer within {timeout_s:g} s")
    except OSError as error:
        sys.exit(error.strerror or str(error))


if __name__ == "__main__":
    main()
