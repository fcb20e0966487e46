"""Shell that flushes iptables tables as people do, sparing others' rules, and that sees kube-proxy's come back."""

from __future__ import annotations

from gauntlet.faults.proxy_process import RESTART
from gauntlet.journal import Argv

# The jumps are the last thing kube-proxy writes and the first that a packet meets; DNAT rules are the first.
CHECK = """
nat=$(iptables-save -t nat) && filter=$(iptables-save -t filter) || exit 1
for chain in PREROUTING OUTPUT; do
  printf '%s\\n' "$nat" | grep -q -- "^-A $chain .*-j KUBE-SERVICES" || exit 1
done
printf '%s\\n' "$nat" | grep -q -- '^-A POSTROUTING .*-j KUBE-POSTROUTING' || exit 1
printf '%s\\n' "$filter" | grep -q -- '^-A FORWARD .*-j KUBE-FORWARD' || exit 1
rules=$(printf '%s\\n' "$nat" | grep -c -- '^-A KUBE-SEP-.*-j DNAT') || exit 1
echo "nat has its jumps to KUBE-SERVICES and $rules DNAT rules"
"""


def flush(table: str) -> str:
    """Shell that runs `iptables -t TABLE -F` and puts back at once the rules that are not kube-proxy's.

    A kind node keeps Docker's DNS rule in nat; without it a restarted kube-proxy cannot find the API server.
    """
    return (
        f"rest=$(iptables-save -t {table} | grep -v -e KUBE- -e '^#'); "
        f"iptables -w 5 -t {table} -F || exit 1; "
        f"case $rest in *'-A '*) printf '%s\\n' \"$rest\" | iptables-restore -w 5 --noflush || exit 1 ;; esac; "
    )


def delete_chains(table: str) -> str:
    """Shell that deletes kube-proxy's chains of a table that was flushed."""
    return (
        f"iptables-save -t {table} | sed -n 's/^:\\(KUBE-[^ ]*\\).*/-X \\1/p' | "
        f"{{ echo '*{table}'; cat; echo COMMIT; }} | iptables-restore -w 5 --noflush || exit 1; "
    )


def restart_where_missing() -> Argv:
    """Command that restarts kube-proxy where its rules are not back by themselves."""
    return ("sh", "-c", f"( {CHECK} ) >/dev/null || {{ {RESTART} }}")
