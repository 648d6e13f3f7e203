"""Makes a development authority and a certificate for each service: `python tools/make_certs.py var/certs`.

With `--other-team bot.teams.example` it makes one for a program of another team as well, in a folder of that name.

Each service gets a folder with ca.crt, tls.crt and tls.key, as ZOOMSLACK_TLS_DIR takes it. Run again, it makes new
certificates under the same authority. For production use an authority that you trust; the names are the same.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVICES = ("auth", "meetings", "phone", "slack_edge")
_OTHER = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
LIFE = timedelta(days=90)
AUTHORITY_LIFE = timedelta(days=3650)

PEM = serialization.Encoding.PEM


def dns_name(service: str) -> str:
    """Returns the name by which other services know this one: `slack-edge.zoomslack`."""
    return f"{service.replace('_', '-')}.zoomslack"


def write_secret(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    """Writes a private key that only its owner can read, in one step."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    fresh.replace(path)


def authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Returns the authority kept in `folder`, made on first use."""
    certificate_file, key_file = folder / "ca.crt", folder / "ca.key"
    if certificate_file.exists() and key_file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return x509.load_pem_x509_certificate(certificate_file.read_bytes()), key
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "zoomslack development authority")])
    certificate = (
        builder(name, name, key, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    write_secret(key_file, key)
    certificate_file.write_bytes(certificate.public_bytes(PEM))
    return certificate, key


def builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, life: timedelta
) -> x509.CertificateBuilder:
    """Returns the part that all certificates have."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + life)
    )


def issue(folder: Path, name: str, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey) -> None:
    """Writes the certificate of the program that is known by `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        builder(subject, ca.subject, key, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_secret(folder / "tls.key", key)
    (folder / "tls.crt").write_bytes(certificate.public_bytes(PEM))
    (folder / "ca.crt").write_bytes(ca.public_bytes(PEM))


def main() -> int:
    """Parses the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--other-team", metavar="NAME", action="append", default=[], help="may be given several times")
    options = parser.parse_args()
    folder, others = options.folder, options.other_team
    if wrong := [name for name in others if not _OTHER.fullmatch(name) or name.endswith(".zoomslack")]:
        parser.error(f"no name for another team's program: {', '.join(wrong)}")
    ca, ca_key = authority(folder / "authority")
    for service in SERVICES:
        issue(folder / service, dns_name(service), ca, ca_key)
    for name in others:
        issue(folder / name, name, ca, ca_key)
    made = ", ".join([*SERVICES, *others])
    print(f"made certificates for {made} in {folder}; use them with ZOOMSLACK_TLS_DIR={folder} make run")
    return 0


if __name__ == "__main__":
    sys.exit(main())
