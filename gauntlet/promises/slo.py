"""What is promised: thresholds as data, read from the YAML files of `slos/`.

A promise for an experiment is put together from layers, the later ones winning field by field:

    default.yaml  <  experiments/NAME.yaml  <  modes/MODE.yaml  <  versions/MINOR.yaml  <  subjects/NAME.yaml

A folder of changes has some of these files; each of its layers is laid over the same layer of the whole folder.
`upgrade.yaml` and `accepted.yaml` are of upgrades (gauntlet/promises/upgrade.py and accepted.py), `differences.yaml` is
of runs of several subjects (gauntlet/promises/differences.py).
`default.yaml` and the files of `experiments/` hold the fields of `Slo`. A file of `modes/`, `versions/` or
`subjects/` holds `all:` (fields for every experiment) and `experiments:` (fields by experiment name).
docs/slo-reference.md explains every field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gauntlet.ground.cluster import ProxyMode
from gauntlet.ground.errors import UsageError
from gauntlet.ground.paths import experiment_names, project_root
from gauntlet.ground.version import minor_of
from gauntlet.promises import accepted, differences, slo_files, upgrade
from gauntlet.promises.differences import Declaration
from gauntlet.promises.layers import Layer, field_place, field_text, near, scoped, unknown, validated, whole
from gauntlet.promises.promise import Balance, BlastRadius, Control, Latency, Programming, Recovery, Since, Slo
from gauntlet.promises.slo_files import SloError, SloFiles

__all__ = [
    "Balance",
    "BlastRadius",
    "Control",
    "Latency",
    "Programming",
    "Promises",
    "Recovery",
    "Since",
    "Slo",
    "SloBook",
    "SloError",
    "Terms",
    "load",
    "load_over_shipped",
    "shipped",
]


# What is promised although no experiment of experiments/ is run for it.
PROMISED_BESIDE = frozenset({"conformance", "rule-explosion"})


@dataclass(frozen=True)
class _Folder:
    """The layers of one folder of promises."""

    default: Layer | None
    by_experiment: Mapping[str, Layer]
    by_mode: Mapping[ProxyMode, Mapping[str | None, Layer]]
    by_version: Mapping[str, Mapping[str | None, Layer]]
    by_subject: Mapping[str, Mapping[str | None, Layer]]


@dataclass(frozen=True)
class SloBook:
    """All promises: those of a whole folder and the changes that are laid over them. `load` makes it."""

    folder: Path
    folders: tuple[_Folder, ...]

    @property
    def experiments(self) -> tuple[str, ...]:
        """Names of all experiments with a promise, sorted."""
        return tuple(sorted({name for folder in self.folders for name in folder.by_experiment}))

    def slo(self, experiment: str, mode: ProxyMode, version: str, subject: str = "") -> Slo:
        """The promise for an experiment in a mode, with a Kubernetes version ("1.37", "1.37.2" or "v1.37.2").

        `subject` is the name of the subject; without one, it is what all subjects of this mode and version are held to.
        Raises SloError (a UsageError) for an experiment without a promise and for what is not a version.
        """
        return validated(self._layers(experiment, mode, version, subject))

    def terms(self, experiment: str, mode: ProxyMode, version: str, subject: str = "") -> Terms:
        """Where each field of that promise is written. Raises as `slo` does."""
        layers = self._layers(experiment, mode, version, subject)
        return Terms(validated(layers), tuple(layers))

    def _layers(self, experiment: str, mode: ProxyMode, version: str, subject: str) -> list[Layer]:
        if experiment not in self.experiments:
            raise SloError(
                f"no promise for the experiment {experiment!r} in {self.folder / 'experiments'}",
                f"{near(experiment, self.experiments)}one of {', '.join(self.experiments)}, or add"
                f" {self.folder / 'experiments' / experiment}.yaml",
            )
        minor = _file_of(version)
        layers = self._base(experiment)
        for scopes in (
            [each.by_mode.get(mode, {}) for each in self.folders],
            [each.by_version.get(minor, {}) for each in self.folders],
            [each.by_subject.get(subject, {}) for each in self.folders],
        ):
            layers += [each[scope] for scope in (None, experiment) for each in scopes if scope in each]
        return layers

    def _base(self, experiment: str | None) -> list[Layer]:
        """The layers of every subject; without an experiment, those of all of them."""
        layers = [folder.default for folder in self.folders if folder.default is not None]
        if experiment is not None:
            layers += [found for folder in self.folders if (found := folder.by_experiment.get(experiment))]
        return layers

    def validate(self) -> None:
        """Raises SloError for the first layer that does not fit, used or not."""
        for name in (None, *self.experiments):
            validated(self._base(name))
        for folder in self.folders:
            for scopes in (*folder.by_mode.values(), *folder.by_version.values(), *folder.by_subject.values()):
                for scope, layer in scopes.items():
                    validated([*self._base(scope), layer])


@dataclass(frozen=True)
class Terms:
    """A promise, with the places where it is written: files of the checkout are named from its folder on."""

    slo: Slo
    layers: tuple[Layer, ...]

    def field(self, name: str) -> str:
        """A field, its value and where that is written: `recovery.within_s: 5 (slos/experiments/flush-nat.yaml:10)`."""
        return field_text(self.slo, self.layers, name)

    @property
    def sentence(self) -> str:
        """The promise in words and where they are written; empty if there are none."""
        return f"{self.slo.promise} ({field_place(self.layers, 'promise')})" if self.slo.promise else ""


@dataclass(frozen=True)
class Promises:
    """The SLOs for the cluster at hand: call it with the name of an experiment.

    `subject` is its name. Raises UsageError for an experiment that the folder of SLOs does not name.
    """

    book: SloBook
    mode: ProxyMode
    version: str
    subject: str

    def __call__(self, experiment: str) -> Slo:
        return self.book.slo(experiment, self.mode, self.version, self.subject)

    def terms(self, experiment: str) -> Terms:
        """The same, with the places where it is written. Raises the same."""
        return self.book.terms(experiment, self.mode, self.version, self.subject)


def load(folder: Path, changes: Path | None = None) -> SloBook:
    """Read and check all files of a whole folder of promises, and of a folder of changes over it, used or not.

    Raises SloError or YamlError (both UsageError), with file and line, for the first thing that is wrong.
    """
    if not (folder / "default.yaml").is_file():
        raise SloError(f"{folder / 'default.yaml'} is missing", "name a folder laid out like slos/")
    files = slo_files.read_over(folder, changes)
    book = SloBook(folder, tuple(map(_layered, files)))
    book.validate()
    upgrade.validate(files)
    accepted.read(files)
    differences.read(files)
    return book


def shipped() -> Path:
    """The folder of promises of the checkout."""
    return project_root() / "slos"


def load_over_shipped(folder: Path) -> SloBook:
    """The promises of the checkout, and over them the changes of another folder. Raises as `load` does."""
    return load(shipped()) if folder.resolve() == shipped().resolve() else load(shipped(), folder)


def declared_differences(folder: Path) -> Sequence[tuple[Declaration, str]]:
    """What the checkout, and over it another folder, declare of differences between subjects, each with its place.

    Raises as `load` does.
    """
    return differences.load(shipped(), None if folder.resolve() == shipped().resolve() else folder)


def _layered(files: SloFiles) -> _Folder:
    known = experiment_names() | PROMISED_BESIDE
    for name, file in files.experiments.items():
        if name not in known:
            raise unknown(name, f"{file.path}:1", known)
    return _Folder(
        None if files.default is None else whole(files.default),
        {name: whole(file) for name, file in files.experiments.items()},
        {mode: scoped(file, known) for mode, file in files.modes.items()},
        {version: scoped(file, known) for version, file in files.versions.items()},
        {subject: scoped(file, known) for subject, file in files.subjects.items()},
    )


def _file_of(version: str) -> str:
    """The stem of the file of versions/ that a version has."""
    try:
        return "{}.{}".format(*minor_of(version))
    except UsageError as error:
        raise SloError(error.what, error.remedy) from None
