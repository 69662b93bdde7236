"""Holds the keys of a `[source.NAME]` of type fint, and reads the account that the county's FINT portal hands out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from rostersync.credentials import Secret
from rostersync.errors import Problem, UserMistake
from rostersync.transport.line import LineSettings

PRODUCTION: Final = "https://api.felleskomponent.no"
IDENTITY: Final = "https://idp.felleskomponent.no/nidp/oauth/nam/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(LineSettings):
    """The keys of a `[source.NAME]` of type fint. Durations are None when they are switched off."""

    account: Secret | None = field(
        default=None,
        metadata={
            "help": "the JSON object that the customer portal shows for the client, whole; none for the open sandbox"
        },
    )
    url: str = field(
        default=PRODUCTION, metadata={"help": "where FINT answers; beta and sandbox have addresses of their own"}
    )
    token_url: str = field(
        default="", metadata={"help": "where tokens are had; by default what the account says, else Novari's own"}
    )
    model: Literal["auto", "3", "4"] = field(
        default="auto",
        metadata={"help": "the information model served there: basisgruppe (3) or klasse (4); auto asks"},
    )
    full_every: timedelta | None = field(
        default=timedelta(hours=24),
        metadata={"help": "how often everything is read; in between only what has changed, and nobody departs"},
    )
    page_size: int = field(default=10_000, metadata={"help": "entries asked for at a time; 0 = all in one answer"})
    shrink: int = field(
        default=20,
        metadata={"help": "a resource that lost more than this percentage since the last full read is refused"},
    )
    may_be_empty: tuple[str, ...] = field(
        default=(), metadata={"help": "resources, such as kontaktlarergruppe, that may hold nothing at all"}
    )
    guardians: bool = field(default=False, metadata={"help": "whether the pupils' parents may leave this source"})
    zone: str = field(default="Europe/Oslo", metadata={"help": "the time zone in which FINT's moments are dates"})
    spool: Path | None = field(
        default=None, metadata={"help": "where private copies lie while they are read; the system's own by default"}
    )


class Account(msgspec.Struct, frozen=True):
    """A client of FINT (https://www.fintlabs.no, customer portal). Newer portals say `clientSecret` and `assetIds`."""

    username: str = ""
    password: str = ""
    client_id: str = msgspec.field(default="", name="clientId")
    client_secret: str = msgspec.field(default="", name="clientSecret")
    open_id_secret: str = msgspec.field(default="", name="openIdSecret")
    asset_ids: Any = msgspec.field(default="", name="assetIds")
    asset_id: str = msgspec.field(default="", name="assetId")
    scope: Any = "fint-client"
    idp_uri: str = msgspec.field(default="", name="idpUri")

    @property
    def form(self) -> dict[str, str]:
        """What the token endpoint is told: the password grant (RFC 6749, 4.3), the only one FINT documents.

        An account without a user name is a client by itself: client credentials (RFC 6749, 4.4).
        """
        scope = " ".join(map(str, self.scope)) if isinstance(self.scope, list) else str(self.scope)
        user = {"grant_type": "password", "username": self.username, "password": self.password}
        alone = {"grant_type": "client_credentials"}
        return {
            **(user if self.username or self.password else alone),
            "client_id": self.client_id,
            "client_secret": self.client_secret or self.open_id_secret,
            "scope": scope or "fint-client",
        }

    @property
    def asset(self) -> str:
        """The county's asset id, such as its domain; empty where it is not told."""
        first = self.asset_ids[0] if isinstance(self.asset_ids, list) and self.asset_ids else self.asset_ids
        return str(first or self.asset_id or "")


def account_of(secret: Secret) -> Account:
    """Read the account.

    Raises:
        UserMistake: it is missing, no JSON object, or lacks what a token needs.
    """
    try:
        account = msgspec.json.decode(secret.read(), type=Account)
    except (msgspec.DecodeError, UnicodeEncodeError):
        # not the error's own text, which may repeat what stands there
        text = "the account is not the JSON object that the customer portal shows for the client; copy it anew, whole"
        raise UserMistake([Problem(secret.where, text)]) from None
    names = {"username": "username", "password": "password", "client_id": "clientId", "client_secret": "clientSecret"}
    if missing := [shown for name, shown in names.items() if not account.form.get(name, "-")]:
        raise UserMistake([Problem(secret.where, f"the account lacks {', '.join(missing)}")])
    return account


def token_address(settings: Settings, account: Account) -> tuple[str, str]:
    """Base and path of the token endpoint."""
    parts = urlsplit(settings.token_url or account.idp_uri or IDENTITY)
    return f"{parts.scheme}://{parts.netloc}", parts.path
