"""Who a service is: certificates from a folder, or plaintext where that is allowed.

The folder holds `ca.crt`, `tls.crt` and `tls.key`, the names that Kubernetes gives them. Servers read it again when a
file changed, so that a renewed certificate is used without a restart; clients take the new one when their channel is
next made (a server closes every connection within minutes, `mesh.server`).
"""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import grpc

_FILES = ("ca.crt", "tls.crt", "tls.key")


def is_loopback(address: str) -> bool:
    """Tells whether `host:port`, with or without `dns:///`, stays on this machine."""
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


def server_credentials(folder: Path | None) -> grpc.ServerCredentials | None:
    """Returns credentials that demand a certificate of every caller, or None for plaintext."""
    if folder is None:
        return None
    seen = _stamp(folder)

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal seen
        stamp = _stamp(folder)
        if stamp == seen:
            return None  # unchanged
        seen = stamp
        return _configuration(folder)

    return grpc.dynamic_ssl_server_credentials(_configuration(folder), fetch, True)  # type: ignore[arg-type]  # None means "unchanged"


def channel_credentials(folder: Path | None) -> grpc.ChannelCredentials | None:
    """Returns credentials that show our certificate and check the server's, or None for plaintext."""
    if folder is None:
        return None
    ca, certificate, key = (folder / name for name in _FILES)
    return grpc.ssl_channel_credentials(ca.read_bytes(), key.read_bytes(), certificate.read_bytes())


def _configuration(folder: Path) -> grpc.ServerCertificateConfiguration:
    ca, certificate, key = ((folder / name).read_bytes() for name in _FILES)
    return grpc.ssl_server_certificate_configuration([(key, certificate)], ca)


def _stamp(folder: Path) -> tuple[int, ...]:
    return tuple((folder / name).stat().st_mtime_ns for name in _FILES)
