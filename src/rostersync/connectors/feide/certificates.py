"""Finds out, after a connection failed, whether the server's certificate was to blame: the LDAP library does not say."""

from __future__ import annotations

import socket
import ssl
from typing import Final

from rostersync.connectors.feide.settings import Settings

_START_TLS: Final = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request of RFC 4511, 4.14.1, as message 1."""


def objection(settings: Settings) -> str:
    """What is wrong with the certificate, or with the file of authorities; empty when it is neither."""
    if not settings.encrypted:
        return ""
    try:
        context = ssl.create_default_context(cafile=str(settings.ca))
    except (OSError, ssl.SSLError):
        return f"{settings.ca}: no certificates can be read there; correct the setting ca"
    address = settings.address
    host, port = address.hostname or "", address.port or (636 if address.scheme == "ldaps" else 389)
    try:
        with socket.create_connection((host, port), settings.seconds) as line:
            if settings.starttls:
                line.sendall(_START_TLS)
                line.recv(4096)
            context.wrap_socket(line, server_hostname=host).close()
    except ssl.SSLCertVerificationError as error:
        return f"{settings.url}: its certificate is not believed: {error.verify_message}; check ca, name and dates"
    except (OSError, ValueError):
        return ""  # something else is wrong, and says so itself
    return ""
