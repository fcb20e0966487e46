"""`gauntlet binaries`: the Kubernetes programs of a version, found, downloaded or built."""

from __future__ import annotations

import click

from gauntlet.cli.origin import from_source


@click.command(short_help="Get the Kubernetes binaries, or find them.")
@click.option("--version", default="1.37", show_default=True, help="One of `gauntlet versions`.")
@click.option("--quiet", is_flag=True, help="Say nothing if everything is there already.")
@from_source
def binaries(version: str, *, quiet: bool) -> None:
    """Put the Kubernetes binaries, and the CoreDNS of the cases about DNS, into the cache, or show where they are.

    Official releases come first, verified by the SHA-256 published beside each file: seconds. What no release has
    (agnhost, CoreDNS), and everything if the servers cannot be reached or with --from-source, is built from the Go
    modules in toolchain/, verified by go.sum: some minutes. GAUNTLET_RELEASES and GAUNTLET_ETCD_RELEASES name mirrors
    of https://dl.k8s.io/release and https://github.com/etcd-io/etcd/releases/download; HTTPS_PROXY, NO_PROXY and
    SSL_CERT_FILE are obeyed. The cache is $XDG_CACHE_HOME/kube-proxy-gauntlet (~/.cache/kube-proxy-gauntlet): what is
    there costs nothing, and deleting it is safe.

    Where Debian's User-Mode Linux is installed and old, its next release's is put there too.
    """
    from gauntlet.build.binaries import ensure, ensure_modules, find
    from gauntlet.build.toolchain import pinned_minor, toolchain_root
    from gauntlet.providers.sandbox import uml, uml_package
    from gauntlet.workload import coredns

    version = pinned_minor(version, toolchain_root())
    was_built = find(version) is not None
    built = {**ensure(version, say=click.echo).programs, **ensure_modules((coredns.NAME,), click.echo)}
    if uml.is_installed():
        uml_package.ensure(click.echo)
    if quiet and was_built:
        return
    for name, path in sorted(built.items()):
        click.echo(f"{name:<26}{path}")
