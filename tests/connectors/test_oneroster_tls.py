"""A OneRoster service over TLS: its certificate must hold, and time is told."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rostersync.errors import SourceUnavailable

from .oneroster_parts import Service, records_of


def certificate(folder: Path, *, days: int, name: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A self-signed certificate that ends in so many days, and a context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    until = datetime.now(UTC) + timedelta(days=days)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - timedelta(days=30))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return path, context


def served(folder: Path, context: ssl.SSLContext, ca: Path | None) -> Service:
    """A service that shows a certificate."""
    return Service(folder, "rostering/v1p2", settings={"ca": ca}, tls=context)


def test_a_certificate_that_is_trusted_and_holds_is_enough(tmp_path: Path) -> None:
    path, context = certificate(tmp_path, days=3)
    with served(tmp_path, context, path) as service:
        assert records_of(service.connector)


@pytest.mark.parametrize(
    ("days", "name", "trusted", "sentence"),
    [
        (-1, "127.0.0.1", True, "certificate has expired"),
        (3, "127.0.0.1", False, "self-signed certificate"),
        (3, "127.0.0.2", True, "IP address mismatch"),
    ],
)
def test_a_certificate_that_does_not_hold_ends_it(
    tmp_path: Path, days: int, name: str, trusted: bool, sentence: str
) -> None:
    path, context = certificate(tmp_path, days=days, name=name)
    with served(tmp_path, context, path if trusted else None) as service:
        with pytest.raises(SourceUnavailable, match="its certificate does not hold") as caught:
            service.connector.fetch(datetime.now(UTC))
        assert sentence in str(caught.value)
        assert service.asked() == 0, "no secret was sent"
        assert service.waits == []
