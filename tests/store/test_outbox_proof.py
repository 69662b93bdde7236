"""What always holds of the outbox and known: compared with a dictionary, and under real kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.model import Held, User
from rostersync.store.engine import Database
from rostersync.store.known import Knowledge
from rostersync.store.outbox import Outbox
from rostersync.store.places import Places
from rostersync.store.tables import outbox as outbox_table
from tests.states import STATES, on_postgres
from tests.store.ledger import (
    CLASS_1A,
    CLASS_1B,
    LMS,
    NORTH,
    SOUTH,
    add_persons,
    arrived,
    deliver_all,
    delivery,
    failed,
    followed_by,
    group,
    named,
    open_database,
    user,
    value_digest,
)

# -- always -----------------------------------------------------------------------------------------------------------

PUPILS = [named(f"pupil {number}") for number in range(6)]
GROUPS = {CLASS_1A: NORTH, CLASS_1B: NORTH, named("2A"): SOUTH}

steps = st.tuples(
    st.sampled_from(PUPILS),
    st.one_of(
        st.none(),
        st.tuples(
            st.lists(st.sampled_from([NORTH, SOUTH]), unique=True, max_size=2),
            st.sets(st.sampled_from([*GROUPS, named("a group nobody delivered")])),
            st.sets(st.sampled_from(PUPILS)),
            st.booleans(),
        ),
    ),
    st.sampled_from(["arrives", "fails", "is never answered", "is never handed out"]),
)
Step = tuple[str, Any, str]


def _value(person: str, shape: Any) -> User | None:
    if shape is None:
        return None
    schools, groups, guardians, enabled = shape
    pupil = followed_by(
        user(person, schools=schools, groups=groups), *(user(one, face="guardian") for one in guardians)
    )
    return replace(pupil, enabled=enabled)


def _sizes(model: dict[str, tuple[User, str]]) -> dict[tuple[str, str], int]:
    """What the guard should be told, counted the slow way."""
    sizes: dict[tuple[str, str], int] = {}

    def count(kind: str, scopes: set[str], number: int = 1) -> None:
        for scope in scopes | {"*"} if number else ():
            sizes[kind, scope] = sizes.get((kind, scope), 0) + number

    for at in GROUPS.values():
        count("group", {at})
    for one, _ in model.values():
        own = {at.school for at in one.schools} or {""}
        count("person", own, int(one.enabled))
        count("guardianship", own, len(one.guardians))
        for tie in one.memberships:
            count("membership", {GROUPS.get(tie.group, "")})
    return sizes


def _doubted(before: User | None, after: Held | None) -> User:
    """What must be taken for known of whom no answer came: of an active user every tie that she had or was to get."""
    doubted = after or before
    assert isinstance(doubted, User)
    if before is None or after is None or not doubted.enabled:
        return doubted
    ties = {tie.group: tie for one in (before, doubted) for tie in one.memberships}
    guardians = {guardian for one in (before, doubted) for guardian in one.guardians}
    return replace(doubted, memberships=tuple(sorted(ties.values())), guardians=tuple(sorted(guardians)))


def _play(
    outbox: Outbox, knowledge: Knowledge, target: str, model: dict[str, tuple[User, str]], night: list[Step]
) -> None:
    """One night on the real store and on a dictionary: user id -> (value, digest)."""
    batch, fates = {}, {}
    for person, shape, fate in night:
        before, after = model.get(user(person).id, (None, ""))[0], _value(person, shape)
        if before or after:
            batch[user(person).id] = delivery(after, before)
            fates[user(person).id] = fate
    outbox.put(target, "run-1", batch.values())
    sent = [one for one in batch.values() if fates[one.id] != "is never handed out"]
    outbox.mark_sent(target, sent)
    answered = [one for one in sent if fates[one.id] != "is never answered"]
    told = [(arrived if fates[one.id] == "arrives" else failed)(one)[0] for one in answered]
    outbox.done(target, told, value_digest)
    outbox.recover(target)
    for one in sent:
        if fates[one.id] == "arrives":
            model.pop(one.id, None)
            if isinstance(one.after, User):
                model[one.id] = (one.after, value_digest(one.after))
        elif fates[one.id] == "is never answered":
            model[one.id] = (_doubted(model.get(one.id, (None, ""))[0], one.after), "")


@pytest.fixture
def nights(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "state.db", PUPILS)
    if not on_postgres():
        database.conn.exec_driver_sql(
            "PRAGMA synchronous = OFF"
        )  # thousands of commits, and nobody pulls the plug here
    yield database
    database.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(st.lists(steps, max_size=6), max_size=5), number=st.integers(0, 2**60))
def test_known_is_what_a_dictionary_would_be_whatever_arrives_or_fails(
    nights: Database, story: list[list[Step]], number: int
) -> None:
    target = f"target-{number}-{time.monotonic_ns()}"  # a target of its own is an empty store of its own
    outbox, knowledge = Outbox(nights), Knowledge(nights)
    model: dict[str, tuple[User, str]] = {}
    deliver_all(outbox, *(delivery(group(one, at)) for one, at in GROUPS.items()), target=target)
    for night in story:
        _play(outbox, knowledge, target, model, night)
        users = [(one.value, one.digest) for one in knowledge.objects(target, "user")]
        assert users == [model[id_] for id_ in sorted(model)]
        assert knowledge.sizes(target) == _sizes(model)
        assert [one.value for one in outbox.roster(target) if isinstance(one.value, User)] == [one for one, _ in users]


# -- real kills -------------------------------------------------------------------------------------------------------

CHILD = """
import sys
from pathlib import Path
from rostersync.store.outbox import Outbox
from rostersync.store.places import Places
from rostersync.store.tables import outbox as outbox_table
from tests.store.ledger import LMS, arrived, delivery, open_database, user, value_digest

