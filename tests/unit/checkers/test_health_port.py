"""The health check node port is held against the model, address by address."""

from __future__ import annotations

import pytest

from gauntlet.checkers.health_port import health_port
from gauntlet.ground.cluster import Completed
from gauntlet.ground.finding import Verdict
from gauntlet.semantics.health_check import REFUSED, HealthCheck, answer
from gauntlet.workload.health_ports import in_words

EXPECTED = {"10.77.0.11": str(HealthCheck(2)), "10.77.0.12": str(HealthCheck(0)), "10.77.0.13": REFUSED}
HEARD = {"10.77.0.11": answer(200, 2), "10.77.0.12": answer(503, 0), "10.77.0.13": REFUSED}


def test_what_the_model_says_passes() -> None:
    finding = health_port(EXPECTED, HEARD)
    assert (finding.verdict, finding.figure) == (Verdict.PASS, 0.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"10.77.0.11": answer(200, 1)},
        {"10.77.0.11": answer(503, 2)},
        {"10.77.0.12": answer(200, 0)},
        {"10.77.0.12": REFUSED},
        {"10.77.0.13": answer(503, 0)},
        {"10.77.0.13": "nothing within 2 s"},
    ],
)
def test_what_it_does_not_say_fails(wrong: dict[str, str]) -> None:
    finding = health_port(EXPECTED, {**HEARD, **wrong})
    (address, said), *_ = wrong.items()
    assert (finding.verdict, finding.figure) == (Verdict.FAIL, 1.0)
    assert finding.details[0].startswith(f"{address}: {said}, and should be: ")


def test_an_address_that_was_not_asked_fails() -> None:
    assert health_port(EXPECTED, {}).figure == 3.0


def test_without_nodes_nothing_is_known() -> None:
    assert health_port({}, {}).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("stdout", "stderr", "words"),
    [
        ('HTTP/1.0 200 OK\r\nX: y\r\n\r\n{"service":{"name":"web"},"localEndpoints":2}', "", "200, 2 local endpoints"),
        ('HTTP/1.0 503 Unavailable\r\n\r\n{"localEndpoints":0}', "", "503, 0 local endpoints"),
        ("", "bash: connect: Connection refused\nbash: line 1: /dev/tcp/10.77.0.11/30001: Connection refused", REFUSED),
        ("", "", "nothing within 2 s"),
        ("HTTP/1.0 404 Not Found\r\n\r\nnot here", "", "HTTP/1.0 404 Not Found"),
        ("", "bash: connect: No route to host", "bash: connect: No route to host"),
    ],
)
def test_what_was_heard_in_words(stdout: str, stderr: str, words: str) -> None:
    assert in_words(Completed(("bash",), 1, stdout, stderr)) == words
