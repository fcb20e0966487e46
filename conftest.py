"""How pytest runs the suites: options, subjects, workers, and what makes a case fail. Fixtures are in fixtures/."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest
from _pytest.outcomes import Skipped

from gauntlet.ground.errors import GauntletError
from gauntlet.ground.family import CHOICES

pytest_plugins = (
    "fixtures.ending",
    "fixtures.run",
    "fixtures.cluster",
    "fixtures.traffic",
    "fixtures.workload",
    "fixtures.catalogue",
    "fixtures.reconfigured",
    "fixtures.between_steps",
    "fixtures.state_machine",
    "fixtures.judge",
    "fixtures.chaos",
    "fixtures.proxy",
)

RUN_FOLDER, RUN_SEED = "gauntlet_folder", "gauntlet_seed"
OWN_TESTS = Path(__file__).parent / "tests"


class Worker(Protocol):
    """A worker process, as pytest-xdist's hooks see it from the controller. `workerinput` is sent to it."""

    config: pytest.Config
    workerinput: dict[str, str]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kube-proxy gauntlet")
    group.addoption(
        "--kp-subjects",
        default=None,
        help="what to test, with commas: nftables, nftables@1.36, nftables@./kube-proxy, next=nftables@1.37+SomeGate "
        "(default: iptables,nftables)",
    )
    group.addoption("--kp-modes", default=None, help="the same by mode alone, at --kp-version: iptables,nftables")
    group.addoption(
        "--kp-node-kernel",
        default="auto",
        choices=("auto", "host", "own"),
        help="whose kernel nodes run on: the host's, their own, or what the mode needs (default: auto)",
    )
    group.addoption(
        "--kp-families",
        default=None,
        choices=tuple(CHOICES),
        help="sandbox: IP families of nodes, pods and Services (default: dual)",
    )
    group.addoption("--kp-provider", default="sandbox", help="where clusters come from (default: sandbox)")
    group.addoption("--kp-context", default=None, help="existing: context of the kubeconfig (default: the current one)")
    group.addoption(
        "--kp-allow-context", default=None, help="existing: act there without the marker; the context's exact name"
    )
    group.addoption(
        "--kp-target-nodes",
        default=None,
        help="existing: nodes that may be hurt: names with commas, or a label selector",
    )
    group.addoption(
        "--kp-max-blast", default=None, help="existing: how many nodes may be hurt at once, or a share (default: 1)"
    )
    group.addoption("--kp-client-image", default=None, help="existing: image of clients (default: the one built here)")
    group.addoption(
        "--kp-dry-run", action="store_true", help="existing: print every change a run would make, and make none"
    )
    group.addoption("--kp-version", default="1.37", help="version of subjects that name none (default: 1.37)")
    group.addoption(
        "--kp-from-source",
        action="store_true",
        help="build the Kubernetes binaries; download no official release (default: $GAUNTLET_FROM_SOURCE)",
    )
    group.addoption("--kp-results", default="results", help="folder for results (default: results)")
    group.addoption(
        "--kp-slos", default=None, help="folder of SLO files to lay over those of the checkout (default: none)"
    )
    group.addoption(
        "--kp-known-defects",
        default="show",
        choices=("show", "fail"),
        help="failures that the register of known defects explains: show them, or fail the run by them (default: show)",
    )
    group.addoption("--kp-seed", default=None, type=int, help="seed of all random choices (default: a new one)")
    group.addoption(
        "--kp-results-only", action="store_true", help="write results.json and no report: `gauntlet report` makes one"
    )
    group.addoption("--kp-profile", default="", help="name of the profile that chose these cases, for the record")


def pytest_configure(config: pytest.Config) -> None:
    from fixtures import choice

    choice.settle(config)
    if not _runs_suites(config):
        return
    from fixtures import subjects

    if subjects.CLUSTERS in config.stash:
        return  # for fixtures.collector, which knows them
    try:
        _set_up(config)
    except GauntletError as error:
        raise pytest.UsageError(str(error)) from error


def _set_up(config: pytest.Config) -> None:
    """Read the options and check what can be checked before anything is done. Raises UsageError, EnvironmentUnfit."""
    from fixtures import inventory, known_defects, rehearsal, schedule, settings, subjects
    from fixtures.ledger import LedgerPlugin
    from gauntlet.build import releases
    from gauntlet.ground.environment import FROM_SOURCE

    sent: dict[str, str] | None = getattr(config, "workerinput", None)
    if sent is not None:
        # A worker parses the command line anew: what the controller chose is not in it.
        config.option.kp_seed = int(sent[RUN_SEED])
    elif config.option.kp_seed is None:
        config.option.kp_seed = settings.new_seed()
    releases.share_memory()
    if config.option.kp_from_source:
        os.environ[FROM_SOURCE] = "1"
    chosen = settings.read(config)
    known_defects.load(config)
    several = chosen.may_have_several_clusters
    config.stash[subjects.CLUSTERS] = schedule.clusters(chosen.kernels, schedule.workers(config) if several else 1)
    if not (config.option.collectonly or config.option.kp_dry_run):
        chosen.use_clusters()
    if sent is not None:
        chosen = replace(chosen, folder=Path(sent[RUN_FOLDER]))
    elif not config.option.collectonly:
        chosen.check()
        cases = config.stash[inventory.KEY] = inventory.take(config, chosen)
        chosen = settings.housed(config, chosen)
        if not config.option.kp_dry_run:
            command = ["pytest", *config.invocation_params.args]
            config.pluginmanager.register(LedgerPlugin(chosen, command, cases), "gauntlet-ledger")
    config.stash[settings.KEY] = chosen
    if config.option.kp_dry_run:
        config.pluginmanager.register(rehearsal, "gauntlet-rehearsed-fixtures")
        config.pluginmanager.register(rehearsal.Rehearsal(config), "gauntlet-rehearsal")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Worker) -> None:
    """pytest-xdist: tell a new worker where this run keeps its results, and what was chosen for all."""
    from fixtures import settings

    chosen = node.config.stash.get(settings.KEY, None)
    if chosen is not None:
        node.workerinput.update({RUN_FOLDER: str(chosen.folder), RUN_SEED: str(chosen.seed)})


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """pytest-xdist: one worker for each cluster."""
    from fixtures import settings

    if settings.KEY not in config.stash or config.option.dist not in ("load", "loadgroup"):
        return None
    from fixtures.schedule import BySubject

    return BySubject(config, log)


