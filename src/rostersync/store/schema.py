"""Brings the tables to this version, and makes sure that the state is ours: its version, and its secret."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from rostersync.errors import StateBroken, UserMistake
from rostersync.store.engine import Database
from rostersync.store.tables import meta

HEAD: Final = "0006"
"""The newest migration. Versions are four digits, so they compare as text."""

_VERSION: Final = sa.table("alembic_version", sa.column("version_num", sa.String))
_VERIFIER: Final = "verifier"


def prepare(database: Database) -> None:
    """Migrate an older state, found a new one, and check the secret.

    Raises:
        StateBroken: the state is newer than this program, or no state of ours.
        UserMistake: it was made with another secret.
    """
    if _version(database) != HEAD:
        with database.begin():
            # Somebody else may have done it while we waited for the lock.
            if _version(database) != HEAD:
                upgrade(database)
                _remember_secret(database)
    _check_secret(database)


def _version(database: Database) -> str:
    """The version of the state; empty for a new one."""
    tables = database.table_names()
    if not tables:
        return ""
    versions = database.conn.execute(sa.select(_VERSION)).scalars().all() if "alembic_version" in tables else []
    if len(versions) != 1:
        raise StateBroken(
            f"{database.name} is a database, but no rostersync state: give [state] url a file, or a schema, of its own"
        )
    if versions[0] > HEAD:
        raise StateBroken(
            f"the state {database.name} has version {versions[0]}, and this rostersync knows versions up to {HEAD}: "
            "install the newer rostersync that wrote it, or restore the backup made before the upgrade"
        )
    return str(versions[0])


def upgrade(database: Database) -> None:
    """Make the tables, or bring them to this version; inside a transaction."""
    # Importing Alembic takes longer than opening the state, and it is needed once per upgrade.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = database.conn
    command.upgrade(config, "head")


def _remember_secret(database: Database) -> None:
    database.insert_many(meta, ("name", "value"), [(_VERIFIER, database.keyring.verifier())], ignore=True)


def _check_secret(database: Database) -> None:
    kept = database.conn.execute(sa.select(meta.c.value).where(meta.c.name == _VERIFIER)).scalar()
    if kept is None or not database.keyring.verifies(kept):
        wrong = f"[state] secret: it is not the one that {database.name} was made with"
        advice = "restore the right one from where it is kept apart from the database; nothing can be read without it"
        raise UserMistake([f"{wrong}; {advice}"])


def recall(database: Database, name: str) -> str:
    """A text remembered under a name; empty when there is none."""
    return str(database.conn.execute(sa.select(meta.c.value).where(meta.c.name == name)).scalar() or "")


def remember(database: Database, name: str, value: str) -> None:
    """Remember a text under a name."""
    with database.begin():
        database.conn.execute(sa.delete(meta).where(meta.c.name == name))
        database.insert_many(meta, ("name", "value"), [(name, value)])
