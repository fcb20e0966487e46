"""Owns a sandbox cluster until it is killed: the run that tests/cluster/sandbox/test_end.py ends in bad ways.

With a second argument its clean-up never ends, so that a first signal is not enough.
"""

from __future__ import annotations

import signal
import sys
import threading

from gauntlet.ground import ending
from gauntlet.ground.cluster import ProxyMode
from gauntlet.providers import ClusterSpec, provider
from gauntlet.subject import plain

# A test run that was started in the background of a script has it ignored, and so would we.
signal.signal(signal.SIGINT, signal.default_int_handler)
cluster = provider("sandbox").create(ClusterSpec(name=sys.argv[1], subject=plain(ProxyMode.IPTABLES), nodes=2))
cluster.nodes[0].spawn(["sleep", "1000"])
if len(sys.argv) > 2:
    ending.obey()
    with ending.held_back():
        print("up", flush=True)
        threading.Event().wait()
print("up", flush=True)
threading.Event().wait()
