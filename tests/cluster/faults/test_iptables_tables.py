"""The flushes on real tables in a network of their own: kube-proxy's rules go, everybody else's are never gone."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gauntlet.faults import iptables_tables
from tests.unit.rules.node import SAVED

# The kubelet's, Docker's, a CNI plugin's that uses a chain of kube-proxy's, and one that only looks like kube-proxy's.
FOREIGN = """
*nat
:DOCKER_OUTPUT - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
-A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT
-A DOCKER_OUTPUT -d 127.0.0.11/32 -p tcp -m tcp --dport 53 -j DNAT --to-destination 127.0.0.11:41000
-A PREROUTING -m comment --comment "comes before -j KUBE-SERVICES" -j CNI-HOSTPORT-DNAT
-A CNI-HOSTPORT-DNAT -s 10.244.1.0/24 -p tcp -m tcp --dport 8080 -j KUBE-MARK-MASQ
-A POSTROUTING -d 192.0.2.1/32 -j RETURN
COMMIT
*filter
-A INPUT -s 192.0.2.2/32 -j DROP
-A FORWARD -s 192.0.2.3/32 -j ACCEPT
COMMIT
*mangle
:KUBE-KUBELET-CANARY - [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
"""
FOREIGN_LINES = sorted(line for line in FOREIGN.splitlines() if line[:1] in (":", "-"))
CHANGING = ("iptables", "iptables-restore")


def after(folder: Path, script: str, *, wrapper: str = "") -> tuple[int, str, str]:
    """Load both kinds of rules in a private network and run the script there: exit code, tables before and after.

    `wrapper` is shell that runs in place of each program that changes tables; `$program` is the program's path.
    """
    # An nfacct counter would have to be made first.
    (folder / "saved").write_text("\n".join(line for line in SAVED.splitlines() if "nfacct" not in line) + "\n")
    (folder / "foreign").write_text(FOREIGN)
    path = os.environ["PATH"]
    if wrapper:
        for name in CHANGING:
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(f"#!/bin/sh\nprogram={shutil.which(name)}\n{wrapper}\n")
            program.chmod(0o755)
        path = f"{folder / 'bin'}:{path}"
    whole = (
        f"cd {folder} && iptables-restore saved && iptables-restore --noflush foreign && iptables-save > before && "
        f'{{ PATH={path} sh -c "$1"; echo $? > code; }}; iptables-save > after'
    )
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    subprocess.run(["unshare", *user, "--net", "--", "sh", "-c", whole, "sh", script], check=True)
    return int((folder / "code").read_text()), rules_in(folder / "before"), rules_in(folder / "after")


def rules_in(saved: Path) -> str:
    """What iptables-save wrote, without counters and dates."""
    lines = re.sub(r"\[\d+:\d+\]", "[0:0]", saved.read_text()).splitlines()
    return "\n".join(line for line in lines if not line.startswith("#"))


def foreign_in(saved: str) -> list[str]:
    return sorted(line for line in saved.splitlines() if line in FOREIGN_LINES)


def without_nat(saved: str) -> list[str]:
    """The other tables, each as one text."""
    return [table for table in saved.split("*") if not table.startswith("nat\n")]


def kube_proxys_in(saved: str) -> list[str]:
    return [line for line in saved.splitlines() if re.search(iptables_tables.RULE, line)]


FLUSHES = {
    "flush-nat": iptables_tables.flush("iptables", "nat"),
    "flush-all-tables": iptables_tables.delete("iptables", "nat", "filter", "mangle"),
}


@pytest.mark.parametrize("name", FLUSHES)
def test_a_flush_takes_the_rules_of_kube_proxy_alone(name: str, tmp_path: Path) -> None:
    code, before, saved = after(tmp_path, FLUSHES[name])
    assert code == 0
    assert foreign_in(before) == FOREIGN_LINES
    assert foreign_in(saved) == FOREIGN_LINES
    nat = saved[saved.index("*nat") :].partition("COMMIT")[0]
    assert kube_proxys_in(nat) == []
    assert len(kube_proxys_in(before)) > 30


def test_a_flush_of_nat_leaves_its_chains_and_the_other_tables(tmp_path: Path) -> None:
    """As `iptables -t nat -F` does: with its canary chain gone kube-proxy would notice."""
    _, before, saved = after(tmp_path, FLUSHES["flush-nat"])
    chains = [line for line in before.splitlines() if line.startswith(":")]
    assert [line for line in saved.splitlines() if line.startswith(":")] == chains
    assert without_nat(saved) == without_nat(before)


def test_a_flush_of_all_tables_leaves_no_chain_but_one_that_somebody_uses(tmp_path: Path) -> None:
    _, _, saved = after(tmp_path, FLUSHES["flush-all-tables"])
    left = [line.split()[0] for line in saved.splitlines() if line.startswith(":KUBE-")]
    assert sorted(set(left)) == [":KUBE-FIREWALL", ":KUBE-KUBELET-CANARY", ":KUBE-MARK-MASQ"]
    assert not [line for line in saved.splitlines() if re.search(iptables_tables.RULE_OR_CANARY, line)]


@pytest.mark.parametrize("name", FLUSHES)
def test_the_rules_of_others_are_never_gone_in_between(name: str, tmp_path: Path) -> None:
    look = f'"$program" "$@"; code=$?; iptables-save > {tmp_path}/look.$(date +%N); exit $code'
    code, _, _ = after(tmp_path, FLUSHES[name], wrapper=look)
    looks = [foreign_in(rules_in(each)) for each in tmp_path.glob("look.*")]
    assert code == 0
    assert looks == [FOREIGN_LINES]


@pytest.mark.parametrize("name", FLUSHES)
def test_a_flush_that_fails_leaves_the_tables_as_they_were(name: str, tmp_path: Path) -> None:
    """Whatever changes the tables second does not come to it: with one change there is none."""
    fails = '[ "${program%-restore}" = "$program" ] || exit 4; "$program" "$@"'
    code, before, saved = after(tmp_path, FLUSHES[name], wrapper=fails)
    assert code != 0
    assert saved == before


def test_a_flush_that_cannot_read_the_tables_changes_nothing(tmp_path: Path) -> None:
    code, before, saved = after(tmp_path, f"iptables-save() {{ return 1; }}; {FLUSHES['flush-nat']}")
    assert code != 0
    assert saved == before


IPV6 = """
*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ABC - [0:0]
:KUBE-SEP-ABC - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A PREROUTING -d fd00::1/128 -j RETURN
-A KUBE-SERVICES -d fd10:96::5/128 -p tcp -m tcp --dport 80 -j KUBE-SVC-ABC
-A KUBE-SVC-ABC -j KUBE-SEP-ABC
-A KUBE-SEP-ABC -p tcp -m tcp -j DNAT --to-destination [fd10:244:0:1::2]:8080
COMMIT
"""


@pytest.mark.parametrize(("hurt", "kept"), [("iptables", "ip6tables"), ("ip6tables", "iptables")])
def test_a_flush_of_one_family_leaves_the_other(hurt: str, kept: str, tmp_path: Path) -> None:
    (tmp_path / "saved6").write_text(IPV6)
    both = (
        f"ip6tables-restore {tmp_path}/saved6 && {kept}-save > {tmp_path}/kept-before && "
        f"{{ {iptables_tables.flush(hurt, 'nat')}; }} && {kept}-save > {tmp_path}/kept-after && "
        f"{hurt}-save -t nat > {tmp_path}/hurt"
    )
    code, _, _ = after(tmp_path, both)
    assert code == 0
    assert rules_in(tmp_path / "kept-after") == rules_in(tmp_path / "kept-before") != ""
    assert kube_proxys_in(rules_in(tmp_path / "hurt")) == []
    assert len(kube_proxys_in(rules_in(tmp_path / "kept-after"))) >= 4
    assert ("fd00::1/128 -j RETURN" in rules_in(tmp_path / "hurt")) is (hurt == "ip6tables")


def test_rules_are_counted_and_looked_for_in_each_family(tmp_path: Path) -> None:
    """The check of what is whole asks for translation where there was some."""
    whole = (iptables_tables.Present("ip6tables", 4, translates=True),)
    idle = (iptables_tables.Present("ip6tables", 1, translates=False),)
    (tmp_path / "saved6").write_text(IPV6)
    (tmp_path / "rest6").write_text(
        "*nat\n:KUBE-POSTROUTING - [0:0]\n-A POSTROUTING -j KUBE-POSTROUTING\n-A OUTPUT -j KUBE-SERVICES\nCOMMIT\n"
        "*filter\n:KUBE-FORWARD - [0:0]\n-A FORWARD -j KUBE-FORWARD\nCOMMIT\n"
    )
    looks = f"( {iptables_tables.check(whole)} ) >&2; echo $? ; ( {iptables_tables.check(idle)} ) >&2; echo $?"
    script = (
        f"exec > {tmp_path}/said; {looks}; ip6tables-restore {tmp_path}/saved6; "
        f"ip6tables-restore --noflush {tmp_path}/rest6; {looks}; ip6tables -t nat -F KUBE-SEP-ABC; {looks}"
    )
    assert after(tmp_path, script)[0] == 0
    said = (tmp_path / "said").read_text().split()
    assert said == ["1", "1", "0", "0", "1", "0"]
