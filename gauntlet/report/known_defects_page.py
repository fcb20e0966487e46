"""docs/known-defects.md: what the register of known defects says, for people."""

from __future__ import annotations

from collections.abc import Iterator

from gauntlet.ground.paths import project_root
from gauntlet.promises.known_defects import NONE_FOUND, KnownDefect, Register, ShownBy, read, shipped
from gauntlet.report.markdown import plain

PAGE = project_root() / "docs" / "known-defects.md"
_ISSUE = "https://github.com/kubernetes/kubernetes/issues/"
_HEAD = """# Known defects of kube-proxy

Failures that runs of the gauntlet have shown, and that upstream has not mended in the versions named. Generated from
`docs/known-defects.yaml` by `make catalogue`; not to be edited.

A case that fails by one of them, in a version and mode that has it, is a `known defect`: shown at the head of the
verdict and counted apart, and no failure of the run, unless `--kp-known-defects fail` is given. Only the findings that
an entry names are explained, and only in the parts of the case that it names. Where an entry holds, its case must fail:
a pass means that the register or the case is wrong, and fails the run; where it says *sometimes*, and of a kube-proxy
that is not a release of upstream, a pass is fine. `gauntlet upgrade` and `gauntlet compare` take a defect that the next
kube-proxy has and today's has not for a reason against it, and one that goes for a gain.

No entry is without a run that showed it. `gauntlet known-defects` lists them, `--subjects` those of some subjects.
"""
_DROPPED = """## Claims that are not entries

Reported or suspected, looked into, and not in the register, for the reason given.

| issue | claim | why not |
|---|---|---|"""


def markdown(register: Register) -> str:
    """The whole page."""
    return "\n".join((*_defects(register), *_dropped(register)))


def _defects(register: Register) -> Iterator[str]:
    yield _HEAD
    yield "| issue | defect | modes | versions | fixed in |"
    yield "|---|---|---|---|---|"
    for each in register.defects:
        fixed = ", ".join(span.fixed or "not yet" for span in each.versions)
        yield _row(_issue(each.number), plain(each.title), ", ".join(each.modes), plain(versions(each)), fixed)
    yield ""
    for each in register.defects:
        yield from _section(each)


def versions(entry: KnownDefect) -> str:
    """The versions that an entry is about, in words."""
    gates = f", with {' and '.join(entry.gates)}" if entry.gates else ""
    return f"{'; '.join(map(str, entry.versions))}{gates}"


def _section(entry: KnownDefect) -> Iterator[str]:
    yield f"## {plain(entry.title)}\n"
    issues = [_issue(number) for number in (entry.number, *entry.also)]
    yield f"kubernetes/kubernetes: {', '.join(issues)}. {', '.join(entry.modes)}, {plain(versions(entry))}.\n"
    yield f"**What goes wrong.** {plain(entry.wrong)}\n"
    yield f"**What users can do.** {plain(entry.users)}\n"
    if entry.sometimes:
        yield f"**Sometimes.** {plain(entry.sometimes)}\n"
    yield f"**Shown on {entry.run.day}.** Failed: {plain(', '.join(entry.run.failed))}. {_passed(entry)}"
    yield f"{plain(entry.run.figures)}\n"
    yield from (_case(shown) for shown in entry.cases)
    yield ""


def _passed(entry: KnownDefect) -> str:
    return f"Passed: {plain(', '.join(entry.run.passed))}." if entry.run.passed else "No version without it was run."


def _case(shown: ShownBy) -> str:
    parts = f" in {'; '.join(f'“{part}”' for part in shown.parts)}" if shown.parts else ""
    log = f", where kube-proxy has logged “{shown.log}”" if shown.log else ""
    findings = ", ".join(shown.findings)
    return f"- `{shown.case}`: {plain(f'{findings}{parts}{log}')}"


def _dropped(register: Register) -> Iterator[str]:
    if not register.dropped:
        return
    yield _DROPPED
    yield from (_row(_issue(each.number), plain(each.claim), plain(each.why)) for each in register.dropped)
    yield ""


def _issue(number: int | str) -> str:
    return str(number) if number == NONE_FOUND else f"[{number}]({_ISSUE}{number})"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(markdown(read(shipped())), encoding="utf-8")
