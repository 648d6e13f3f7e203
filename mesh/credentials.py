"""Who a service is: certificates from a folder, or plaintext where that is allowed.

The folder holds `ca.crt`, `tls.crt` and `tls.key`, the names that Kubernetes gives them. Servers and clients read it
again when a file changed, so that a renewed certificate is used without a restart (`mesh.renewing`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization

_FILES = ("ca.crt", "tls.crt", "tls.key")


def is_loopback(address: str) -> bool:
    """Tells whether `host:port`, with or without `dns:///`, stays on this machine.

    So does `ipv4:host:port,host:port…`, gRPC's list of replicas, where all of them do; `ipv6:` likewise.
    """
    scheme, _, replicas = address.partition(":")
    if scheme in {"ipv4", "ipv6"}:
        return all(is_loopback(replica) for replica in replicas.split(","))
    host = address.rpartition("/")[2].rpartition(":")[0].strip("[]")
    if host == "localhost" or address.startswith("unix:"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def problems(folder: Path) -> list[str]:
    """Returns what is missing in a certificate folder, one sentence each."""
    return [f"{folder}/{name} cannot be read" for name in _FILES if not (folder / name).is_file()]


@dataclass(frozen=True)
class Certificate:
    """What the files of a folder hold, as PEM."""

    authority: bytes
    certificate: bytes
    key: bytes = field(repr=False)


class HalfReplacedError(Exception):
    """Key and certificate do not belong together: somebody is replacing the files at this moment."""


def read(folder: Path) -> Certificate:
    """Reads a folder. Raises OSError, and HalfReplacedError for what would break every handshake."""
    found = Certificate(*((folder / name).read_bytes() for name in _FILES))
    try:
        public = x509.load_pem_x509_certificate(found.certificate).public_key()
        own = serialization.load_pem_private_key(found.key, None).public_key()
    except ValueError:
        raise HalfReplacedError from None
    if public != own:
        raise HalfReplacedError
    return found


def stamp(folder: Path) -> tuple[int, ...]:
    """Returns what changes whenever a file of the folder is replaced. Raises OSError."""
    return tuple((folder / name).stat().st_mtime_ns for name in _FILES)


def server_credentials(folder: Path | None) -> grpc.ServerCredentials | None:
    """Returns credentials that demand a certificate of every caller, or None for plaintext."""
    if folder is None:
        return None
    seen = stamp(folder)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        try:
            now = stamp(folder)
            if now == seen:
                return None  # unchanged
            configuration = _configuration(folder)
        except (OSError, HalfReplacedError):
            return None  # as before, until the files are whole again
        seen = now
        return configuration

    return grpc.dynamic_ssl_server_credentials(_configuration(folder), fetch, True)  # type: ignore[arg-type]  # None means "unchanged"


def channel_credentials(folder: Path) -> grpc.ChannelCredentials:
    """Returns credentials that show our certificate and check the server's. Raises as `read` does."""
    found = read(folder)
    return grpc.ssl_channel_credentials(found.authority, found.key, found.certificate)


def _configuration(folder: Path) -> grpc.ServerCertificateConfiguration:
    found = read(folder)
    return grpc.ssl_server_certificate_configuration([(found.key, found.certificate)], found.authority)
