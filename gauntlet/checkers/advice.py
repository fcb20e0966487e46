"""Advice: what to do next about a finding that failed or is inconclusive."""

from __future__ import annotations

import dataclasses

from gauntlet.ground.finding import Finding, Verdict, split_check

_RULES = "compare the rules of the node that decided with the Service's EndpointSlices, and read its kube-proxy's log"
_TIMELINE = "see on the report's timeline which clients were hurt, and when; then read the rules and kube-proxy's log"
_KEPT = "read the lines of the finding: which client, when, and what was being done just before"
_LOADED = "run the case again on a machine that does nothing else; if it stays slow, look for what loads the nodes"
_UNSEEN = (
    f"see why these flows were not answered, or by whom nobody knows: nothing can be said of what they kept; {_LOADED}"
)
_MORE = "make more attempts, or attempt for longer, and run the case again"

_FAILED = {
    "availability": _RULES,
    "after": f"the cluster was served again and then not: {_TIMELINE}",
    "correctness": _RULES,
    "removed-endpoint": _RULES,
    "reaches-all": _RULES,
    "source-ip": _RULES,
    "refusal": _RULES,
    "affinity": _RULES,
    "balance": "compare the shares in the rules of the node that decided with even ones; what else rewrites its rules?",
    "error-kinds": f"{_TIMELINE}; if such errors are acceptable, allow them in the SLO",
    "blast-radius": f"find out how the fault reached clients that must not notice: {_TIMELINE}",
    "outage": f"{_TIMELINE}; if such an outage is acceptable, promise it in the SLO",
    "recovery": f"{_TIMELINE}; if it may take so long, promise that in the SLO",
    "connections-cut": f"{_KEPT}; what ends connections on the way: entries of conntrack deleted, a reset?",
    "udp-flows-lost": f"{_KEPT}; `conntrack -L -p udp` on its node shows where the flow is sent",
    "udp-flows-moved": f"{_KEPT}; what deletes entries of conntrack although their backend serves?",
    "affinity-broken": f"{_KEPT}; what makes the node forget its clients (iptables: /proc/net/xt_recent)?",
    "latency": f"{_LOADED}; if such latencies are acceptable, promise them in the SLO",
    "case": "read what the test asserts, and what explains it",
    "experiment": "run `chaos run` with the experiment's file alone, and read which step went wrong",
}
_INCONCLUSIVE = {
    "flows": "see why these clients did not attempt: is their host overloaded, or their pod gone?",
    "control": f"the cluster was not well before anything was done to it: `gauntlet doctor --cluster`; {_LOADED}",
    "landed": "the fault was not shown to act: read the events, then run `chaos run` with the experiment's file alone",
    "held": "see in the events who or what ended the fault early, or kept kube-proxy at work; then run the case again",
    "healed": "the cluster may still be hurt: `gauntlet heal`, then `gauntlet doctor --cluster`",
    "availability": _MORE,
    "after": _MORE,
    "balance": _MORE,
    "reaches-all": _MORE,
    "latency": f"{_MORE}; {_LOADED}",
    "recovery": f"{_LOADED}: clients that attempt too seldom or stop too early cannot tell how soon it was over",
    "connections-cut": _UNSEEN,
    "udp-flows-lost": _UNSEEN,
    "udp-flows-moved": _UNSEEN,
    "affinity-broken": _UNSEEN,
    "outage": f"attempt more often, so that the figure gets finer, or promise another length; {_LOADED}",
    "experiment": "run `chaos run` with the experiment's file alone, and read which step went wrong",
    "case": "the test ended by an error that is no verdict: its traceback is in what pytest printed and in JUnit's XML",
    "setup": "what the case needs could not be made: `gauntlet doctor`; the error is in what pytest printed",
    "teardown": "the cluster may not be as it was: `gauntlet heal`; the error is in what pytest printed",
    "call": "the test gave no finding to the fixture `judge`: see what pytest printed",
    "worker": "a process of the run died: see what pytest printed, and whether the machine ran out of memory",
    "skip": "declare what a mode does not have, or a place does not allow (docs/write-a-suite.md), and mark the test",
}


def advised(finding: Finding) -> Finding:
    """The finding with a remedy, if it needs one and has none."""
    if finding.remedy or not finding.verdict.blocks:
        return finding
    asked, _ = split_check(finding.check)
    if finding.verdict is Verdict.FAIL:
        remedy = _FAILED.get(asked, "read what explains it, the rules and kube-proxy's log")
    else:
        remedy = _INCONCLUSIVE.get(asked, "nothing was learnt: read what explains it, and run the case again")
    return dataclasses.replace(finding, remedy=remedy)
