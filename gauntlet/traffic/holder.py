"""Opens connections one after the other and holds them. `python -I -S holder.py ADDRESS PORT COUNT TIMEOUT_S FROM`.

FROM is the local port of the first connection, the next one has the next port; 0 leaves the choice to the kernel.
Each connection makes one HTTP request, then stays open and silent until stdin ends. A line of JSON for each goes to
stdout: `at_ns`, `latency_ns`, `result` (ok, timeout or the name of an errno), `backend`, `error`. It runs in the
network of a client, with the standard library alone: no Locust user keeps a connection without using it.
"""

import errno
import json
import socket
import struct
import sys
import time


def _ask(address: str, port: int, timeout_s: float, local_port: int) -> tuple[socket.socket, str]:
    is_ipv6 = ":" in address
    opened = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
    opened.settimeout(timeout_s)
    # Reset at the end, so that the local port is free at once.
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    opened.bind(("", local_port))
    opened.connect((address, port))
    host = f"[{address}]" if is_ipv6 else address
    opened.sendall(f"GET /hostname HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    received = b""
    while True:
        head, separator, body = received.partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
        if separator and len(body) >= int(fields[b"content-length"]):
            return opened, body.decode()
        piece = opened.recv(4096)
        if not piece:
            raise ConnectionResetError(errno.ECONNRESET, "closed before the answer")
        received += piece


def main() -> None:
    address, port, count, timeout_s = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    first = int(sys.argv[5])
    held = []
    for number in range(count):
        at_ns = time.time_ns()
        row: dict[str, str | int] = {"at_ns": at_ns}
        try:
            opened, row["backend"] = _ask(address, port, timeout_s, first + number if first else 0)
            held.append(opened)
            row["result"] = "ok"
        except TimeoutError as late:
            row |= {"result": "timeout", "error": str(late)}
        except OSError as problem:
            row |= {"result": errno.errorcode[problem.errno or errno.EIO], "error": str(problem)}
        row["latency_ns"] = time.time_ns() - at_ns
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
