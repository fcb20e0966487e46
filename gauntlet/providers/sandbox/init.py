"""The first process of a world: reaps orphans, and ends when its owner does.

When it ends, the kernel ends every process of the world and takes its namespaces, mounts and rules
along. The work is done by its child, the steward; if that ends, so does the world.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from gauntlet.providers.sandbox.layout import KEEP, WorldSpec

# A nice value (sched(7), "The autogroup feature").
_BEFORE_OTHERS = "-10"


def _end_with_owner(control_fd: int) -> None:
    """Wait until the owner is gone, or says that the world shall outlive it."""
    if os.read(control_fd, len(KEEP)) != KEEP:
        os._exit(0)


def main() -> None:
    spec = WorldSpec.from_json(sys.argv[1])
    _come_first()
    steward = os.fork()
    if steward == 0:
        os.close(spec.control_fd)
        # Before urllib3 is imported: it then looks, by ::1 and once for all, whether there is IPv6.
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        from gauntlet.providers.sandbox import steward as work

        work.run(spec)
        os._exit(1)
    # Not before the fork: what is ignored stays ignored in every process that descends from the steward.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for fd in (spec.relay_fd, spec.report_fd):
        os.close(fd)
    threading.Thread(target=_end_with_owner, args=(spec.control_fd,), daemon=True).start()
    while True:
        pid, status = os.wait()
        if pid == steward:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _come_first() -> None:
    """Let the control plane, which is this session's, come before the nodes: it takes little, and all wait for it.

    Beside three guests whose kube-proxies synced, a request took 0.8 s; beside the same with these stopped, 0.02 s
    (2026-11-29, a busy machine). Linux weighs sessions against each other where autogroups are on. Only root may.
    """
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(_BEFORE_OTHERS, encoding="ascii")


if __name__ == "__main__":
    main()
