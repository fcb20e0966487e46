"""A path that is not there is answered with the nearest that is."""

from __future__ import annotations

from gauntlet.cli import nearest
from gauntlet.ground.paths import project_root
from gauntlet.report.case import Row

ROWS = (
    Row(
        "suites/chaos/test_kill_proxy.py::test_killed_proxy_costs_no_attempt[nftables]", ("gate",), (), ("kill-proxy",)
    ),
    Row("suites/conformance/test_node_port.py::test_node_port_answers[tcp-nftables]", ("gate",), (), ()),
)


def test_a_misspelt_path_is_answered_with_the_nearest() -> None:
    remedy = nearest.of_path("suites/caos/test_kill_proxy.py", ROWS, project_root())
    assert remedy is not None
    assert remedy.startswith("did you mean suites/chaos/test_kill_proxy.py")
    case = "suites/chaos/test_kill_proxy.py::test_killed_proxy_costs_no_atempt"
    assert f"did you mean {case.replace('atempt', 'attempt')}?" in str(nearest.of_path(case, ROWS, project_root()))
    assert "kill-proxy" in str(nearest.of_path("kil-proxy", ROWS, project_root()))
    assert nearest.of_path("suites/chaos", ROWS, project_root()) is None


def test_a_case_of_another_mode_is_answered_with_those_there_are() -> None:
    case = "suites/chaos/test_kill_proxy.py::test_killed_proxy_costs_no_attempt[ipvs]"
    assert f"did you mean '{ROWS[0].node_id}'?" in str(nearest.of_path(case, ROWS, project_root()))
