"""The migrations: what they make is what tables.py says, to the letter."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from rostersync.store import schema
from rostersync.store.tables import metadata


def statements(path: Path) -> dict[str, str]:
    """Name -> what made it, without white space and quotes, the parts of a table in a fixed order."""
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    connection.close()
    return {name: _normal(text) for name, text in rows if name != "alembic_version"}


def _normal(text: str) -> str:
    lines = [re.sub(r'[\s",]+', " ", line).strip() for line in text.splitlines()]
    return "\n".join([lines[0], *sorted(lines[1:])])


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path, state_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/straight.db")
    metadata.create_all(engine)
    engine.dispose()
    assert statements(state_file) == statements(tmp_path / "straight.db")


def test_the_state_is_brought_to_the_newest_migration_there_is() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_every_migration_is_numbered_with_four_digits() -> None:
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    for script in folder.glob("*.py"):
        assert re.fullmatch(r"\d{4}_\w+", script.stem), script.name


def test_a_migration_that_fails_leaves_no_table_behind(tmp_path: Path) -> None:
    from rostersync.store.engine import Database, connect
    from rostersync.store.keyring import Keyring
    from tests.store.snapshots import SECRET

    database = Database(connect(tmp_path / "state.db", create=True), Keyring(SECRET))
    try:
        with database.begin() as transaction:
            schema.prepare(database, tmp_path / "state.db")
            transaction.rollback()
        assert sa.inspect(database.conn).get_table_names() == []
    finally:
        database.close()
