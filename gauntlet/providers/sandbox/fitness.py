"""Has this machine's own kernel what a proxy mode needs? It is tried, in a world of its own, not guessed."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from gauntlet.cluster import ProxyMode
from gauntlet.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import world

_TRIAL_S = 30.0
# kube-proxy 1.25 raises its limit to this number where it proxies by itself (pkg/proxy/userspace, rlimit).
_USERSPACE_FILES = 64000
_TRIALS: Mapping[ProxyMode, str] = {
    ProxyMode.IPVS: (
        "ip link add kube-ipvs0 type dummy && ipset create t hash:ip,port && "
        "ipvsadm -A -t 192.0.2.1:80 -s rr && ipvsadm -a -t 192.0.2.1:80 -r 192.0.2.2:80 -m"
    ),
    ProxyMode.USERSPACE: f"ulimit -n {_USERSPACE_FILES}",
}


def host_lacks(mode: ProxyMode) -> str | None:
    """What this machine's kernel lacks for kube-proxy in this mode, in the kernel's own words; None if nothing.

    Raises EnvironmentUnfit where no world can be made at all.
    """
    trial = _TRIALS.get(mode)
    if trial is None:
        return None
    done = subprocess.run(
        ["unshare", *world.flags(), "--", "sh", "-ec", f"mount -t tmpfs tmpfs /run; {trial}"],
        capture_output=True,
        text=True,
        env={"PATH": SYSTEM_PATH},
        stdin=subprocess.DEVNULL,
        timeout=_TRIAL_S,
        check=False,
    )
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"the trial ended with {done.returncode}").splitlines()[-1]
