"""First process of an own-kernel guest: makes virtual servers of every kind, traffic through them, and listings.

Runs inside User-Mode Linux on the machine's own files, with nothing but Python's standard library.
Arguments: the folder for the listings, the folder that has lib/modules, and commands by name as JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
import traceback
from pathlib import Path

V4 = ("10.244.1.1", "10.244.1.2", "10.244.1.3")
V6 = ("fd00:244::1", "fd00:244::2", "fd00:244::3")
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "sh", "dh", "mh", "sed", "nq")
# This kernel's nf_tables cannot do what iptables-nft wants.
LEGACY = Path("/run/legacy")
MARKED = "10.96.0.7"
MARK = 7


def mount(kind: str, where: str) -> None:
    # The system call: mount(8) is a setuid program, which a guest of an ordinary user must not use.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), where.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"mount {kind} on {where}")


def run(*argv: str, stdin: str | None = None) -> str:
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{argv}: {done.stderr}")
    return done.stdout


def addresses() -> str:
    lines = ["link set lo up", "link add kube-ipvs0 type dummy", "link add eth0 type dummy", "link set eth0 up"]
    lines += [f"addr add 10.96.0.{last}/32 dev kube-ipvs0" for last in (1, 2, 3, 7)]
    lines += [f"addr add fd00:96::{last}/128 dev eth0 nodad" for last in (1, 2)]
    lines += [f"addr add {address}/32 dev eth0" for address in V4]
    lines += [f"addr add {address}/128 dev eth0 nodad" for address in V6]
    return "\n".join(lines) + "\n"


def virtual_servers() -> str:
    """Input of ipvsadm --restore."""
    lines = []

    def add(server: str, options: str, *real: str) -> None:
        lines.append(f"-A {server} {options}")
        lines.extend(f"-a {server} -r {each}" for each in real)

    for offset, scheduler in enumerate(SCHEDULERS):
        weighted = [f"{address}:8080 -m -w {2**i}" for i, address in enumerate(V4)]
        add(f"-t 10.96.0.1:{80 + offset}", f"-s {scheduler}", *weighted)
    plain = [f"{address}:8080 -m" for address in V4]
    add("-u 10.96.0.1:53", "-s rr", *(f"{address}:5353 -m" for address in V4))
    add("-u 10.96.0.1:54", "-s wrr -o", "10.244.1.1:5353 -m -w 65535")
    add("-t 10.96.0.2:80", "-s rr -p 10800", *plain)
    add("-t 10.96.0.2:81", "-s wlc -p 360 -M 255.255.255.0", *plain)
    add("-t 10.96.0.3:80", "-s rr")
    add("-t 10.96.0.3:81", "-s rr", "10.244.1.1:8080 -m -w 0")
    add("-t 10.96.0.4:80", "-s sh -b sh-fallback,sh-port", plain[0])
    add("-t 10.96.0.4:81", "-s mh -b mh-fallback", plain[0])
    add("-t 10.96.0.5:80", "-s rr", "10.77.0.12:80 -g", "10.77.0.13:80 -i", "127.0.0.1:80 -g -w 3")
    add("--sctp-service 10.96.0.6:132", "-s rr", plain[0])
    add(f"-f {MARK}", "-s rr -p 300", *plain)
    add("-f 9 -6", "-s wrr", "[fd00:244::1]:8080 -m -w 2")
    add("-t [fd00:96::1]:80", "-s rr", *(f"[{address}]:8080 -m" for address in V6))
    add(
        "-t [fd00:96::2]:80",
        "-s wlc -p 600 -M 64",
        *(f"[{address}]:8080 -m -w {i + 1}" for i, address in enumerate(V6)),
    )
    return "\n".join(lines) + "\n"


def rules() -> None:
    """What kube-proxy has beside the virtual servers, as far as it says that packets reach them."""
    LEGACY.mkdir()
    for name in ("iptables", "iptables-save"):
        (LEGACY / name).symlink_to("/usr/sbin/xtables-legacy-multi")
    run("ipset", "create", "KUBE-CLUSTER-IP", "hash:ip,port")
    run("ipset", "add", "KUBE-CLUSTER-IP", "10.96.0.1,tcp:80")
    for chain in ("KUBE-SERVICES", "KUBE-POSTROUTING"):
        run("iptables", "-t", "nat", "-N", chain)
    for hook, chain in (("PREROUTING", "SERVICES"), ("OUTPUT", "SERVICES"), ("POSTROUTING", "POSTROUTING")):
        run("iptables", "-t", "nat", "-A", hook, "-j", f"KUBE-{chain}")


def listen(address: str, port: int) -> None:
    server = socket.create_server((address, port), family=family(address))

    def echo(client: socket.socket) -> None:
        while said := client.recv(4096):
            client.sendall(said)
        client.close()

    def loop() -> None:
        while True:
            threading.Thread(target=echo, args=(server.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()


def answer(address: str, port: int) -> None:
    server = socket.socket(family(address), socket.SOCK_DGRAM)
    server.bind((address, port))

    def loop() -> None:
        while True:
            server.sendto(*server.recvfrom(4096))

    threading.Thread(target=loop, daemon=True).start()


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def dial(address: str, port: int, *, mark: int = 0) -> socket.socket:
    client = socket.socket(family(address), socket.SOCK_STREAM)
    client.settimeout(5)
    if mark:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    client.connect((address, port))
    client.sendall(b"hello")
    assert client.recv(5) == b"hello"
    return client


def traffic() -> tuple[list[socket.socket], dict[str, str]]:
    """Connections that stay open, and what became of attempts at virtual servers that can give no real server."""
    for address in (*V4, *V6):
        listen(address, 8080)
    for address in V4:
        listen(address, 80)
        answer(address, 5353)
    kept = [dial("10.96.0.1", 80 + offset) for offset in range(len(SCHEDULERS)) for _ in range(6)]
    kept += [dial(address, 80) for address in ("10.96.0.2", "fd00:96::1", "fd00:96::2") for _ in range(4)]
    kept += [dial("10.96.0.2", 81) for _ in range(3)]
    kept += [dial(MARKED, 80, mark=MARK) for _ in range(3)]
    for _ in range(5):
        dial("10.96.0.1", 80).close()
    for _ in range(5):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(5)
            client.connect(("10.96.0.1", 53))
            client.send(b"hello")
            client.recv(5)
    refusals = {}
    for port in (80, 81):
        try:
            dial("10.96.0.3", port)
            refusals[f"10.96.0.3:{port}"] = "answered"
        except OSError as error:
            refusals[f"10.96.0.3:{port}"] = type(error).__name__
    return kept, refusals


def settle() -> None:
    """Return when the kernel's totals, renewed every two seconds, have caught up with its processors' counts."""
    tick = threading.Event()
    for _ in range(100):
        total = Path("/proc/net/ip_vs_stats").read_text().splitlines()[2].split()
        of_processor = Path("/proc/net/ip_vs_stats_percpu").read_text().splitlines()[2].split()[1:]
        if total == of_processor:
            return
        tick.wait(0.1)
    raise RuntimeError(f"totals {total} stay behind {of_processor}")


def main(out: Path, modules: Path, commands: dict[str, list[str]]) -> None:
    os.environ["PATH"] = f"{LEGACY}:/usr/sbin:/usr/bin:/sbin:/bin"
    for kind, where in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run")):
        mount(kind, where)
    # The kernel loads schedulers by itself, through this program.
    loader = out / "modprobe"
    loader.write_text(f'#!/bin/sh\nexec /sbin/modprobe -d {modules} "$@"\n')
    loader.chmod(0o755)
    Path("/proc/sys/kernel/modprobe").write_text(str(loader))
    run(str(loader), "-a", "ipv6", "dummy", "ip_vs")
    run("ip", "-batch", "-", stdin=addresses())
    run("ipvsadm", "--restore", stdin=virtual_servers())
    rules()
    kept, refusals = traffic()
    settle()
    for name, command in commands.items():
        (out / f"{name}.txt").write_text(run(*command))
    (out / "ipvsadm-Ln.txt").write_text(run("ipvsadm", "-Ln"))
    (out / "ipvsadm-Lcn.txt").write_text(run("ipvsadm", "-Lcn"))
    (out / "ipvsadm-stats.txt").write_text(run("ipvsadm", "-Ln", "--stats", "--exact"))
    (out / "refusals.json").write_text(json.dumps(refusals, indent=2) + "\n")
    (out / "modules.txt").write_text(Path("/proc/modules").read_text())
    del kept


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        main(folder, Path(sys.argv[2]), json.loads(sys.argv[3]))
    except BaseException:
        (folder / "error.txt").write_text(traceback.format_exc())
        raise
    finally:
        os.sync()
        Path("/proc/sysrq-trigger").write_text("o")
        threading.Event().wait()
