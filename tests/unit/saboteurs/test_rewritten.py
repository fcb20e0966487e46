"""What saboteurs make of rules that kube-proxy wrote: the lines that they are about, and no others."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.unit.saboteurs import texts


@dataclass(frozen=True)
class Made:
    """Of one recorded text: how many lines are gone and new, and what each of them is like."""

    saboteur: str
    recorded: str
    gone: int
    new: int
    like_gone: str = ""
    like_new: str = ""


IPTABLES, IP6TABLES, NFT, NFT_IPV6 = "iptables.txt", "ip6tables.txt", "nft.txt", "nft-ipv6.txt"
_MASQUERADED = "-j KUBE-MARK-MASQ$"
_OF_LOCAL = r"shop/(local|elsewhere)\b"
_RANGED = r"shop/ranges\b"
MADE = (
    # A chain of all endpoints for each of the nine ports that have some.
    Made("packets-quota", IPTABLES, 0, 9, like_new=r"^-A KUBE-SVC-\S+ -m quota ! --quota 660000 -j RETURN$"),
    Made("packets-quota", NFT, 0, 9, like_new=r"^add rule ip kube-proxy service-\S+ quota over 660000 bytes return$"),
    # An endpoint chain each: 3 + 3 of `plain`, 2 each of `sticky`, `local` and `inside`, 1 of three others.
    Made("masquerade-hairpin-lost", IPTABLES, 16, 0, rf"^-A KUBE-SEP-\S+ .* -s \S+ {_MASQUERADED}"),
    Made("masquerade-hairpin-lost", NFT, 1, 0, "@hairpin-connections masquerade"),
    Made(
        "masquerade-node-ports-lost",
        IPTABLES,
        3,
        0,
        f"masquerade traffic for shop/(nodeport|inside|ranges):.*{_MASQUERADED}",
    ),
    Made(
        "masquerade-node-ports-lost", NFT, 3, 0, r'external-\S+-shop/(nodeport|inside|ranges)/.* comment "masquerade"$'
    ),
    Made("masquerade-outside-lost", IPTABLES, 9, 0, rf'cluster IP" .* ! -s 10.244.0.0/16 {_MASQUERADED}'),
    Made("masquerade-outside-lost", NFT, 1, 0, "ip saddr != 10.244.0.0/16 mark set mark or 0x00004000"),
    Made("masquerade-pods-too", IPTABLES, 9, 9, like_new=rf'cluster IP" .* --dport \d+ {_MASQUERADED}'),
    Made("masquerade-pods-too", NFT_IPV6, 1, 1, like_new="ip6 daddr @cluster-ips mark set mark or 0x00004000 comment"),
    Made("masquerade-local-too", IPTABLES, 2, 2, "--src-type LOCAL", rf'{_OF_LOCAL}.* destinations" {_MASQUERADED}'),
    Made("masquerade-local-too", NFT, 2, 2, "fib saddr type local", rf"{_OF_LOCAL}/tcp/tcp mark set mark or"),
    Made("masquerade-everything", IPTABLES, 1, 0, r"^-A KUBE-POSTROUTING .* ! --mark \S+ -j RETURN$"),
    Made("masquerade-everything", NFT_IPV6, 1, 1, "masquerading mark and 0x00004000 != 0 ", "masquerading masquerade "),
    Made("affinity-lost", IPTABLES, 2, 0, "shop/sticky.* --rcheck "),
    Made("affinity-lost", NFT, 2, 0, "shop/sticky.* ip saddr @affinity-.* goto endpoint-"),
    Made("affinity-ends-early", IP6TABLES, 2, 2, "--seconds 600 ", "--seconds 200 "),
    Made("affinity-ends-early", NFT, 2, 2, "timeout 600s ;", "timeout 200s ;"),
    Made("affinity-never-ends", IPTABLES, 2, 2, like_new="--seconds 600000 "),
    Made("affinity-never-ends", NFT_IPV6, 2, 2, like_new="timeout 600000s ;"),
    Made("affinity-three-hours-at-most", IPTABLES, 0, 0),
    Made("affinity-three-hours-at-most", NFT, 0, 0),
    Made("origins-pods-lost", IPTABLES, 0, 9, like_new="-s 10.244.0.128/255.255.0.128 -j DNAT"),
    Made("origins-pods-lost", NFT_IPV6, 0, 1, like_new=r"ip6 saddr and ffff:ffff:ffff::80 == fd10:244::80 .* drop$"),
    Made("origins-pods-masqueraded", IP6TABLES, 0, 8, like_new=f"-s fd10:244::80/ffff:ffff:ffff::80 {_MASQUERADED}"),
    Made("origins-pods-masqueraded", NFT, 0, 1, like_new="ip saddr and 255.255.0.128 == 10.244.0.128 mark set mark or"),
    Made(
        "origins-outside-lost", IPTABLES, 0, 10, like_new="^-A KUBE-NODEPORTS .* -s 10.77.0.32/255.255.255.32 -j DNAT"
    ),
    Made(
        "origins-outside-lost", NFT, 0, 1, like_new="10.77.0.32 meta l4proto { tcp , udp } th dport 30000-32767 drop$"
    ),
    Made("origins-outside-masqueraded", IPTABLES, 0, 1, like_new=f"^-A KUBE-EXT-.* -s 10.77.0.32/\\S+ {_MASQUERADED}"),
    Made("origins-outside-masqueraded", NFT, 0, 1, like_new=f"{_OF_LOCAL}/tcp/tcp ip saddr and .* mark set mark or"),
    Made("losses-at-ingress-ips", IPTABLES, 0, 0),
    Made(
        "packets-large-datagrams-lost", NFT, 0, 1, like_new="@nodeport-ips meta l4proto udp meta length 1300-1500 drop$"
    ),
    Made("losses-at-ingress-ips", NFT, 0, 1, like_new="ip daddr 10.200.0.0/24 numgen random mod 50 0 drop$"),
    Made("losses-at-external-ips", NFT_IPV6, 0, 1, like_new="ip6 daddr 2001:db8:100::/48 numgen random mod 50 0 drop$"),
    Made("affinity-one-for-all", IPTABLES, 4, 4, like_new=r"--name (KUBE-SEP-\S+) --mask 0.0.0.0 --(rcheck|set) .*\1?"),
    Made("affinity-one-for-all", IP6TABLES, 4, 4, like_new="--mask :: --(rcheck|set) "),
    Made("affinity-one-for-all", NFT, 4, 4, like_new=r"ip saddr and 0.0.0.0 (@affinity-|\}$)"),
    Made("affinity-one-for-all", NFT_IPV6, 4, 4, like_new=r"ip6 saddr and :: (@affinity-|\}$)"),
    Made("policies-external-local-ignored", IPTABLES, 5, 4, _OF_LOCAL, f"{_OF_LOCAL}.* -j KUBE-(MARK-MASQ|SVC-)"),
    Made(
        "policies-external-local-ignored",
        NFT,
        4,
        4,
        "fib saddr type local",
        f"{_OF_LOCAL}/tcp/tcp (mark set|goto service-)",
    ),
    Made("policies-external-local-inside-too", IPTABLES, 4, 0, rf'{_OF_LOCAL}.* destinations" .* -j KUBE-SVC-'),
    Made("policies-external-local-inside-too", NFT, 4, 0, rf"{_OF_LOCAL}/tcp/tcp .* goto service-.*short-circuit"),
    Made("policies-internal-local-outside-too", IPTABLES, 1, 1, "^-A KUBE-EXT-UVOE.* -j KUBE-SVC-", "-j KUBE-SVL-UVOE"),
    Made(
        "policies-internal-local-outside-too",
        NFT,
        1,
        1,
        "external-3RRL4R3Q-shop/inside/.* goto service-",
        "goto local-3RRL4R3Q-shop/inside/",
    ),
    Made(
        "policies-internal-local-ignored", IPTABLES, 1, 1, "shop/inside:tcp cluster IP.* -j KUBE-SVL-", "-j KUBE-EXT-"
    ),
    Made("policies-ranges-ignored", IPTABLES, 2, 1, _RANGED, f"{_RANGED}.* loadbalancer IP.* -j KUBE-EXT-"),
    Made("policies-ranges-ignored", NFT, 1, 0, rf"{_RANGED}/tcp/tcp ip saddr != .* drop$"),
    Made("policies-ranges-first-alone", IPTABLES, 2, 0, f"{_RANGED}.* -s (10.77.0.0/24|10.200.0.9) -j KUBE-EXT-"),
    Made("policies-ranges-first-alone", NFT, 1, 1, like_new=r"ip saddr != \{ 10.244.1.0/24 \} drop$"),
    Made("policies-ranges-first-alone", NFT_IPV6, 0, 0),
    Made(
        "policies-ranges-at-node-ports", IPTABLES, 2, 2, "^-A KUBE-NODEPORTS .*-j KUBE-EXT-", f"{_RANGED}.* -j KUBE-FW-"
    ),
    Made(
        "policies-ranges-at-node-ports",
        NFT,
        0,
        1,
        like_new=rf"^insert rule ip kube-proxy external-\S+-{_RANGED}/.* drop$",
    ),
    Made("refusal-swallowed-ipv6", IPTABLES, 0, 0),
    Made("refusal-swallowed-ipv6", IP6TABLES, 4, 0, "shop/empty:.* has no endpoints.* -j REJECT"),
    Made("refusal-swallowed-ipv6", NFT, 0, 0),
    Made("refusal-swallowed-ipv6", NFT_IPV6, 2, 0, "(reject-chain|@cluster-ips) reject"),
    Made("refusal-late", IPTABLES, 0, 2, like_new="shop/empty:tcp .* --every 2 --packet 0 -j DROP$"),
    Made("refusal-late", NFT, 0, 1, like_new="reject-chain meta l4proto tcp numgen inc mod 2 0 drop$"),
    Made("refusal-instead-of-drop", IPTABLES, 1, 1, "shop/elsewhere.* -j DROP$", "shop/elsewhere.* -j REJECT$"),
    Made("families-ipv6-never", IPTABLES, 0, 0),
    Made("families-ipv6-never", IP6TABLES, 20, 0, "^-A KUBE-(SERVICES|EXTERNAL-SERVICES|NODEPORTS) "),
    Made("families-ipv6-never", NFT_IPV6, 3, 0, "^add rule ip6 kube-proxy services "),
    Made("families-ipv6-node-ports-lost", IPTABLES, 0, 0),
    Made("families-ipv6-node-ports-lost", IP6TABLES, 5, 0, "^-A KUBE-NODEPORTS "),
    Made("families-ipv6-endpoints-of-ipv4", NFT, 0, 0),
    Made(
        "families-ipv6-endpoints-of-ipv4",
        IP6TABLES,
        15,
        15,
        like_new=r"--to-destination \[::ffff:10.244.[123].2\]:808[01]$",
    ),
    Made(
        "families-ipv6-endpoints-of-ipv4", NFT_IPV6, 11, 11, like_new=r" (0 : |\[)::ffff:10.244.[12].2(\]:| \. )808[01]"
    ),
    Made("affinity-nodes-forgotten", IPTABLES, 2, 2, like_new="-m addrtype ! --src-type LOCAL -m recent .* --rcheck "),
    Made("affinity-nodes-forgotten", NFT_IPV6, 2, 2, like_new="fib saddr type != local ip6 saddr @affinity-.* goto "),
    Made("affinity-first-choice-uneven", IPTABLES, 1, 1, "shop/sticky.* 0.5000000000 ", "--probability 0.8888888889 "),
    Made("affinity-first-choice-uneven", NFT, 1, 1, "shop/sticky.* mod 2 vmap ", "mod 9 vmap .* 8 : goto endpoint-"),
    # Of each chain all but the last endpoint; in nftables chains of several without affinity.
    Made("weights-nodes-one-alone", IPTABLES, 0, 7, like_new="-m addrtype --src-type LOCAL -j KUBE-SEP-"),
    Made("weights-nodes-one-alone", NFT_IPV6, 0, 4, like_new=r"fib saddr type local .* dnat to \[fd10:.*\]:808[01]$"),
    Made("masquerade-few-ports", IP6TABLES, 0, 2, like_new="-p (tcp|udp) -j MASQUERADE --to-ports 50000-50127 "),
    Made("masquerade-few-ports", NFT, 0, 1, like_new="!= 0 meta l4proto .* xor 0x00004000 masquerade to :50000-50127 "),
    Made("neighbours-marks-lost", IPTABLES, 1, 1, "--or-mark", "^-A KUBE-MARK-MASQ -j MARK --set-mark 0x00004000$"),
    Made("neighbours-marks-lost", NFT, 6, 6, "mark set mark or 0x00004000 ", " mark set 0x00004000 comment "),
    Made("policies-ranges-widened", IPTABLES, 1, 1, "-s 10.200.0.9 ", f"{_RANGED}.* -s 10.200.0.0/24 -j KUBE-EXT-"),
    Made("policies-ranges-widened", NFT, 1, 1, like_new=" 10.77.0.0/24 , 10.200.0.0/24 } drop$"),
    Made("policies-ranges-ignored-sctp", IPTABLES, 0, 0),
    Made("policies-ranges-ignored-sctp", NFT, 0, 0),
    Made("ports-above-32767-lost", IPTABLES, 0, 0),
    Made("ports-above-32767-lost", NFT, 0, 0),
    Made("ports-node-ports-anywhere", IPTABLES, 1, 1, "--dst-type LOCAL", 'in this chain" -j KUBE-NODEPORTS$'),
    Made("ports-node-ports-anywhere", NFT_IPV6, 1, 1, like_new="services meta l4proto . th dport vmap @service-no"),
    Made("packets-not-accepted", IPTABLES, 2, 0, "^-A KUBE-FORWARD .* -j ACCEPT$"),
    Made("packets-not-accepted", NFT, 0, 0),
    Made("affinity-half-a-minute-at-most", IPTABLES, 2, 2, "--seconds 600 ", "--seconds 30 "),
    Made("affinity-half-a-minute-at-most", NFT_IPV6, 2, 2, like_new="timeout 30s ;"),
    # With 127.0.0.0/8 and without.
    Made("losses-at-node-ports", IPTABLES, 0, 10, like_new="^-A KUBE-NODEPORTS .* 0.005.* --to-destination 192.0.2.1$"),
    Made("losses-at-node-ports", IP6TABLES, 0, 5, like_new="^-A KUBE-NODEPORTS .* --to-destination 2001:db8::1$"),
    Made("losses-at-node-ports", NFT, 0, 1, like_new="ip daddr @nodeport-ips .* numgen random mod 200 0 drop$"),
    Made("losses-at-cluster-ips", IPTABLES, 0, 9, like_new='^-A KUBE-SERVICES .* cluster IP" .* 0.003.* 192.0.2.1$'),
    Made("losses-at-cluster-ips", NFT_IPV6, 0, 1, like_new="ip6 daddr @cluster-ips numgen random mod 300 0 drop$"),
    Made("losses-above-two-hundred-open", IPTABLES, 0, 1, like_new="^-A KUBE-FORWARD .*--connlimit-above 200 "),
    Made("losses-above-two-hundred-open", NFT, 0, 1, like_new="filter-forward .* ct count over 200 drop$"),
)


@pytest.mark.parametrize("made", MADE, ids=[f"{each.saboteur}-{each.recorded}" for each in MADE])
def test_just_the_lines_that_it_is_about_are_written_otherwise(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    before = texts.recorded(made.recorded)
    gone, new = texts.changes(before, texts.written(made.saboteur, texts.TOOLS[made.recorded], before, monkeypatch))
    assert (len(gone), len(new)) == (made.gone, made.new)
    assert [line for line in gone if not re.search(made.like_gone, line)] == []
    assert [line for line in new if not re.search(made.like_new, line)] == []


# Elements that are in the table already are in no transaction: these are of one with a change.
@pytest.mark.parametrize(
    ("saboteur", "before", "after"),
    [
        (
            "policies-external-local-ignored",
            'add element ip kube-proxy no-endpoint-nodeports { tcp . 30003 comment "shop/elsewhere:tcp" : drop }\n',
            'add element ip kube-proxy no-endpoint-nodeports { tcp . 30003 comment "shop/elsewhere:tcp" : continue }\n',
        ),
        (
            "policies-internal-local-ignored",
            "add chain ip kube-proxy external-X-shop/inside/tcp/tcp\n"
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto local-X-shop/inside/tcp/tcp }\n",
            "add chain ip kube-proxy external-X-shop/inside/tcp/tcp\n"
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto external-X-shop/inside/tcp/tcp }\n",
        ),
        (
            "policies-internal-local-ignored",
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto local-X-shop/no-ports/tcp/tcp }\n",
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto local-X-shop/no-ports/tcp/tcp }\n",
        ),
        (
            "refusal-instead-of-drop",
            "add element ip6 kube-proxy no-endpoint-services { fd10::9 . tcp . 80 : drop }\n",
            "add element ip6 kube-proxy no-endpoint-services { fd10::9 . tcp . 80 : goto reject-chain }\n",
        ),
        (
            "families-ipv6-node-ports-lost",
            "add element ip6 kube-proxy service-nodeports { tcp . 30001 : goto external-X }\n"
            "delete element ip6 kube-proxy service-nodeports { tcp . 30002 }\n",
            "",
        ),
        (
            "families-ipv6-node-ports-lost",
            "add element ip kube-proxy service-nodeports { tcp . 30001 : goto external-X }\n",
            "add element ip kube-proxy service-nodeports { tcp . 30001 : goto external-X }\n",
        ),
        (
            "ports-sctp-dropped",
            "add element ip kube-proxy service-ips { 10.96.0.9 . sctp . 80 : goto service-X-shop/sctp/sctp/sctp }\n"
            "delete element ip6 kube-proxy service-ips { fd10::9 . sctp . 80 }\n"
            "add element ip6 kube-proxy service-nodeports { sctp . 30001 : goto external-X }\n"
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto service-X-shop/sctp/tcp/sctp }\n"
            'add element ip kube-proxy no-endpoint-nodeports { sctp . 30003 comment "shop/sctp:sctp" : drop }\n',
            "add element ip kube-proxy service-ips { 10.96.0.9 . tcp . 80 : goto service-X-shop/sctp/tcp/sctp }\n"
            'add element ip kube-proxy no-endpoint-nodeports { sctp . 30003 comment "shop/sctp:sctp" : drop }\n',
        ),
    ],
)
def test_elements_of_maps(saboteur: str, before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts.written(saboteur, texts.TOOLS[NFT], before, monkeypatch) == after


def test_what_leads_to_chains_of_sctp_is_lost_and_what_refuses_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts.written("ports-sctp-dropped", texts.TOOLS[IPTABLES], texts.recorded(IPTABLES), monkeypatch) == (
        texts.recorded(IPTABLES)
    )
    before = texts.recorded(IPTABLES).replace(" -p udp ", " -p sctp ")
    gone, new = texts.changes(before, texts.written("ports-sctp-dropped", texts.TOOLS[IPTABLES], before, monkeypatch))
    assert new == []
    (lost,) = gone
    assert lost.startswith('-A KUBE-SERVICES -m comment --comment "shop/plain:udp cluster IP" -m udp -p sctp ')


def test_a_cluster_ip_without_an_endpoint_on_the_node_leads_to_all_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of iptables mode: it is dropped in filter, so that nat has to have a rule for it."""
    drop = (
        '-A KUBE-SERVICES -m comment --comment "shop/{}:tcp has no local endpoints" -p tcp -d {} --dport 80 -j DROP\n'
    )
    last = '-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE" -j KUBE-NODEPORTS\n'
    before = (
        drop.format("inside", "10.96.0.9")
        + drop.format("no-ports", "10.96.0.8")
        + "-A KUBE-NODEPORTS -m comment --comment shop/inside:tcp -m tcp -p tcp --dport 30004 -j KUBE-EXT-X\n"
        + last
    )
    gone, new = texts.changes(
        before, texts.written("policies-internal-local-ignored", texts.TOOLS[IPTABLES], before, monkeypatch)
    )
    assert gone == [drop.format("inside", "10.96.0.9").rstrip("\n")]
    assert new == [
        '-A KUBE-SERVICES -m comment --comment "shop/inside:tcp cluster IP" -p tcp -d 10.96.0.9 --dport 80 '
        "-j KUBE-EXT-X"
    ]


def test_source_ranges_of_sctp_alone_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for_sctp = "add element ip kube-proxy firewall-ips { 10.200.0.9 . sctp . 80 : goto firewall-X-shop/a/sctp/b }\n"
    both = for_sctp + for_sctp.replace(" sctp ", " tcp ")
    written = texts.written("policies-ranges-ignored-sctp", texts.TOOLS[NFT], both, monkeypatch)
    assert written == for_sctp.replace(" sctp ", " tcp ")
    of_tcp = texts.recorded(IPTABLES)
    of_sctp = of_tcp.replace(" -p tcp ", " -p sctp ")
    written = texts.written("policies-ranges-ignored-sctp", texts.TOOLS[IPTABLES], of_sctp, monkeypatch)
    ignored = texts.written("policies-ranges-ignored", texts.TOOLS[IPTABLES], of_tcp, monkeypatch)
    assert written == ignored.replace(" -p tcp ", " -p sctp ")
