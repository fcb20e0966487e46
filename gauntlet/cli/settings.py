"""The settings of a run: what its options ask for, and what follows from them."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gauntlet.cli.places import places
from gauntlet.ground.cluster import NodeKernel
from gauntlet.ground.family import CHOICES, Family
from gauntlet.ground.finding import Verdict
from gauntlet.ground.journal import lock
from gauntlet.kube.kubeconfig import cluster_name, provider_name
from gauntlet.promises import slo
from gauntlet.promises.support import Place
from gauntlet.providers import AUTO, DEFAULT, ClusterSpec, ExistingOptions, KindOptions, provider
from gauntlet.providers.existing.options import DEFAULT_BLAST
from gauntlet.providers.existing.survey import Survey
from gauntlet.proxy.modes import traits
from gauntlet.subject import Subject

# Options that name somebody's cluster, and the names of their values in pytest's configuration.
EXISTING_OPTIONS = {
    "--kp-context": "kp_context",
    "--kp-allow-context": "kp_allow_context",
    "--kp-target-nodes": "kp_target_nodes",
    "--kp-max-blast": "kp_max_blast",
    "--kp-client-image": "kp_client_image",
}
# Of a subject's name in that of a cluster, which may have 40 characters.
LONGEST_SLUG = 24


@dataclass(frozen=True)
class Existing:
    """Somebody's cluster: what names it, what there is, and what of it is tested."""

    options: ExistingOptions
    survey: Survey
    subject: Subject

    def given(self) -> tuple[str, ...]:
        """The options that name it."""
        options = self.options
        values = (options.context, options.allow_context, options.targets, options.blast, options.client_image)
        named = zip(EXISTING_OPTIONS, values, strict=True)
        kubeconfig = [f"--kubeconfig={self.survey.access.kubeconfig}"]
        blast = f"--kp-max-blast={DEFAULT_BLAST}"
        return (*kubeconfig, *(each for option, value in named if value and (each := f"{option}={value}") != blast))


@dataclass(frozen=True)
class Settings:
    """What the `--kp-*` options, and pytest-kind's, ask for.

    `kernels` are by the name of the subject, `families` are the IP families that were asked for, or those of a cluster
    that was there; none if nothing was said. `version` is that of a subject that says none, `folder` that of this run's
    results. `known_defects` is what a failure becomes that the register of known defects explains.
    """

    subjects: tuple[Subject, ...]
    kernels: Mapping[str, NodeKernel]
    node_kernel: str
    families: tuple[Family, ...]
    provider: str
    version: str
    slos: Path
    seed: int
    profile: str
    folder: Path
    kubeconfig: Path | None
    cluster_name: str | None
    keep_cluster: bool
    known_defects: Verdict
    kind: KindOptions
    existing: Existing | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def options(self) -> tuple[str, ...]:
        """The options that a command line needs to run one of this run's cases again, its subject's aside."""
        given = [f"--kp-seed={self.seed}"]
        if self.existing is not None:
            given += self.existing.given()
        elif not all(subject.says_version for subject in self.subjects):
            given.append(f"--kp-version={self.version}")
        if self.node_kernel != AUTO:
            given.append(f"--kp-node-kernel={self.node_kernel}")
        if self.families and self.kubeconfig is None:
            word = next(word for word, families in CHOICES.items() if families == self.families)
            given.append(f"--kp-families={word}")
        if self.provider != DEFAULT:
            given.append(f"--kp-provider={self.provider}")
        for option, value in (
            ("--kind-image", self.kind.image),
            ("--kind-bin", self.kind.kind),
            ("--kind-kubectl-bin", self.kind.kubectl),
            ("--kp-known-defects", "fail" if self.known_defects is Verdict.FAIL else ""),
        ):
            if value:
                given.append(f"{option}={value}")
        if self.slos != slo.shipped():
            given.append(f"--kp-slos={self.slos}")
        if self.kubeconfig is not None:
            given.append(f"--kubeconfig={self.kubeconfig}")
        return tuple(given)

    def subject(self, name: str) -> Subject:
        """The subject of this name."""
        return next(each for each in self.subjects if each.name == name)

    def places(self, subject: Subject) -> frozenset[Place]:
        """Where the cluster of this subject is, as the table of unsupported combinations has it."""
        survey = None if self.existing is None else self.existing.survey
        source = provider(self.provider)
        return places(source, traits(subject.mode), self.kernel(subject), self.families, survey)

    def kernel(self, subject: Subject) -> NodeKernel:
        """Whose kernel the nodes of this subject's cluster run on."""
        return self.kernels[subject.name]

    @property
    def may_have_several_clusters(self) -> bool:
        """Whether this run may make more than one cluster of a subject: none is given, nor its name."""
        return self.kubeconfig is None and self.existing is None and self.cluster_name is None

    def name_for(self, subject: Subject) -> str:
        """The name that the user chose for the cluster of this subject; empty for a new one that is unique."""
        if self.cluster_name is None:
            return ""
        return self.cluster_name if len(self.subjects) == 1 else f"{self.cluster_name}-{subject.slug}"

    def use_clusters(self) -> None:
        """Use the clusters that this run did not make: until its end no other run may.

        Raises ClusterInUse if another process uses one of them.
        """
        if self.existing is not None:
            lock.take(self.provider, self.existing.survey.name)
        elif self.kubeconfig is not None:
            lock.take(provider_name(self.kubeconfig), cluster_name(self.kubeconfig))
        elif self.cluster_name is not None:
            for subject in self.subjects:
                lock.take(self.provider, self.name_for(subject))

    def spec(self, subject: Subject) -> ClusterSpec:
        """What cluster the run makes for this subject: of a unique name, unless the user chose one."""
        return ClusterSpec(
            self.name_for(subject) or f"run-{subject.slug[:LONGEST_SLUG]}-{secrets.token_hex(3)}",
            subject,
            keep=self.keep_cluster,
            kernel=self.kernel(subject),
            families=self.families,
            kind=self.kind,
            existing=ExistingOptions() if self.existing is None else self.existing.options,
        )

    def check(self) -> None:
        """Raises UsageError or EnvironmentUnfit if the clusters of this run cannot be made."""
        if self.kubeconfig is None and self.existing is None:
            for subject in self.subjects:
                provider(self.provider).check(self.spec(subject))

    def random_for(self, purpose: str) -> random.Random:
        """Random numbers that follow from the run's seed and this purpose alone."""
        return random.Random(f"{self.seed}/{purpose}")
