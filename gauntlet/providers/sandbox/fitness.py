"""Has this machine's own kernel what a proxy mode needs, and does a guest's run? Tried, in a world of its own."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Mapping

from gauntlet.cluster import NodeKernel, ProxyMode
from gauntlet.paths import SYSTEM_PATH
from gauntlet.providers.sandbox import uml, world, xstate

_TRIAL_S = 30.0
_RUN_FOLDER = "/run"
_UP = "gauntlet-guest-is-up"
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
    done = _try(trial)
    if done.returncode == 0:
        return None
    return (done.stderr.strip() or f"the trial ended with {done.returncode}").splitlines()[-1]


def guest_fails(kernel: uml.Kernel | None = None) -> str | None:
    """Why no guest boots here, with this kernel or the one that guests have, in its last words; None where one does.

    Raises EnvironmentUnfit where programs are missing, with the one apt-get line, or no world can be made.
    """
    world.require_tools(NodeKernel.OWN)
    # It ends by a panic, as it is to: its first process says the word and is gone.
    boot = shlex.join(uml.command(kernel or uml.kernel(), (), _RUN_FOLDER, ["/bin/echo", _UP]))
    try:
        said = _try(f"{boot} 2>&1 || true", xstate.environment()).stdout
    except subprocess.TimeoutExpired:
        return f"no answer within {_TRIAL_S:g} s"
    return None if _UP in said else " ".join(uml.last_words(said)[-2:]) or "it says nothing"


def _try(script: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["unshare", *world.flags(), "--", "sh", "-ec", f"mount -t tmpfs tmpfs {_RUN_FOLDER}; {script}"],
        capture_output=True,
        text=True,
        errors="replace",
        env={"PATH": SYSTEM_PATH, **(environment or {})},
        stdin=subprocess.DEVNULL,
        timeout=_TRIAL_S,
        check=False,
    )
