"""Holds the keys of a `[source.NAME]` of type feide, and says what is wrong with them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from rostersync.credentials import Secret

PEOPLE = "(&(objectClass=norEduPerson)(eduPersonPrincipalName=*))"
CA_FILE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian and Ubuntu keep the certificates of the public authorities."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The keys of a `[source.NAME]` of type feide."""

    url: str = field(metadata={"help": "`ldaps://HOST[:PORT]`, or `ldap://` with starttls; plain only to this machine"})
    bind_dn: str = field(metadata={"help": "the DN of an account that may read, and nothing else"})
    password: Secret = field(metadata={"help": "that account's password"})
    base: str = field(default="", metadata={"help": "where the tree begins; by default the server's only one"})
    filter: str = field(default=PEOPLE, metadata={"help": "which entries are persons"})
    starttls: bool = field(default=False, metadata={"help": "whether `ldap://` is encrypted before anything is said"})
    ca: Path = field(default=CA_FILE, metadata={"help": "the authorities whose certificates are believed, as PEM"})
    mode: Literal["paged", "syncrepl"] = field(
        default="paged",
        metadata={"help": "read everything in pages, or only what has changed (OpenLDAP with syncprov)"},
    )
    page_size: int = field(default=500, metadata={"help": "entries a page; halved by itself where that is too many"})
    timeout: timedelta | None = field(
        default=timedelta(seconds=30), metadata={"help": "how long any one answer is waited for"}
    )
    attempts: int = field(default=3, metadata={"help": "how often a reading that breaks off is begun, in all"})
    pause: timedelta | None = field(
        default=timedelta(seconds=2), metadata={"help": "how long to wait before it is begun again"}
    )
    guardians: bool = field(
        default=False, metadata={"help": "whether the guardians' national numbers may leave this source"}
    )
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )

    @property
    def address(self) -> SplitResult:
        """The URL in its parts."""
        return urlsplit(self.url)

    @property
    def encrypted(self) -> bool:
        """Whether anything is said in the clear."""
        return self.address.scheme == "ldaps" or self.starttls

    @property
    def seconds(self) -> float:
        """The longest wait for one answer."""
        return self.timeout.total_seconds() if self.timeout else 0.0


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, in sentences that begin with the key."""
    yield from _in_url(settings)
    if not settings.bind_dn.strip():
        yield "bind_dn is empty; a directory of national numbers is never read anonymously"
    if settings.timeout is None or not settings.seconds:
        yield 'timeout cannot be off: a server that hangs would be waited for for ever; use "30s"'
    for name in ("page_size", "attempts"):
        if not getattr(settings, name):
            yield f"{name} must be 1 or more"


def _in_url(settings: Settings) -> Iterator[str]:
    try:
        address, host = settings.address, settings.address.hostname
        _ = address.port
    except ValueError:
        yield "url cannot be read; write it as ldaps://ldap.example.no"
        return
    if address.scheme not in ("ldap", "ldaps") or not host:
        yield "url must begin with ldaps:// (or ldap://) and name a host, as in ldaps://ldap.example.no"
    elif address.path.strip("/") or address.query or address.username:
        yield "url names a server and nothing else; the tree goes into base, the account into bind_dn"
    elif address.scheme == "ldaps" and settings.starttls:
        yield "starttls belongs to ldap://; ldaps:// is encrypted from the first byte"
    elif not settings.encrypted and not _this_machine(host):
        yield "url would send the password in the clear; use ldaps://, or ldap:// with starttls = true"


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