@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that needs a cluster once for each subject. Last, so that the id ends in the subject's name.

    Where several clusters share the cases of a subject, one that uses `cluster_number` runs on each of them.
    """
    if "subject" not in metafunc.fixturenames:
        return
    from fixtures import subjects
    from gauntlet.report import names

    clusters = subjects.clusters_of(metafunc.config)
    if "cluster_number" not in metafunc.fixturenames:
        metafunc.parametrize("subject", tuple(clusters), ids=tuple(clusters), indirect=True, scope="session")
        return
    each = [(number, name) for name, count in clusters.items() for number in range(1, count + 1)]
    ids = [name if number == 1 else f"{names.further_cluster(number)}-{name}" for number, name in each]
    metafunc.parametrize(("cluster_number", "subject"), each, ids=ids, indirect=["subject"], scope="session")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is declared unsupported, and nothing else; let -k choose by experiment. Shared Services come first.

    Those that make one of their own leave kube-proxy work, which experiments wait for. The audit comes last. First of
    all hooks: pytest then groups the cases by their cluster.
    """
    items.sort(key=lambda item: not {"shared", "nobody"}.intersection(getattr(item, "fixturenames", ())))
    items.sort(key=lambda item: item.get_closest_marker("audit") is not None)
    from fixtures import collector

    for item in items:
        experiments = collector.experiments_of(item) if "subject" in getattr(item, "fixturenames", ()) else ()
        item.extra_keyword_matches.update(experiments)
        _skip_unsupported(item, [str(marker.args[0]) for marker in item.iter_markers("needs")], experiments)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what chosen cases need besides their subjects' programs before any cluster is there, whose processors it
    would take. Where that fails, the case says so that needs it."""
    from fixtures import settings

    option = session.config.option
    if settings.KEY not in session.config.stash or option.collectonly or option.kp_dry_run:
        return
    to_run = [item for item in session.items if item.get_closest_marker("skip") is None]
    if any("cluster_dns" in getattr(item, "fixturenames", ()) for item in to_run):
        from gauntlet.build.binaries import ensure_modules
        from gauntlet.workload import coredns

        with suppress(GauntletError):
            ensure_modules((coredns.NAME,))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A case passes if its test function returns and the findings that the judge has let it pass."""
    yield
    if "subject" in getattr(item, "fixturenames", ()):
        from fixtures import judge

        held = item.stash.get(judge.KEY, None)
        if item.config.option.kp_dry_run:
            return
        if held is None:
            pytest.fail("a case must give its findings to the fixture `judge`; without any it shows nothing")
        judge.conclude(held)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send the findings to the controller; make an error of the test function a finding."""
    from fixtures import judge

    held = item.stash.get(judge.KEY, None) if call.when == "call" else None
    if held is None or (call.excinfo is not None and isinstance(call.excinfo.value, Skipped)):
        return (yield)
    explanation = judge.blame(held, call.excinfo.value) if call.excinfo is not None else None
    item.user_properties += held.properties()
    report = yield
    if explanation:
        report.sections.append(("gauntlet", explanation))
    return report


def _skip_unsupported(item: pytest.Item, features: Sequence[str], experiments: Sequence[str]) -> None:
    from fixtures import settings, subjects
    from gauntlet.faults.fitness import reasons_to_skip
    from gauntlet.report import case, ledger

    if settings.KEY not in item.config.stash:
        return
    this = case.of_node_id(item.nodeid, subjects.names_of(item.config))
    if this is None:
        return
    chosen = settings.of(item.config)
    subject = chosen.subject(this.subject)
    try:
        reasons = reasons_to_skip(features, experiments, subject, chosen.places(subject))
    except GauntletError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from error
    for reason in reasons:
        item.user_properties.append((ledger.SKIP, reason))
        item.add_marker(pytest.mark.skip(reason=reason))


def _runs_suites(config: pytest.Config) -> bool:
    """Whether cases could be among what pytest was asked for; the project's own tests and listings need no set-up."""
    paths = [Path(config.invocation_params.dir, argument.partition("::")[0]).resolve() for argument in config.args]
    return any(not path.is_relative_to(OWN_TESTS) for path in paths)
