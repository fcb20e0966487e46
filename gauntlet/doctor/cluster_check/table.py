"""What `gauntlet doctor --cluster` shows, in 80 columns: a row for each node, then what was found, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from gauntlet.doctor.cluster_check.report import Diagnosis, Level, Report, merged, some

_STYLE = {Level.OK: "green", Level.WARNING: "yellow", Level.UNKNOWN: "bold yellow", Level.PROBLEM: "bold red"}
_COLUMNS = ("node", "kube-proxy", "version", "mode", "healthz", "synced", "services", "conntrack")
_MOST_PLACES = 6


def tables(report: Report) -> Iterator[RenderableType]:
    """What to print, one below the other."""
    yield Text(f"Kubernetes {report.kubernetes}; CNI: {report.cni}; kube-proxy runs as: {report.runs_as}")
    if report.nodes:
        yield _nodes(report)
    for diagnosis, places in merged(report.diagnoses):
        if diagnosis.level is not Level.OK:
            yield row(diagnosis, places)
    good = [entry for entry in merged(report.diagnoses) if entry[0].level is Level.OK and _worth_a_line(entry, report)]
    for diagnosis, places in good:
        yield row(diagnosis, places)
    yield conclusion(report.level, report.diagnoses)


def _worth_a_line(entry: tuple[Diagnosis, tuple[str, ...]], report: Report) -> bool:
    """What is well on a node stands in the table above; the cluster has no line there."""
    names = {node.node for node in report.nodes}
    return not names.issuperset(entry[1])


def _nodes(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in _COLUMNS:
        table.add_column(column, overflow="fold")
    for each in report.nodes:
        level = max(
            (found.level for found in report.diagnoses if found.where == each.node),
            key=list(Level).index,
            default=Level.OK,
        )
        cells = (each.kube_proxy, each.version, each.mode, each.healthz, each.synced, each.services, each.conntrack)
        table.add_row(Text(each.node, style=_STYLE[level]), *(Text(cell or "?") for cell in cells))
    return table


def row(diagnosis: Diagnosis, places: tuple[str, ...]) -> Table:
    """What was found, where, what to do about it, and who says so."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(width=7)
    line.add_column(width=12, overflow="fold")
    line.add_column(overflow="fold")
    line.add_row(
        Text(str(diagnosis.level), style=_STYLE[diagnosis.level]),
        diagnosis.check,
        Text.assemble((f"{some(places, _MOST_PLACES)}: ", "bold"), diagnosis.what),
    )
    if diagnosis.remedy:
        line.add_row("", "", Text(f"do: {diagnosis.remedy}"))
    if diagnosis.source:
        line.add_row("", "", Text(f"see: {diagnosis.source}", style="dim"))
    return line


def conclusion(worst: Level, diagnoses: Collection[Diagnosis]) -> Text:
    """How many of each level there are."""
    counts = {level: sum(each.level is level for each in diagnoses) for level in Level}
    words = {Level.PROBLEM: "problems", Level.UNKNOWN: "unknown", Level.WARNING: "warnings", Level.OK: "ok"}
    said = ", ".join(f"{counts[level]} {word}" for level, word in words.items())
    return Text(f"{worst}: {said}", style=_STYLE[worst])
