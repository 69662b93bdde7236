"""Reads the setting `files`: a path, `sftp://USER@HOST/PATH` or `https://HOST/PATH`; and says what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from rostersync.transport.files.settings import FilesSettings, LoginSettings
from rostersync.transport.line import address_trouble, url_parts

_SFTP: Final = re.compile(
    r"sftp://(?P<user>[^@/:]+)@(?P<host>\[[^]/]+\]|[^]\[/:@]+)(?::(?P<port>\d{1,5}))?(?P<path>/.+)"
)
_PORT: Final = 22


class Address(Struct, frozen=True):
    """Where files lie on an SFTP server. `path` is an absolute pattern."""

    user: str
    host: str
    port: int
    path: str

    @property
    def server(self) -> str:
        """The server in messages; the user name stays out of them."""
        return f"sftp://{self.host}" + ("" if self.port == _PORT else f":{self.port}")


def scheme(files: str) -> str:
    """`sftp`, `https`, `http`, or whatever stands there before `://`; empty for a path."""
    return files.partition("://")[0].lower() if "://" in files else ""


def sftp_address(files: str) -> Address | None:
    """The parts of `sftp://USER@HOST:PORT/PATH`, or None when it is none."""
    found = _SFTP.fullmatch(files)
    if not found:
        return None
    return Address(found["user"], found["host"].strip("[]"), int(found["port"] or _PORT), found["path"])


def mistakes(settings: FilesSettings) -> list[str]:
    """What in the settings does not fit together, in sentences that repeat no address: it may hold a secret."""
    match scheme(settings.files):
        case "":
            return []
        case "sftp":
            return list(_about_sftp("files", settings.files, settings))
        case "https" | "http":
            return list(_about_https(settings))
        case other:
            return [f"files: {other}:// is no way to files; write a path, sftp://USER@HOST/PATH or https://HOST/PATH"]


def shelf_mistakes(key: str, directory: str, settings: LoginSettings) -> list[str]:
    """What in the settings of a place to leave files at does not fit together; `key` is the setting of its address."""
    match scheme(directory):
        case "":
            return []
        case "sftp":
            return list(_about_sftp(key, directory, settings))
        case other:
            return [f"{key}: no file can be left at {other}://; write a path or sftp://USER@HOST/PATH"]


def _about_sftp(key: str, address: str, settings: LoginSettings) -> Iterator[str]:
    if sftp_address(address) is None:
        yield f"{key}: this is no address; write sftp://USER@HOST/PATH, and the password as a setting of its own"
    if settings.known_hosts is None:
        yield (
            "known_hosts is missing: write the server's host key there with ssh-keyscan, and compare its fingerprint "
            "with what whoever runs the server tells you"
        )
    if settings.password is None and settings.key is None:
        yield "key or password is missing: the log-in at sftp:// needs one of them"
    if settings.proxy:
        yield "proxy: there is no way through a proxy to sftp://; leave it out"


def _about_https(settings: FilesSettings) -> Iterator[str]:
    parts = url_parts(settings.files)
    place = parts.netloc.rpartition("@")[2]
    if trouble := address_trouble(f"{parts.scheme}://{place}"):
        yield f"files: {trouble}"
    if parts.password is not None:
        yield "files: no password belongs into an address; it is a setting of its own"
    if bool(parts.username) != bool(settings.password):
        yield "a user, as in https://USER@HOST/PATH, and a password go together; one of them is missing"
    if settings.after == "delete":
        yield 'after: nothing can be deleted at https://; use "keep"'
