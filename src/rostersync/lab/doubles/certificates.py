"""Certificates for doubles: an authority of our own, and what it signs for this machine, good or bad."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_DAY = timedelta(days=1)


class Authority:
    """Signs certificates. `pem` is its own, for those who are to trust it; everything lies in `folder`."""

    def __init__(self, folder: Path, now: datetime, name: str = "rostersync lab") -> None:
        self._folder = folder
        self._now = now
        self._name = _named(f"{name} authority")
        self._key = ec.generate_private_key(ec.SECP256R1())
        own = _begun(self._name, self._name, self._key, now - 30 * _DAY, now + 30 * _DAY)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        own = own.add_extension(_KEY_USE, critical=True)
        self.pem = folder / f"{name.replace(' ', '-')}.pem"
        self.pem.write_bytes(own.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def tls(self, *names: str, ended: bool = False) -> ssl.SSLContext:
        """What a server needs to speak TLS under these names, 127.0.0.1 and localhost by default; or one that has `ended`."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = self._now - _DAY if ended else self._now + 7 * _DAY
        begun = _begun(_named(names[0] if names else "localhost"), self._name, key, self._now - 7 * _DAY, until)
        begun = begun.add_extension(x509.SubjectAlternativeName(_alternatives(names)), critical=False)
        signed = begun.sign(self._key, hashes.SHA256())
        pair = self._folder / f"server-{signed.serial_number:x}.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair)
        return context


_KEY_USE = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
    )


def _alternatives(names: tuple[str, ...]) -> list[x509.GeneralName]:
    if names:
        return [x509.DNSName(name) for name in names]
    return [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
