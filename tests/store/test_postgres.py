"""PostgreSQL as it is met in production: down, restarted, killed, full of other people, and closed to this user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from rostersync.cli.failing import explain
from rostersync.cli.shell import Shell
from rostersync.errors import LeaseLost, NoState, RostersyncError, StateBusy, StateUnavailable, UserMistake
from rostersync.store import Store, open_store
from rostersync.store.address import Access
from rostersync.store.engine import BATCH
from rostersync.store.lease import Lease, lease
from rostersync.store.postgres import PostgresDatabase
from rostersync.store.rosters import TIE_COLUMNS
from rostersync.store.runs import Line
from rostersync.store.tables import tie
from tests.postgres import Server
from tests.states import SECRET, STATES, database
from tests.store.snapshots import NOW, all_cards, klass, members, person, school, take_in

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def engine(postgres: Server) -> Iterator[str]:
    """Everything here is about PostgreSQL."""
    STATES.server = postgres
    yield "postgres"
    STATES.give_back()
    STATES.server = None


@pytest.fixture
def url(state_file: Path) -> str:
    """An empty state."""
    return STATES.url(state_file)


def opened(url: str, base: Path, held: Lease | None = None, schema: str = "rostersync", **options: bool) -> Store:
    access = Access(schema, directory=base)
    return open_store(url, SECRET, base=base, access=access, lease=held, **options)


def code(error: RostersyncError) -> int:
    return explain(error, Shell())


def held(url: str, base: Path, wait: float = 0, who: str = "rostersync sync"):  # type: ignore[no-untyped-def]
    return lease(url, base, wait, who, access=Access(directory=base))


def backends(server: Server, name: str) -> list[int]:
    with server.connect() as admin:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE %s"
        return [row[0] for row in admin.execute(query, (f"{name}%",)).fetchall()]


def kill_backends(server: Server, name: str, how: str = "terminate") -> None:
    """As an administrator, a fail-over or a cable does; `kill` is as the kernel does when memory is out."""
    for pid in backends(server, name):
        if how == "kill":
            os.kill(pid, signal.SIGKILL)
        else:
            with server.connect() as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
    until = time.monotonic() + 10
    while how == "terminate" and backends(server, name) and time.monotonic() < until:
        time.sleep(0.01)


# -- who may come in -----------------------------------------------------------------------------------------------


def test_a_school_owner_has_a_schema_of_her_own(postgres: Server, tmp_path: Path) -> None:
    url = postgres.url(postgres.blank())
    for schema, key in (("oslo", "p1"), ("bergen", "p2")):
        with opened(url, tmp_path, schema=schema) as store:
            take_in(store, [person(key)])
    with opened(url, tmp_path, schema="oslo") as store:
        assert [len(all_cards(store)), store.cards.find("sas/p2")] == [1, []]


@pytest.mark.parametrize(
    ("url", "schema", "told"),
    [
        ("postgresql://rostersync:hunter2@db.example.no/rostersync", "oslo", "holds a password, which logs"),
        ("postgresql://db.example.no/rostersync?password=hunter2", "oslo", "holds a password, which logs"),
        ("postgresql://db.example.no/", "oslo", "names no database"),
        ("postgresql://db.example.no/x?options=-csearch_path%3Doslo", "oslo", "name the owner's schema with schema ="),
        ("postgresql://db.example.no/x", "Oslo kommune", 'schema: "Oslo kommune" cannot be used'),
        ("postgresql://db.example.no/x", "public", 'schema: "public" cannot be used'),
    ],
)
def test_what_a_config_cannot_mean_is_told_without_a_connection(
    tmp_path: Path, url: str, schema: str, told: str
) -> None:
    with pytest.raises(UserMistake, match=told) as refused:
        opened(url, tmp_path, schema=schema)
    assert "hunter2" not in str(refused.value)


@pytest.fixture
def strict(postgres: Server) -> Iterator[Server]:
    """The server, which asks the role `careful` for a password and lets `stranger` in nowhere."""
    file = postgres.folder / "files" / "pg_hba.conf"
    before = file.read_text()
    with postgres.connect() as admin:
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'careful'").fetchall():
            admin.execute("CREATE ROLE careful LOGIN PASSWORD 'right'")
            admin.execute("CREATE ROLE stranger LOGIN")
        file.write_text("local all careful scram-sha-256\nlocal all stranger reject\n" + before)
        admin.execute("SELECT pg_reload_conf()")
    time.sleep(0.3)
    yield postgres
    file.write_text(before)
    with postgres.connect() as admin:
        admin.execute("SELECT pg_reload_conf()")


def test_a_password_comes_from_where_the_config_says_and_a_wrong_one_is_the_config(
    strict: Server, tmp_path: Path
) -> None:
    name = strict.blank()
    with strict.connect(name) as admin:
        admin.execute("CREATE SCHEMA oslo AUTHORIZATION careful")
    url = strict.url(name, "careful")
    for password in ("", "wrong"):
        with pytest.raises(UserMistake, match=r"\[state\] password: .* does not take it") as refused:
            open_store(url, SECRET, base=tmp_path, access=Access("oslo", password, tmp_path))
        assert code(refused.value) == 78
    open_store(url, SECRET, base=tmp_path, access=Access("oslo", "right", tmp_path)).close()


@pytest.mark.parametrize(
    ("user", "name", "told"),
    [
        ("stranger", "postgres", "does not let this user in; look at the role"),
        ("nobody_here", "postgres", "does not let this user in; look at the role"),
        ("rostersync", "nothing_here", "there is no such database"),
    ],
)
def test_what_time_does_not_mend_is_the_config(strict: Server, tmp_path: Path, user: str, name: str, told: str) -> None:
    with pytest.raises(UserMistake, match=told) as refused:
        opened(strict.url(name, user), tmp_path)
    assert code(refused.value) == 78


def test_a_role_that_may_make_no_schema_is_told_what_to_ask_for(strict: Server, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"CREATE SCHEMA .* AUTHORIZATION") as refused:
        open_store(
            strict.url(strict.blank(), "careful"), SECRET, base=tmp_path, access=Access("oslo", "right", tmp_path)
        )
    assert code(refused.value) == 78


def test_looking_makes_no_schema(postgres: Server, tmp_path: Path) -> None:
    name = postgres.blank()
    with pytest.raises(NoState, match="there is no state at"):
        opened(postgres.url(name), tmp_path, create=False)
    with postgres.connect(name) as admin:
        assert admin.execute("SELECT to_regnamespace('rostersync')").fetchall() == [(None,)]


# -- a server that is not there --------------------------------------------------------------------------------------


def test_a_server_that_is_down_is_tried_again_later(tmp_path: Path) -> None:
    with pytest.raises(StateUnavailable, match=r"cannot be reached .* --wait 5m") as refused:
        opened(f"postgresql://rostersync@/state?host={tmp_path}", tmp_path)
    assert code(refused.value) == 1


def test_a_run_may_wait_for_a_server_that_is_starting(postgres: Server, url: str, tmp_path: Path) -> None:
    postgres.stop()
    child = waiting_child(url, tmp_path)
    time.sleep(0.5)
    postgres.start()
    assert child.communicate(timeout=60)[0] == "held\n"


CHILD = """
import sys, time
from pathlib import Path
from rostersync.store import open_store
from rostersync.store.address import Access
from rostersync.store.lease import lease

