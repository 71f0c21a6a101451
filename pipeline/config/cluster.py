"""The cluster that counts rows, from the config's render section."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from os.path import isfile
from pathlib import Path
from typing import Any

from pipeline.config.fault import shortened
from pipeline.config.model import RenderSection, SecuritySection
from pipeline.errors import UsageError

LOCAL_CLUSTER = "local-cluster"
ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")
_KEYS = ("ca", "certificate", "key")


@dataclass(frozen=True, slots=True)
class Certificates:
    """The TLS files by which the machines of a cluster authenticate each other."""

    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Dask cluster that counts rows: `engine: dask`."""

    scheduler: str
    """Address of its scheduler, or LOCAL_CLUSTER."""
    certificates: Certificates | None

    def dask_security(self) -> Any:
        """Return the certificates as Dask takes them; None without, or on this machine alone."""
        if self.certificates is None or self.scheduler == LOCAL_CLUSTER:
            return None
        from distributed.security import Security

        return Security(
            require_encryption=True,
            tls_ca_file=str(self.certificates.ca),
            tls_client_cert=str(self.certificates.certificate),
            tls_client_key=str(self.certificates.key),
        )


def cluster_faults(render: dict[str, Any], folder: Path) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the key and fault of values that do not go together; `render` is as typed."""
    engine, scheduler = render.get("engine", "local"), render.get("scheduler")
    security = render.get("security")
    if engine == "dask" and scheduler is None:
        yield ("engine",), f"dask needs scheduler, such as tcp://pi0:8786, or {LOCAL_CLUSTER}"
    if isinstance(scheduler, str):
        if engine == "local":
            yield ("scheduler",), "is for engine: dask; add that, or leave it out"
        if fault := address_fault(scheduler.strip(), isinstance(security, dict)):
            yield ("scheduler",), fault
    if isinstance(security, dict):
        for key in _KEYS:
            name = security.get(key)
            # os.path answers for names that the system refuses: too long, NUL.
            if not isinstance(name, str) or not name.strip():
                continue
            if not isfile(folder / name.strip()):  # noqa: PTH113  # Path's would raise
                yield ("security", key), f"{folder / shortened(name)} is no file"


def address_fault(scheduler: str, secure: bool) -> str | None:
    """Return what is wrong with a scheduler's address, and what would be right."""
    if scheduler == LOCAL_CLUSTER:
        return None
    match = ADDRESS.fullmatch(scheduler)
    if match is None:
        shown = shortened(scheduler)
        return f'"{shown}" should be like tcp://pi0:8786 or tls://pi0:8786, or {LOCAL_CLUSTER}'
    if match[1] == "tls" and not secure:
        return "tls needs security: {ca: …, certificate: …, key: …}, the files of this machine"
    if match[1] == "tcp" and secure:
        return "should be tls://…, for there is a security section"
    return None


def cluster_from(render: RenderSection, folder: Path) -> tuple[Cluster | None, Certificates | None]:
    """Return the cluster of a render section without faults, and the certificates."""
    certificates = None if render.security is None else _certificates(render.security, folder)
    if render.engine == "local" or render.scheduler is None:
        return None, certificates
    return Cluster(render.scheduler, certificates), certificates


def _certificates(security: SecuritySection, folder: Path) -> Certificates:
    return Certificates(folder / security.ca, folder / security.certificate, folder / security.key)


def cluster_at(scheduler: str, certificates: Certificates | None) -> Cluster:
    """Return the cluster at an address from the command line.

    Raises
    ------
    UsageError
        It is not an address.
    """
    if fault := address_fault(scheduler, certificates is not None):
        raise UsageError(f"--scheduler: {fault}")
    return Cluster(scheduler, certificates)


def check_installed(cluster: Cluster) -> None:
    """Refuse a cluster where Dask is not installed.

    Raises
    ------
    UsageError
        It is not installed.
    """
    if find_spec("distributed") is None:
        raise UsageError(
            f"{cluster.scheduler}: dask.distributed is not installed; make setup-dask installs it"
        )
