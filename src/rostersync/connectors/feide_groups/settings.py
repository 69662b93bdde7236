"""Holds the keys of a `[source.NAME]` of type feide_groups, and says which of them cannot be right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rostersync.credentials import Secret
from rostersync.transport.line import LineSettings, address_trouble

KINDS: Final = ("school", "b", "u", "a")
"""What of a realm's groups is read: the schools, and the three go_types that Feide documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LineSettings):
    """The keys of a `[source.NAME]` of type feide_groups."""

    realm: str = field(metadata={"help": "the school owner's realm, such as kommune.no"})
    client_id: str = field(metadata={"help": "the service's client id in Feide's customer portal"})
    client_secret: Secret = field(metadata={"help": "its client secret"})
    kinds: tuple[str, ...] = field(
        default=KINDS,
        metadata={
            "help": "whose members are read: school, b (classes), u (teaching groups), a (others); one call each"
        },
    )
    url: str = field(
        default="https://groups-api.dataporten.no/groups/v1", metadata={"help": "the Groups API; Feide's by default"}
    )
    token_url: str = field(
        default="https://auth.dataporten.no/oauth/token",
        metadata={"help": "where tokens come from; Feide's by default"},
    )
    page: int = field(default=100, metadata={"help": "entries to ask for at a time; the API may give fewer"})
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )


def mistakes(settings: Settings) -> Iterator[str]:
    """What cannot be right, in sentences."""
    for name, address in (("url", settings.url), ("token_url", settings.token_url)):
        if trouble := address_trouble(address):
            yield f"{name}: {trouble}"
    if not settings.realm.strip() or set("/:?# ") & set(settings.realm):
        yield f'"{settings.realm}" is no realm; write what stands behind the @ in a Feide name'
    if unknown := [kind for kind in settings.kinds if kind not in KINDS]:
        yield f'kinds: there is no "{unknown[0]}"; there is: {", ".join(KINDS)}'
    if not settings.page:
        yield '"page" must be 1 or more'
