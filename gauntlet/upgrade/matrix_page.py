"""The matrix for people: a table in a terminal, and docs/upgrades.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gauntlet.report.markdown import ICONS, plain
from gauntlet.report.phase_table import ABSENT, outage_text
from gauntlet.report.upgrade_record import unbroken
from gauntlet.upgrade.matrix import KINDS, Matrix, Outages, PairRecord

# Of a reason's others, results.json has the rest.
_REASONS = 4


def seconds(outages: Outages | None) -> tuple[str, ...]:
    """The outages by kind of connection as a table shows them."""
    figures: Sequence[float | None] = (None,) * len(KINDS) if outages is None else outages.by_kind
    return tuple(outage_text(each) for each in figures)


def table(matrix: Matrix) -> Iterator[str]:
    """Lines of at most 80 columns: a pair and its answer, then its outages there and back, or why it was not run."""
    yield "Longest outage of any client in seconds: new TCP, kept TCP, new UDP, kept UDP."
    for pair in matrix.pairs:
        yield ""
        yield f"{pair.today} -> {pair.next}: {pair.words.upper()}"
        if pair.answer is None:
            yield f"  {pair.not_run}"
            continue
        for word, outages in (("there", pair.there), ("back", pair.back)):
            figures = "".join(f"{each:>7}" for each in seconds(outages))
            yield f"  {word:<6}{figures if outages else '  not tried'}"


def markdown(matrix: Matrix) -> str:
    """docs/upgrades.md."""
    return "\n".join([*_head(matrix), *_table(matrix), *_reasons(matrix), *_not_run(matrix), *_foot(matrix)]) + "\n"


def _head(matrix: Matrix) -> Iterator[str]:
    yield "# What the next kube-proxy costs"
    yield ""
    yield (
        "Each row is one cluster that was taken from one kube-proxy to the next one under traffic that never stopped; "
        "its command, further down, says where it came from and in which order its nodes were replaced. "
        "`gauntlet upgrade` says of it *may*, *may not* or *cannot tell*, by the promises of "
        "[slos/upgrade.yaml](../slos/upgrade.yaml), which allow no failed attempt at all. An outage is the longest "
        "that any client had, in seconds, by kind of connection; `-` was not measured. This page is written by "
        "`gauntlet upgrade --matrix --write docs/upgrades.md` from [upgrades.json](upgrades.json)."
    )
    yield ""
    ran = sum(pair.answer is not None for pair in matrix.pairs)
    until = "%H:%M" if matrix.started.date() == matrix.finished.date() else "%Y-%m-%d %H:%M"
    yield (
        f"Measured at commit `{matrix.commit or 'unknown'}` from {matrix.started:%Y-%m-%d %H:%M} to "
        f"{matrix.finished:{until}} UTC on {plain(matrix.machine)}; {ran} of {len(matrix.pairs)} pairs were run, each "
        "once: how much a figure differs from run to run is not known. A busy machine loses attempts by itself; below, "
        "the reasons say how many were lost, and when."
    )


def _table(matrix: Matrix) -> Iterator[str]:
    kinds = tuple(KINDS.values())
    yield ""
    yield (
        "| from | to | answer | "
        + " | ".join([*(f"there: {each}" for each in kinds), *(f"back: {each}" for each in kinds)])
        + " | nodes' kernel | took |"
    )
    yield "|---|---|---|" + "---:|" * (2 * len(kinds)) + "---|---:|"
    for pair in matrix.pairs:
        answer = "not run" if pair.answer is None else f"{ICONS[pair.verdict]} {plain(pair.words)}"
        figures = [*seconds(pair.there), *seconds(pair.back)]
        took = f"{pair.took_s:.0f} s" if pair.answer else ABSENT
        cells = [plain(pair.today), plain(pair.next), answer, *figures, plain(pair.kernel) or ABSENT, took]
        yield f"| {' | '.join(cells)} |"


def _reasons(matrix: Matrix) -> Iterator[str]:
    """What stands against each pair, and what of it was left out."""
    for pair in matrix.pairs:
        if pair.answer is None:
            continue
        yield from ("", f"## {plain(pair.today)} → {plain(pair.next)}: {plain(pair.words)}", "")
        yield from _of(pair)
        yield from ("", f"`{pair.command}`")


def _of(pair: PairRecord) -> Iterator[str]:
    if not pair.reasons:
        yield f"- {unbroken(pair.accepted)}"
    yield from (f"- {plain(each)}" for each in pair.reasons[:_REASONS])
    if len(pair.reasons) > _REASONS:
        yield f"- … and {len(pair.reasons) - _REASONS} more"
    if pair.gains:
        yield f"- It gains: {pair.gains} {'thing' if pair.gains == 1 else 'things'} that failed with today's."
    if pair.left_out:
        yield f"- Left out: {plain(', '.join(pair.left_out))}."


def _not_run(matrix: Matrix) -> Iterator[str]:
    left = [pair for pair in matrix.pairs if pair.answer is None]
    if left:
        yield from ("", "## Not run", "")
        yield from (f"- {plain(pair.today)} → {plain(pair.next)}: {plain(pair.not_run)}" for pair in left)


def _foot(matrix: Matrix) -> Iterator[str]:
    yield from ("", f"`{matrix.command}` ({matrix.tool}, a budget of {matrix.budget_s / 60:.0f} min)")
