"""[state]: where the state lives, and the secrets by which it is opened and read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rostersync.credentials import Secret
from rostersync.errors import UserMistake
from rostersync.store.address import SCHEMA, Access, Address, address
from rostersync.toml_tables import Table


@dataclass(frozen=True, slots=True)
class StateSettings:
    """Where the state lives. `base` is the config file's folder, for relative paths.

    `schema`, `password` and `directory` belong to PostgreSQL; see `store.address.Access`.
    """

    url: str
    secret: Secret
    rehearsal: bool
    base: Path
    schema: str = SCHEMA
    password: Secret | None = None
    directory: Path | None = None

    def address(self) -> Address:
        """Where it is, as far as that can be told without a password."""
        return address(self.url, self.base, Access(self.schema, "", self.directory))

    def access(self) -> Access:
        """What the URL does not say.

        Raises:
            UserMistake: the password cannot be read.
        """
        return Access(self.schema, self.password.read() if self.password else "", self.directory)


def read_state(table: Table) -> StateSettings:
    """Read the table; what is wrong becomes its problems."""
    settings = StateSettings(
        url=table.text("url"),
        secret=table.secret("secret"),
        rehearsal=table.flag("rehearsal", default=False),
        base=table.reader.base,
        schema=table.text("schema", default=SCHEMA),
        password=table.secret("password") if "password" in table else None,
        directory=table.optional_path("directory"),
    )
    _check_address(table, settings)
    table.done()
    return settings


def _check_address(table: Table, settings: StateSettings) -> None:
    if not settings.url:
        return
    try:
        settings.address()
    except UserMistake as mistake:
        for problem in mistake.problems:
            key, _, text = problem.text.removeprefix("[state] ").partition(": ")
            table.problem(key, f'"{key}" {text}' if not text.startswith('"') else text)
    for key in ("schema", "password", "directory"):
        if key in table and settings.url.startswith("sqlite:"):
            table.problem(key, f'"{key}" is for a state in PostgreSQL; with SQLite, leave it out')
