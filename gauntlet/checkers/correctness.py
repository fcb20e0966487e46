"""Correctness: who may answer."""

from __future__ import annotations

from gauntlet.checkers.sample import counts, describe, no_data
from gauntlet.ground.finding import Finding, Verdict
from gauntlet.ground.frames import pl
from gauntlet.ground.history import Outcome


def correctness(attempts: pl.DataFrame, allowed_backends: frozenset[str], *, at_most: int = 0) -> Finding:
    """No reply came from a backend outside `allowed_backends`. The figure counts such replies.

    No reply at all, or an ok reply that does not say who gave it, is inconclusive.
    """
    check = "correctness"
    replies = attempts.filter(pl.col("outcome").is_in([str(Outcome.OK), str(Outcome.WRONG_BACKEND)]))
    if replies.is_empty():
        return no_data(check, f"no backend answered any of {attempts.height} attempts")
    wrong = replies.filter(
        (pl.col("outcome") == Outcome.WRONG_BACKEND) | ~pl.col("backend").is_in(sorted(allowed_backends))
    )
    unnamed = replies.filter((pl.col("outcome") == Outcome.OK) & pl.col("backend").is_null())
    allowed = ", ".join(sorted(allowed_backends)) or "none"
    if wrong.height > at_most:
        who = counts(wrong["backend"].fill_null("an unknown backend"))
        reason = f"{wrong.height} of {replies.height} replies came from a wrong backend ({who}); allowed: {allowed}"
        return Finding(
            check, Verdict.FAIL, reason, float(wrong.height), "replies", float(at_most), details=describe(wrong)
        )
    if not unnamed.is_empty():
        return no_data(check, f"{unnamed.height} of {replies.height} ok replies do not say which backend gave them")
    reason = f"all but {wrong.height} of {replies.height} replies came from {allowed}"
    return Finding(check, Verdict.PASS, reason, float(wrong.height), "replies", float(at_most))


def right_answers(attempts: pl.DataFrame, *, at_most: int = 0) -> Finding:
    """`correctness` of servers that do not say who they are, by clients that know what the answer has to be.

    The figure counts answers that said something else. No answer at all is inconclusive.
    """
    check = "correctness"
    answers = attempts.filter(pl.col("outcome").is_in([str(Outcome.OK), str(Outcome.WRONG_BACKEND)]))
    if answers.is_empty():
        return no_data(check, f"nobody answered any of {attempts.height} attempts")
    wrong = answers.filter(pl.col("outcome") == Outcome.WRONG_BACKEND)
    verdict = Verdict.PASS if wrong.height <= at_most else Verdict.FAIL
    reason = f"{answers.height - wrong.height} of {answers.height} answers were right"
    return Finding(check, verdict, reason, float(wrong.height), "replies", float(at_most), details=describe(wrong))
