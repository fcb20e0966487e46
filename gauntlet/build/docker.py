"""Docker, by its command line: what images and kind clusters are made with. DOCKER_HOST chooses the daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gauntlet.ground.ending import DIES_WITH_US
from gauntlet.ground.errors import EnvironmentUnfit, GauntletError

REMEDY = (
    "start a daemon and let this user reach it; on a machine without one, as root: ci/docker up, and then "
    '`eval "$(ci/docker env)"` (docs/kind.md)'
)
COMMAND_S = 120.0
_PROGRAM = "docker"


class DockerFailed(GauntletError):
    """A command of Docker ended with an error. `said` is what it complained about."""

    def __init__(self, argv: Sequence[str], code: int, said: str) -> None:
        super().__init__(f"`docker {' '.join(argv)}` ended with {code}: {said or 'no output'}", _remedy(said))
        self.said = said


def run(*argv: str, stdin: str | None = None, timeout_s: float = COMMAND_S) -> str:
    """Run `docker ARGV…` to its end and return its output. Raises DockerFailed and EnvironmentUnfit."""
    done = call(*argv, stdin=stdin, timeout_s=timeout_s)
    if done.returncode != 0:
        raise DockerFailed(argv, done.returncode, _last_lines(done.stderr or done.stdout))
    return done.stdout


def call(*argv: str, stdin: str | None = None, timeout_s: float = COMMAND_S) -> subprocess.CompletedProcess[str]:
    """Run `docker ARGV…` to its end, however that is. Raises EnvironmentUnfit if there is no docker at all."""
    require_program()
    try:
        return subprocess.run(
            [*DIES_WITH_US, _PROGRAM, *argv],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DockerFailed(argv, 124, f"not done after {timeout_s:g} s") from None


def require() -> str:
    """Version of the daemon. Raises EnvironmentUnfit, with the remedy, where none answers."""
    asked = call("version", "--format", "{{.Server.Version}}", timeout_s=30)
    if asked.returncode != 0:
        where = os.environ.get("DOCKER_HOST", "its usual socket")
        raise EnvironmentUnfit(f"no Docker daemon answers at {where}: {_last_lines(asked.stderr)}", REMEDY)
    return asked.stdout.strip()


def root() -> Path:
    """The folder on this machine where the daemon keeps images and containers."""
    return Path(run("info", "--format", "{{.DockerRootDir}}").strip())


def has_image(tag: str) -> bool:
    """Whether the daemon has this image."""
    return call("image", "inspect", tag).returncode == 0


def label(tag: str, name: str) -> str:
    """The value of a label of an image; empty where the image, or the label, is missing."""
    asked = call("image", "inspect", "--format", f'{{{{index .Config.Labels "{name}"}}}}', tag)
    return asked.stdout.strip() if asked.returncode == 0 else ""


def build(tag: str, dockerfile: Path, context: Path, arguments: dict[str, str]) -> None:
    """Build an image from a folder, without any network. Raises DockerFailed, with the end of what the build said."""
    options = [part for name, value in arguments.items() for part in ("--build-arg", f"{name}={value}")]
    # The classic builder: it takes images of the daemon as they are, and Debian's docker.io has no other.
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    argv = ("build", "--network=none", "--force-rm", "--tag", tag, "--file", str(dockerfile), *options, str(context))
    require_program()
    done = subprocess.run(
        [*DIES_WITH_US, _PROGRAM, *argv],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise DockerFailed(
            argv[:1] + argv[3:5], done.returncode, f"{_last_lines(done.stdout, 8)} | {_last_lines(done.stderr, 1)}"
        )


def pipe(source: Sequence[str], sink: Sequence[str], *, timeout_s: float) -> None:
    """Run `docker SOURCE… | docker SINK…`. Raises DockerFailed if either fails."""
    require_program()
    from_docker, to_docker = [*DIES_WITH_US, _PROGRAM, *source], [*DIES_WITH_US, _PROGRAM, *sink]
    with subprocess.Popen(from_docker, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as writer:
        try:
            reader = subprocess.run(
                to_docker, stdin=writer.stdout, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except BaseException:
            writer.kill()
            raise
        if writer.stdout is not None:
            writer.stdout.close()
        complaint = writer.stderr.read() if writer.stderr is not None else ""
    if reader.returncode != 0:
        raise DockerFailed(sink, reader.returncode, _last_lines(reader.stderr))
    if writer.returncode != 0:
        raise DockerFailed(source, writer.returncode, _last_lines(complaint))


def installed() -> bool:
    return shutil.which(_PROGRAM) is not None


def require_program() -> None:
    """Raises EnvironmentUnfit if there is no docker at all."""
    if not installed():
        raise EnvironmentUnfit("there is no `docker` in PATH", REMEDY)


def _last_lines(text: str, count: int = 3) -> str:
    return " | ".join(line.strip() for line in text.strip().splitlines()[-count:] if line.strip())


def _remedy(said: str) -> str:
    if "no space left on device" in said:
        return "make room where Docker keeps its images (docker system df, docker image prune)"
    if "Cannot connect to the Docker daemon" in said or "permission denied" in said:
        return REMEDY
    return "see what the daemon says: docker info, and its log"
