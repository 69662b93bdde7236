"""The migrations: what they make is what tables.py says, to the letter, on both databases, and they can be undone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from rostersync.errors import RostersyncError
from rostersync.store import schema
from rostersync.store.engine import Database
from rostersync.store.tables import metadata
from tests.states import SECRET, STATES, blank, database, on_postgres, open_state
from tests.store.snapshots import NOW, person, take_in

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"


def built(of: Database) -> dict[str, list[str]]:
    """What stands in a state, as the database itself tells it: table, index or constraint -> its parts, in order."""
    return _built_in_postgres(of) if on_postgres() else _built_in_sqlite(of)


def _built_in_sqlite(of: Database) -> dict[str, list[str]]:
    rows = of.conn.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {name: _normal(text) for name, text in rows if name != "alembic_version"}


def _normal(text: str) -> list[str]:
    """What made it, without white space and quotes, the parts of a table in a fixed order."""
    lines = [re.sub(r'[\s",]+', " ", line).strip() for line in text.splitlines()]
    return [lines[0], *sorted(lines[1:])]


def _built_in_postgres(of: Database) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for query in (
        """SELECT c.relname, concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
                  pg_get_expr(d.adbin, d.adrelid))
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
             LEFT JOIN pg_collation l ON l.oid = a.attcollation
             LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE c.relnamespace = to_regnamespace(%s) AND c.relkind = 'r'""",
        "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = %s",
        """SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = to_regnamespace(%s)""",
    ):
        for name, part in of.conn.exec_driver_sql(query, ("rostersync",)).all():
            if "alembic_version" not in name:
                found.setdefault(name, []).append(part)
    return {name: sorted(parts) for name, parts in found.items()}


def config(of: Database) -> Config:
    made = Config()
    made.set_main_option("script_location", str(VERSIONS.parent))
    made.attributes["connection"] = of.conn
    return made


def test_the_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    open_state(blank(tmp_path / "migrated.db")).close()
    migrated, straight = database(tmp_path / "migrated.db"), database(blank(tmp_path / "straight.db"))
    with straight.begin():
        metadata.create_all(straight.conn)
    assert built(migrated) == built(straight)
    migrated.close()
    straight.close()


def test_every_migration_can_be_undone_and_done_again(tmp_path: Path) -> None:
    from alembic import command

    open_state(blank(tmp_path / "state.db")).close()
    opened = database(tmp_path / "state.db")
    before = built(opened)
    with opened.begin():
        command.downgrade(config(opened), "base")
        assert opened.table_names() <= {"alembic_version"}
    with opened.begin():
        command.upgrade(config(opened), "head")
    assert built(opened) == before
    opened.close()


def test_a_migration_may_be_undone_under_a_full_state(state_file: Path) -> None:
    from alembic import command

    with open_state(state_file) as store:
        take_in(store, [person("p1")])
        store.runs.start("run-1", "oslo", "sync", NOW)
    opened = database(state_file)
    with opened.begin() as transaction:
        command.downgrade(config(opened), "base")
        transaction.rollback()
    assert opened.conn.exec_driver_sql("SELECT count(*) FROM person").scalar() == 1
    opened.close()


def test_every_text_sorts_by_code_point(state_file: Path) -> None:
    if not on_postgres():
        pytest.skip("SQLite knows no other order")
    opened = database(state_file)
    kinds = [kind for parts in built(opened).values() for kind in parts if re.match(r"\w+ (text|character)", kind)]
    assert kinds
    assert [kind for kind in kinds if not re.match(r"\w+ text [tf] C\b", kind)] == []
    opened.close()


def test_the_state_is_brought_to_the_newest_migration_there_is() -> None:
    config = Config()
    config.set_main_option("script_location", str(VERSIONS.parent))
    assert ScriptDirectory.from_config(config).get_current_head() == schema.HEAD


def test_every_migration_is_numbered_with_four_digits() -> None:
    for script in VERSIONS.glob("*.py"):
        assert re.fullmatch(r"\d{4}_\w+", script.stem), script.name


def test_a_migration_that_fails_leaves_no_table_behind(tmp_path: Path) -> None:
    opened = database(blank(tmp_path / "state.db"))
    try:
        with opened.begin() as transaction:
            schema.prepare(opened)
            transaction.rollback()
        assert opened.table_names() == set()
    finally:
        opened.close()


def test_a_newer_state_names_both_versions_and_what_to_install(tmp_path: Path) -> None:
    path = blank(tmp_path / "state.db")
    open_state(path).close()
    opened = database(path)
    with opened.begin():
        opened.conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    opened.close()
    with pytest.raises(
        RostersyncError, match=rf"has version 9999, .* up to {schema.HEAD}: install the newer rostersync"
    ):
        open_state(path)


def test_a_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = blank(tmp_path / "state.db")
    opened = database(path)
    with opened.begin():
        opened.conn.exec_driver_sql("CREATE TABLE recipes (name TEXT)")
    opened.close()
    with pytest.raises(RostersyncError, match="no rostersync state: give"):
        open_state(path)
    opened = database(path)
    assert opened.table_names() == {"recipes"}
    opened.close()


def test_the_wrong_secret_is_seen_at_once(state_file: Path) -> None:
    url = STATES.url(state_file)
    from rostersync.store import open_store

    with pytest.raises(RostersyncError, match=r"\[state\] secret: it is not the one that .* was made with; restore"):
        open_store(url, SECRET + "!", base=state_file.parent, access=STATES.access(state_file))