database = open_database(Path(sys.argv[1]))
outbox = Outbox(database)
people = [row[0] for row in database.conn.exec_driver_sql("SELECT id FROM person ORDER BY id")]
outbox.put(LMS, "run-1", [delivery(user(one)) for one in people])
outbox.mark_sent(LMS, list(outbox.pending(LMS)))
print("delivering", flush=True)
for one in outbox.pending(LMS):
    outbox.done(LMS, arrived(one), value_digest)
print("finished", flush=True)
"""


def test_a_kill_between_handing_out_and_the_outcome_loses_nothing_and_doubts_the_rest(
    tmp_path: Path, kills: int
) -> None:
    people = [named(f"pupil {number}") for number in range(60)]
    for number in range(kills):
        path = tmp_path / f"{number}" / "state.db"
        path.parent.mkdir()
        open_database(path, people).close()
        _kill_while_delivering(path, 0.06 * number / kills)
        _look_after_a_kill(path, {user(one).id for one in people})


def _kill_while_delivering(path: Path, after_seconds: float) -> None:
    root = Path(__file__).parents[2]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=STATES.environment(path),
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == "delivering\n"
        time.sleep(after_seconds)
        os.kill(child.pid, signal.SIGKILL)


def _look_after_a_kill(path: Path, everybody: set[str]) -> None:
    database = open_database(path)
    outbox, knowledge = Outbox(database), Knowledge(database)
    settled = {one.id for one in knowledge.objects(LMS, "user")}
    under_way = {one.id for one in outbox.pending(LMS)}
    assert settled | under_way == everybody
    assert not settled & under_way  # known moved exactly where the row is gone
    assert outbox.recover(LMS) == len(under_way)
    assert {one.id for one in knowledge.objects(LMS, "user") if not one.digest} == under_way
    database.close()


# -- what it costs -----------------------------------------------------------------------------------------------------


def test_the_number_of_queries_does_not_grow_with_the_number_of_users(ledger: Database) -> None:
    outbox = Outbox(ledger)
    people = [named(f"pupil {number}") for number in range(400)]
    add_persons(ledger, people)
    everybody: list[Held] = [user(one) for one in people]
    statements: list[str] = []
    sa.event.listen(ledger.conn, "before_cursor_execute", lambda *args: statements.append(args[2]))
    outbox.put(LMS, "run-1", map(delivery, everybody))
    outbox.done(LMS, arrived(*map(delivery, everybody)), value_digest)
    list(outbox.roster(LMS))
    assert len(statements) < 40
    assert ledger.conn.execute(sa.select(sa.func.count()).select_from(outbox_table)).scalar() == 0
    assert Places(ledger, LMS).sizes()["person", NORTH] == 400
