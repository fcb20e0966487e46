"""pytest's cases on the cluster of an upgrade: a child process, which may use what this one holds the lock of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gauntlet.cli import pytestrun
from gauntlet.cli.pytestrun import PytestExit
from gauntlet.faults.heal import heal
from gauntlet.ground import ending, paths
from gauntlet.ground.finding import Verdict
from gauntlet.ground.waiting import NotInTime
from gauntlet.kube.api import Api
from gauntlet.providers.protocol import RollingCluster
from gauntlet.report.results_file import FILE, load
from gauntlet.report.run_folder import announced
from gauntlet.upgrade.case_run import CaseRun, RunCases, markers
from gauntlet.upgrade.phases import Phase, Selection
from gauntlet.workload import namespace as namespaces
from gauntlet.workload.case_namespaces import CaseNamespaces

FOLDER = "cases"
# What pytest says, in the folder of the phase.
SAID = "pytest.log"


def runner(cluster: RollingCluster, selection: Selection, folder: Path, slos: Path | None) -> RunCases:
    """Runs the cases of a phase on this cluster. Their results are below `folder`, that of the upgrade.

    The cluster is named by its kubeconfig: pytest then neither makes nor deletes one. It ends if this process does,
    heals what it has hurt first, and with this process ends the cluster. A signal that is meant for this process goes
    to pytest, and an interrupted pytest interrupts this one: KeyboardInterrupt. What a killed one left hurt is healed
    here. Returns once the Services of the cases are gone: rules of theirs would seem left behind.
    """

    def run(phase: Phase) -> CaseRun:
        into = folder / FOLDER / phase.name
        pytestrun.require_writable(into)
        options = [
            str(paths.project_root() / "suites"),
            f"--kubeconfig={cluster.kubeconfig}",
            f"--kp-provider={cluster.provider}",
            f"--kp-results={into}",
            # The report of the upgrade has all of them, and to make one costs seconds of a processor.
            "--kp-results-only",
            *([] if slos is None else [f"--kp-slos={slos.absolute()}"]),
            *("-m", markers(phase, selection)),
        ]
        api = Api(cluster.api)
        services = CaseNamespaces(api, together=1)
        with announced() as announcement, (into / SAID).open("wb") as said:
            code = pytestrun.run_pytest(options, paths.project_root(), said)
            results = announcement.folder()
        require_undisturbed(code)
        came = came_to(results, code, folder, into / SAID)
        if came.results is None:
            heal(cluster)
            for name in namespaces.with_services(api) - services.earlier:
                namespaces.delete(api, name)
        try:
            services.await_gone()
        except NotInTime as late:
            return replace(came, trouble=late.what, remedy=late.remedy)
        return came

    return run


def require_undisturbed(code: int) -> None:
    """Raises KeyboardInterrupt if this process was told to end meanwhile, or pytest alone was, by its exit code.

    One that is told while it starts is killed by that, and one that has no case left comes to its end as ever.
    """
    if ending.requested() or code == PytestExit.INTERRUPTED or code > 128:
        raise KeyboardInterrupt


def came_to(results: Path | None, code: int, folder: Path, said: Path) -> CaseRun:
    """What there is after pytest has ended with this exit code."""
    remedy = f"read {said}"
    if results is None or not (results / FILE).exists():
        return CaseRun(None, "", f"the cases left no results: {pytestrun.why_ended(code)}", remedy)
    made = load(results)
    trouble = made.incomplete
    if not trouble and code not in (PytestExit.OK, PytestExit.TESTS_FAILED):
        trouble = f"pytest ended with {code}"
    if not trouble and code == PytestExit.TESTS_FAILED and made.verdict is Verdict.PASS:
        trouble = "pytest failed although no case did"
    return CaseRun(made, str(results.relative_to(folder)), trouble, remedy if trouble else "")
