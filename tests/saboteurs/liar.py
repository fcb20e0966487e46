"""Answers in kube-proxy's place, on its node: `liar.py CODE BODY PORT…`; `node-ports` are those that it listens at.

Whoever asks one of these TCP ports is led here, and told what is on the command line. Of the ports of the NodePort
range, those count at which somebody listens: the health check node ports. There is one liar on a node; it ends with
its pid namespace.
"""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

OWN_PORT = 61_999
NODE_PORTS = range(30_000, 32_768)
EVERY_S = 0.05
_LISTENS = "0A"
_RULES = f"""
add table inet saboteur-liar
delete table inet saboteur-liar
table inet saboteur-liar {{
    set ports {{
        type inet_service
    }}
    chain output {{
        type nat hook output priority -90
        fib daddr type local tcp dport @ports redirect to :{OWN_PORT}
    }}
    chain prerouting {{
        type nat hook prerouting priority -90
        fib daddr type local tcp dport @ports redirect to :{OWN_PORT}
    }}
}}
"""


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


def liar(code: int, body: str) -> type[http.server.BaseHTTPRequestHandler]:
    class Liar(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            pass

    return Liar


def listened_at(table: str) -> set[int]:
    """From /proc/net/tcp6: the ports of the NodePort range at which somebody listens."""
    rows = [line.split() for line in table.splitlines()[1:]]
    ports = {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTENS}
    return {port for port in ports if port in NODE_PORTS}


def _nft(commands: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=commands, text=True, check=True)


def _keep_up() -> None:
    known = set[int]()
    while True:
        found = set[int]()
        for name in ("tcp", "tcp6"):
            found |= listened_at(Path(f"/proc/net/{name}").read_text(encoding="ascii"))
        if found != known:
            elements = ", ".join(map(str, sorted(found)))
            add = f"add element inet saboteur-liar ports {{ {elements} }}\n" if found else ""
            _nft(f"flush set inet saboteur-liar ports\n{add}")
            known = found
        time.sleep(EVERY_S)


def main() -> None:
    code, body, port = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    try:
        server = Server(("::", OWN_PORT), liar(code, body))
    except OSError:
        return  # Another one is at work.
    _nft(_RULES)
    if port == "node-ports":
        threading.Thread(target=_keep_up, daemon=True).start()
    else:
        _nft(f"add element inet saboteur-liar ports {{ {port} }}\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
