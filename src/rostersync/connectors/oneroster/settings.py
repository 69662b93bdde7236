"""Holds the keys of a `[source.NAME]` of type oneroster, and says which of them do not fit together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rostersync.credentials import Secret
from rostersync.transport.files.address import mistakes as file_mistakes
from rostersync.transport.files.address import scheme
from rostersync.transport.files.settings import FilesSettings
from rostersync.transport.line import address_trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(FilesSettings):
    """The keys of a `[source.NAME]` of type oneroster. Either `url` or `files` is set."""

    url: str = field(
        default="", metadata={"help": "the service, up to and with v1p1 or v1p2; leave it out when files are read"}
    )
    token_url: str = field(
        default="",
        metadata={"help": "where OAuth 2 tokens come from; without it calls are signed as OAuth 1.0a has it"},
    )
    client_id: str = field(default="", metadata={"help": "who we are to the service: client id, or consumer key"})
    client_secret: Secret | None = field(default=None, metadata={"help": "what proves it"})
    scope: str = field(
        default="", metadata={"help": "the scope to ask a token for; by default the core roster of the version in url"}
    )
    signature: Literal["sha256", "sha1"] = field(
        default="sha256", metadata={"help": "how OAuth 1.0a signs; sha1 for services older than the final 1.1"}
    )
    page: int = field(default=1000, metadata={"help": "entries to ask for at a time; a service may give fewer"})
    sort: str = field(
        default="sourcedId",
        metadata={
            "help": 'the field to have entries sorted by, so that pages hold still; "" for a service that refuses it'
        },
    )
    dates: Literal["unreliable", "reliable"] = field(
        default="unreliable",
        metadata={
            "help": "whether dateLastModified tells what has changed: then a service in which nothing has is not read anew"
        },
    )
    files: str = field(
        default="",
        metadata={
            "help": "the CSV sets to read, as a pattern: the newest bulk set, and the delta sets after it. A path to zip "
            "files or folders, sftp://USER@HOST/PATTERN, or https://HOST/PATH for one zip file; leave it out when a service "
            "is read",
            "path": True,
        },
    )
    max_age: timedelta | None = field(default=None, metadata={"help": "sets older than this are refused"})
    after: Literal["keep", "delete"] = field(
        default="keep",
        metadata={"help": "what becomes of sets on this machine that a newer bulk set has replaced"},
    )
    guardians: bool = field(default=False, metadata={"help": "whether the pupils' guardians may leave this source"})
    zone: str = field(default="Europe/Oslo", metadata={"help": "the time zone in which moments become dates"})


def mistakes(settings: Settings) -> Iterator[str]:
    """What does not fit together, in sentences."""
    if bool(settings.url) == bool(settings.files):
        yield "it needs either url (a service) or files (CSV sets)" + (", not both" if settings.url else "")
    try:
        ZoneInfo(settings.zone)
    except (ZoneInfoNotFoundError, ValueError):
        yield f'"{settings.zone}" is no time zone; use one such as "Europe/Oslo"'
    if not settings.page:
        yield '"page" must be 1 or more'
    yield from file_mistakes(settings)
    if scheme(settings.files) and settings.after == "delete":
        yield 'after: sets are only deleted on this machine; use "keep"'
    if settings.url:
        for name, address in (("url", settings.url), ("token_url", settings.token_url)):
            if address and (trouble := address_trouble(address)):
                yield f"{name}: {trouble}"
        if not settings.client_id or settings.client_secret is None:
            yield "a service asks who we are: set client_id and client_secret"
