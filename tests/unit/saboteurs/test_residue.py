"""What stays of Services that went, and rules of others, in short texts of the forms that the tools write."""

from __future__ import annotations

import pytest

from tests.saboteurs.call import NFT, Call
from tests.saboteurs.transforms import affinity, neighbours, residue, timing
from tests.unit.rules.node import CAPTURED

GONE = """\
delete element ip kube-proxy cluster-ips { 10.96.0.9 }
delete element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto service-A-x/gone/tcp/p }
flush chain ip kube-proxy service-A-x/gone/tcp/p
delete chain ip kube-proxy service-B-x/older/tcp/p
"""
STAYS = """\
flush chain ip kube-proxy service-C-x/stays/tcp/p
add rule ip kube-proxy service-C-x/stays/tcp/p meta l4proto tcp dnat to 10.0.0.1:80
delete chain ip kube-proxy nat-output
"""
JUMP = "-A KUBE-SERVICES -d 10.96.0.9 -p tcp -j KUBE-SVC-GONE"
WITHOUT = """\
*filter
:KUBE-SERVICES - [0:0]
COMMIT
*nat
:KUBE-SERVICES - [0:0]
:KUBE-SVC-GONE - [0:0]
:KUBE-SVC-STAYS - [0:0]
-X KUBE-SVC-GONE
COMMIT
"""
SAVED = """\
*nat
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:THEIRS - [0:0]
-A PREROUTING -j KUBE-SERVICES
-A PREROUTING -j THEIRS
-A KUBE-SERVICES -j RETURN
-A THEIRS -s 203.0.113.1/32 -j RETURN
-A THEIRS -s 203.0.113.1/32 -j RETURN
COMMIT
"""
LISTED = """\
table inet theirs {
\tset known {
\t\ttype ipv4_addr
\t}

\tchain hooked {
\t\ttype filter hook forward priority filter - 5; policy accept;
\t\tip saddr @known return
\t\tip saddr @known return
\t}
}
"""


def test_in_nftables_what_leads_to_a_deleted_service_stays() -> None:
    assert residue.nft_without_deletions(GONE + STAYS) == STAYS


def test_in_iptables_jumps_of_before_are_written_again_and_no_chain_is_deleted() -> None:
    assert residue.iptables_with_former(WITHOUT, [JUMP]) == WITHOUT.replace(":KUBE-SVC-GONE - [0:0]\n", "").replace(
        "-X KUBE-SVC-GONE\n", f"{JUMP}\n"
    )


def test_chains_of_others_are_emptied_and_no_other() -> None:
    assert neighbours.flushed(SAVED) == "*nat\n:THEIRS - [0:0]\nCOMMIT\n"


def test_each_rule_of_others_is_added_once() -> None:
    assert neighbours.doubled(SAVED) == "*nat\n-A THEIRS -s 203.0.113.1/32 -j RETURN\nCOMMIT\n"
    assert neighbours.nft_doubled("inet theirs", LISTED) == "add rule inet theirs hooked ip saddr @known return\n"


def test_rules_of_others_are_written_in_another_order() -> None:
    saved = SAVED.replace(
        "-A THEIRS -s 203.0.113.1/32 -j RETURN\nCOMMIT", "-A THEIRS -s 203.0.113.2/32 -j RETURN\nCOMMIT"
    )
    first, second = (f"-A THEIRS -s 203.0.113.{number}/32 -j RETURN\n" for number in (1, 2))
    assert neighbours.reordered(saved) == f"*nat\n:THEIRS - [0:0]\n{second}{first}COMMIT\n"
    listed = LISTED.replace("@known return\n\t}", "@other return\n\t}")
    assert neighbours.nft_reordered("inet theirs", listed) == (
        "flush chain inet theirs hooked\n"
        "add rule inet theirs hooked ip saddr @other return\n"
        "add rule inet theirs hooked ip saddr @known return\n"
    )


def test_lists_of_clients_get_another_name() -> None:
    rule = "-A KUBE-SVC-A -m recent --name KUBE-SEP-A1 --rcheck -j KUBE-SEP-A1"
    assert affinity.renamed(rule, "7") == rule.replace("--name KUBE-SEP-A1", "--name KUBE-SEP-A1-7")


def test_changes_of_services_are_told_from_others() -> None:
    assert timing.changes_services(STAYS)
    assert not timing.changes_services(GONE)
    assert timing.changes_services(WITHOUT)


def test_what_a_kube_proxy_finds_that_is_started_again_stays(
    monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    kept = residue.SABOTEURS["kept-at-start"]
    with_jump = WITHOUT.replace("-X KUBE-SVC-GONE\n", f"{JUMP}\n")
    # In this order: the jump was there and goes; another process takes it away, and later writes once more.
    for process, text in ((1, with_jump), (1, WITHOUT), (1, with_jump), (2, WITHOUT), (2, WITHOUT)):
        monkeypatch.setattr("os.getppid", lambda process=process: process)
        # What another mode may have left, each one deletes at its start.
        assert kept(Call(NFT, [], "delete table ip kube-proxy\n")) == 0
        assert kept(Call("iptables-restore", [], text)) == 0
    assert [JUMP in text for text in written[1::2]] == [True, False, True, True, True]


def test_what_a_kube_proxy_finds_that_is_started_again_stays_in_nftables(
    monkeypatch: pytest.MonkeyPatch, written: list[str]
) -> None:
    kept = residue.SABOTEURS["kept-at-start"]
    set_up, of_later = "flush chain ip kube-proxy services\n", "delete chain ip kube-proxy service-D-x/later/tcp/p\n"
    later = "delete chain ip kube-proxy service-A-x/gone/tcp/p\n"
    calls = ((1, set_up + GONE + STAYS), (2, set_up + GONE + STAYS), (2, later + of_later))
    for process, text in calls:
        monkeypatch.setattr("os.getppid", lambda process=process: process)
        assert kept(Call(NFT, [], text)) == 0
    assert written == [set_up + GONE + STAYS, set_up + STAYS, of_later]


@pytest.mark.parametrize(("file", "is_nft"), [("nft-transactions.txt", True), ("iptables-restore.txt", False)])
def test_the_first_endpoint_of_each_cluster_ip_is_read(file: str, is_nft: bool) -> None:  # noqa: FBT001
    found = residue.first_endpoints((CAPTURED / file).read_text(), is_nft=is_nft)
    assert found["10.96.0.1 tcp 443"] == "10.77.0.2:6443"
    assert sorted(found.values())[0] == "10.244.1.2:8080"
