"""Affinity: with `sessionAffinity: ClientIP`, a client keeps its backend."""

from __future__ import annotations

from gauntlet.checkers.sample import counts, failed, no_data, unnamed
from gauntlet.ground.family import place
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl

# Without affinity, 25 attempts on two backends stay on one with a probability of 2^-24, below 1e-7.
MIN_ATTEMPTS = 25
BY_CLIENT = ("client", "client_node", "service", "frontend", "address", "port", "protocol")
BY_DESTINATION = BY_CLIENT[1:]


def affinity(
    attempts: pl.DataFrame, *, sticks_by: tuple[str, ...] = BY_CLIENT, min_attempts: int = MIN_ATTEMPTS
) -> Finding:
    """All ok attempts of a client to one address met one backend. The figure is the most backends any client met.

    The source: `sessionAffinity` in the Service API ("the same client"), by client address. Affinity belongs to the
    kube-proxy a packet passes, hence the grouping by address: a NodePort of another node may answer by another backend.
    A client with fewer than `min_attempts` ok attempts is inconclusive: it may have stayed by chance.
    ipvs schedulers that hash stick as well: by source address (`sh`, `mh`), or by destination alone (`dh`), where
    `sticks_by` BY_DESTINATION makes one client of all that are on a node.
    """
    check = "affinity"
    good = attempts.filter(~failed())
    if good.is_empty():
        return no_data(check, f"none of {attempts.height} attempts was ok")
    if good["backend"].null_count():
        return unnamed(check, good["backend"].null_count())
    lines: list[str] = []
    most, fewest = 0, good.height
    for part in good.sort("at_ns").partition_by(list(sticks_by), maintain_order=True):
        met = part["backend"].n_unique()
        most, fewest = max(most, met), min(fewest, part.height)
        row = part.row(0, named=True)
        who = row["client"] if "client" in sticks_by else f"clients of {row['client_node']}"
        lines.append(f"{who} -> {row['service']} {place(row['address'], row['port'])}: {counts(part['backend'])}")
    details = tuple(sorted(lines))
    if most > 1:
        reason = f"a client met {most} backends: {next(line for line in details if ', ' in line)}"
        return Finding(check, Verdict.FAIL, reason, float(most), "backends", 1.0, details=details)
    if fewest < min_attempts:
        reason = f"a client made {fewest} ok attempts, at least {min_attempts} needed to tell affinity from chance"
        return Finding(check, Verdict.INCONCLUSIVE, reason, float(most), "backends", 1.0, details=details)
    reason = f"each of {len(details)} clients kept its backend for all of its (at least {fewest}) attempts"
    return Finding(check, Verdict.PASS, reason, 1.0, "backends", 1.0, details=details)
