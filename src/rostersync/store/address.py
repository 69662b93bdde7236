"""Where a state is: an SQLite file, or one schema of a PostgreSQL database; from what the config says.

A school owner has a file, or a schema, of her own, so no query can ever reach another owner's pupils.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from rostersync.errors import UserMistake

SCHEMA: Final = "rostersync"
"""The PostgreSQL schema when the config names none."""

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql", "postgres")
_EXAMPLES: Final = "write for example sqlite:///state.db or postgresql://rostersync@db.example.no/rostersync"
_SCHEMA_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,47}")
_RULE: Final = (
    "the owner's own schema has a name of small letters a-z, digits and _, such as oslo, is not public, "
    "and does not begin with pg_"
)
_RESERVED: Final = re.compile(r"pg_|information_schema$|public$")


@dataclass(frozen=True, slots=True)
class Access:
    """What a PostgreSQL URL does not say. None of it means anything to SQLite.

    `schema` is the owner's own schema, `password` what libpq does not find by itself (empty = it does), `directory` where
    the few things lie that must not be restored together with the database (None = beside the config).
    """

    schema: str = SCHEMA
    password: str = field(default="", repr=False)
    directory: Path | None = None


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A file of this machine."""

    path: Path

    @property
    def name(self) -> str:
        """How messages call it."""
        return str(self.path)

    @property
    def beside(self) -> Path:
        """What the names of files beside the state begin with."""
        return self.path


@dataclass(frozen=True, slots=True)
class PostgresSchema:
    """One schema of a PostgreSQL database. `url` is for libpq and holds no password; `directory` exists on this machine."""

    url: str
    schema: str
    directory: Path
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{_plain(self.url)} (schema {self.schema})"

    @property
    def beside(self) -> Path:
        """What the names of files beside the state begin with."""
        return self.directory / self.schema


Address: TypeAlias = SqliteFile | PostgresSchema


def address(url: str, base: Path, access: Access | None = None) -> Address:
    """Where the state of a URL is; a relative path is relative to `base`.

    Raises:
        UserMistake: it is no URL of ours, holds a password, or names no file or schema that can be used.
    """
    if url.startswith("sqlite:"):
        return SqliteFile(_file(url, base))
    if urlsplit(url).scheme in _POSTGRESQL:
        return _schema(url, base, access or Access())
    if "://" in url:
        raise _mistake(f"{url.partition('://')[0]} is not supported; {_EXAMPLES}")
    raise _mistake(f"not a database URL; {_EXAMPLES}")


def _file(url: str, base: Path) -> Path:
    path = url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else ""
    if not path or path == ":memory:":
        raise _mistake("names no file; write for example sqlite:///state.db")
    return base / path


def _schema(url: str, base: Path, access: Access) -> PostgresSchema:
    try:
        parts = urlsplit(url)
        said = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        if parts.password is not None or "password" in said:
            raise _mistake(
                "holds a password, which logs and process lists would show; keep it in a file of its own and write "
                'password = { credential = "NAME" } or { file = "PATH" } under [state], or use libpq\'s passfile'
            )
    except ValueError:
        raise _mistake(f"not a database URL; {_EXAMPLES}") from None
    if "search_path" in said.get("options", ""):
        raise _mistake('sets a search_path; name the owner\'s schema with schema = "NAME" under [state] instead')
    if not (parts.path.strip("/") or said.get("dbname") or said.get("service")):
        raise _mistake("names no database; write for example postgresql://rostersync@db.example.no/rostersync")
    if not _SCHEMA_NAME.fullmatch(access.schema) or _RESERVED.match(access.schema):
        raise UserMistake([f'[state] schema: "{access.schema}" cannot be used; {_RULE}'])
    return PostgresSchema(url, access.schema, base / access.directory if access.directory else base, access.password)


def _plain(url: str) -> str:
    """The URL without its options, for a person to read."""
    parts = urlsplit(url)
    return unquote(parts._replace(query="", fragment="").geturl())


def _mistake(text: str) -> UserMistake:
    return UserMistake([f"[state] url: {text}"])