base, access = Path(sys.argv[2]), Access(directory=Path(sys.argv[2]))
with lease(sys.argv[1], base, 30, "rostersync sync", access=access) as held:
    print("held", flush=True)
    with open_store(sys.argv[1], "a secret of the tests that is long enough", base=base, access=access, lease=held) as store:
        for number in range(int(sys.argv[3])):
            store.remember("counted", str(number))
            print(number, flush=True)
"""


def waiting_child(url: str, base: Path, steps: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, url, str(base), str(steps)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_a_server_restarted_under_load_loses_nothing_that_was_committed(
    postgres: Server, url: str, tmp_path: Path, how: signal.Signals
) -> None:
    child = waiting_child(url, tmp_path, 100_000)
    assert child.stdout is not None
    while child.stdout.readline() != "20\n":
        pass
    postgres.restart(how)
    told, err = child.communicate(timeout=60)
    assert "StateUnavailable" in err
    last = max(int(line) for line in told.split() or ["20"])
    with held(url, tmp_path) as again, opened(url, tmp_path, again) as store:
        # A commit whose answer was lost may have been made; one that was answered is there.
        assert int(store.recall("counted")) in (last, last + 1)


def and_then(store: Store, step: Callable[[], None]) -> None:
    """One write, and what follows when it is durable."""
    with store.begin() as transaction:
        transaction.after_commit(step)
        store.remember("kept", "after")


def half_way(store: Store, meanwhile: Callable[[], None]) -> None:
    """One step of two writes, and what happens between them."""
    with store.begin():
        store.remember("kept", "after")
        meanwhile()
        store.remember("kept", "never")


# -- a connection that is lost -----------------------------------------------------------------------------------------


def test_a_connection_lost_in_the_middle_of_a_step_undoes_the_step(postgres: Server, url: str, tmp_path: Path) -> None:
    with held(url, tmp_path) as mine, opened(url, tmp_path, mine) as store:
        store.remember("kept", "before")
        with pytest.raises(StateUnavailable, match="nothing of the step under way was written") as lost:
            half_way(store, lambda: kill_backends(postgres, "rostersync sync"))
        assert not lost.value.uncertain
        assert code(lost.value) == 1
        with pytest.raises(StateUnavailable):  # and nothing connects again behind our back
            store.remember("kept", "never")
    with opened(url, tmp_path) as store:
        assert store.recall("kept") == "before"


@pytest.mark.parametrize("arrives", [True, False])
def test_a_commit_without_an_answer_is_uncertain_and_what_follows_it_is_not_done(
    postgres: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrives: bool
) -> None:
    """The connection is cut either after the commit or just before it: from here the two look alike."""
    commit = PostgresDatabase.end_with_commit

    def cut(self: PostgresDatabase) -> None:
        if arrives:
            commit(self)
        kill_backends(postgres, "rostersync sync")
        commit(self)

    with held(url, tmp_path) as mine, opened(url, tmp_path, mine) as store:
        followed: list[str] = []
        monkeypatch.setattr(PostgresDatabase, "end_with_commit", cut)
        with pytest.raises(StateUnavailable, match="nobody knows whether it was") as lost:
            and_then(store, lambda: followed.append("done"))
        assert lost.value.uncertain
        assert followed == []
        monkeypatch.undo()
    with opened(url, tmp_path) as store:
        assert store.recall("kept") == ("after" if arrives else "")


def test_rows_on_their_way_when_the_connection_is_lost_are_told_of_alike(
    postgres: Server, url: str, tmp_path: Path
) -> None:
    with held(url, tmp_path) as mine, opened(url, tmp_path, mine) as store:
        store.runs.start("run-1", "oslo", "sync", NOW)

        def lines() -> Iterator[Line]:
            for number in range(20_000):
                if number == 12_000:
                    kill_backends(postgres, "rostersync sync")
                yield Line("lms", f"{number:032x}", "person", "create", "cleared", "")

        with pytest.raises(StateUnavailable):
            store.runs.record("run-1", lines())
    with opened(url, tmp_path) as store:
        assert store.runs.outcomes("run-1") == []


def test_a_backend_that_is_killed_takes_the_others_along_and_nothing_is_lost(
    postgres: Server, url: str, tmp_path: Path
) -> None:
    with held(url, tmp_path) as mine, opened(url, tmp_path, mine) as store:
        store.remember("kept", "before")
        kill_backends(postgres, "rostersync sync", "kill")
        with pytest.raises(StateUnavailable):
            store.remember("kept", "after")
    with held(url, tmp_path, 30) as mine, opened(url, tmp_path, mine) as store:
        assert store.recall("kept") == "before"


# -- lease and fence ---------------------------------------------------------------------------------------------------


def test_a_second_run_is_told_who_holds_the_state_and_what_to_do(url: str, tmp_path: Path) -> None:
    told = rf"in use by rostersync sync \(process {os.getpid()} on .*\) since 20\d\d-.*--wait"
    with held(url, tmp_path), pytest.raises(StateBusy, match=told), held(url, tmp_path, who="rostersync plan"):
        pytest.fail("held twice")


def test_schemas_of_one_database_are_free_of_each_other(url: str, tmp_path: Path) -> None:
    with held(url, tmp_path), lease(url, tmp_path, 0, "rostersync sync", access=Access("bergen")):
        pass


def test_a_killed_process_leaves_the_state_free(url: str, tmp_path: Path) -> None:
    child = waiting_child(url, tmp_path, 100_000)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with pytest.raises(StateBusy), held(url, tmp_path):
        pytest.fail("held twice")
    child.kill()
    child.communicate()
    with held(url, tmp_path, 10):
        pass


def test_a_waiting_run_goes_on_when_the_holder_ends(url: str, tmp_path: Path) -> None:
    child = waiting_child(url, tmp_path, 300)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    with held(url, tmp_path, 60):
        assert child.wait(timeout=10) == 0
    child.communicate()


def test_a_run_that_lost_its_lease_cannot_commit(url: str, tmp_path: Path) -> None:
    """As when a pooler, or a server that was cut off and came back, gives one session's lock to another."""
    with held(url, tmp_path) as mine, opened(url, tmp_path, mine) as store:
        store.remember("kept", "before")
        mine.connection.exec_driver_sql("SELECT pg_advisory_unlock_all()")
        with held(url, tmp_path, who="rostersync plan") as theirs, opened(url, tmp_path, theirs) as other:
            with pytest.raises(LeaseLost, match="another run has taken over the state") as lost:
                store.remember("kept", "from the dead")
            assert code(lost.value) == 1
            other.remember("kept", "after")
            assert store.recall("kept") == "after"


