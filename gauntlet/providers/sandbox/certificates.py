"""One certificate authority a cluster, and the identities that Kubernetes reads from certificates.

Subjects follow "X509 client certificates" of the Kubernetes authentication docs: the common name is
the user, organisations are groups. The bootstrap RBAC policy grants each what it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trustme

from gauntlet.kube.kubeconfig import Credentials, render
from gauntlet.providers.sandbox.address_plan import AddressPlan

ADMIN = ("gauntlet-admin", "system:masters")
CONTROLLER_MANAGER = ("system:kube-controller-manager", None)
PROXY = ("system:kube-proxy", None)


@dataclass(frozen=True)
class Files:
    """PEM files that the control plane is started with."""

    ca: Path
    certificate: Path
    key: Path
    service_account_key: Path


class Authority:
    """Issues the certificates of one cluster."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def serving_files(self, folder: Path, plans: Sequence[AddressPlan]) -> Files:
        """Write the API server's certificate and key, and a service account key, into `folder`."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        addresses = [each for plan in plans for each in (plan.api, plan.first_service)]
        serving = self._ca.issue_cert("127.0.0.1", *addresses, "localhost", "kubernetes.default.svc")
        files = Files(folder / "ca.crt", folder / "apiserver.crt", folder / "apiserver.key", folder / "sa.key")
        files.ca.write_bytes(self._ca.cert_pem.bytes())
        files.certificate.write_bytes(b"".join(blob.bytes() for blob in serving.cert_chain_pems))
        files.key.write_bytes(serving.private_key_pem.bytes())
        files.service_account_key.write_bytes(
            self._ca.issue_cert(common_name="service-accounts").private_key_pem.bytes()
        )
        for path in (files.key, files.service_account_key):
            path.chmod(0o600)
        return files

    def identity(self, identity: tuple[str, str | None]) -> str:
        """A client certificate of this identity (user, group) and its key, as one PEM text."""
        credentials = self._issue(identity)
        return (credentials.certificate + credentials.key).decode()

    def kubeconfig(self, identity: tuple[str, str | None], *, cluster: str, server: str) -> str:
        """A kubeconfig text for this identity (user, group)."""
        return render(
            provider="sandbox", cluster=cluster, server=server, user=identity[0], credentials=self._issue(identity)
        )

    def _issue(self, identity: tuple[str, str | None]) -> Credentials:
        user, group = identity
        # Go refuses a certificate whose list of alternative names is empty, which is what trustme writes without one.
        alternative = f"{user.replace(':', '-')}.user.invalid"
        issued = self._ca.issue_cert(alternative, common_name=user, organization_name=group)
        return Credentials(
            ca=self._ca.cert_pem.bytes(),
            certificate=b"".join(blob.bytes() for blob in issued.cert_chain_pems),
            key=issued.private_key_pem.bytes(),
        )