def test_a_daemon_and_a_run_on_one_state_exclude_each_other(url: str, tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from rostersync.credentials import Secret
    from rostersync.daemon import state as daemon
    from rostersync.state_settings import StateSettings

    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    secret = Secret("file", str(tmp_path / "secret"), "rostersync.toml:3")
    settings = StateSettings(url, secret, rehearsal=False, base=tmp_path)
    clock = lambda: datetime.now(UTC)  # noqa: E731 - as the daemon is given it
    with daemon.held(settings, 0, "the daemon, running oslo; to queue behind it: ...", clock) as store:
        store.remember("kept", "by the daemon")
        with pytest.raises(StateBusy, match=r"in use by the daemon, running oslo \(process"), held(url, tmp_path):
            pytest.fail("held twice")
        with pytest.raises(StateBusy), daemon.held(settings, 0, "another daemon", clock):
            pytest.fail("two daemons")
    with daemon.looking(settings) as store:
        assert store.recall("kept") == "by the daemon"


def test_two_writers_stand_in_line_and_one_who_waits_too_long_is_told(
    postgres: Server, url: str, state_file: Path, tmp_path: Path
) -> None:
    other = database(state_file)
    other.conn.exec_driver_sql("SET lock_timeout = '50ms'")
    with opened(url, tmp_path) as store, store.begin():
        store.remember("first", "x")
        with pytest.raises(StateBusy, match="another program is writing"), other.begin():
            pytest.fail("two write at once")
    with other.begin():
        pass
    other.close()


def test_nothing_is_written_outside_a_transaction(state_file: Path) -> None:
    opened = database(state_file)
    with pytest.raises(Exception, match="read-only transaction"):
        opened.conn.exec_driver_sql("DELETE FROM meta")
    opened.close()


def test_a_failed_transaction_is_never_taken_for_a_committed_one(state_file: Path) -> None:
    opened = database(state_file)
    with pytest.raises(RuntimeError, match="had failed"), opened.begin(), pytest.raises(psycopg.Error):
        opened._driver.execute("SELECT 1 / 0")  # type: ignore[attr-defined]
    opened.close()


# -- what the planner knows --------------------------------------------------------------------------------------------


def counted(url: str) -> dict[str, int]:
    """Table -> how many rows PostgreSQL's planner takes it to have; autovacuum is off here."""
    query = (
        "SELECT relname, reltuples::int FROM pg_class WHERE relkind = 'r' AND relnamespace = 'rostersync'::regnamespace"
    )
    with psycopg.connect(url) as conn:
        return dict(conn.execute(query).fetchall())


def test_after_a_first_load_the_planner_knows_how_much_there_is(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        take_in(store, [school(), klass(), *(person(f"p{n}") for n in range(40)), members("8a", "p1", "p2")])
    rows = counted(url)
    assert rows["link"] == rows["person"] == rows["dirty"] == 40
    assert (rows["group"], rows["tie"], rows["claim"]) == (2, 2, 43)


def times_counted(url: str) -> int:
    """How often the claims of a state were counted."""
    query = "SELECT analyze_count FROM pg_stat_user_tables WHERE schemaname = 'rostersync' AND relname = 'claim'"
    with psycopg.connect(url) as conn:
        return int(conn.execute(query).fetchall()[0][0])


def test_while_a_first_load_goes_on_its_claims_are_counted_as_they_double(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        before = times_counted(url)
        take_in(store, [school(), *(klass(f"class {n}") for n in range(2 * BATCH))])
    assert times_counted(url) - before == 3, "at 5,000, at 10,000, and at the end"


def test_few_ties_are_replaced_without_going_through_all(url: str, tmp_path: Path) -> None:
    with opened(url, tmp_path) as store:
        take_in(store, [school(), klass(), *(person(f"p{n}") for n in range(400)), members("8a", "p1")])
        gone = [(1, number) for number in range(20)]
        with store.begin():
            database = store._database
            database.insert_many(
                tie, TIE_COLUMNS, [(1, 1, 1, n, "x", None, None, False, "", True) for n in range(4_000)]
            )
            database.sized(tie)
            assert database.delete_many(tie, ("claim_no", "person_key"), gone) == 20
            staged = database.conn.exec_driver_sql(
                "SELECT max(reltuples) FROM pg_class WHERE starts_with(relname, 'came_')"
            )
            assert staged.scalar() == 20
