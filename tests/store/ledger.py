"""Builders for the tests of what goes out: a state with persons, and users, groups and deliveries at two schools."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import sqlalchemy as sa
from msgspec import msgpack
from msgspec.structs import replace

from rostersync.model import (
    Action,
    Change,
    Delivery,
    Face,
    Group,
    Held,
    Life,
    Membership,
    ObjectKind,
    Organisation,
    Outcome,
    SchoolRole,
    User,
)
from rostersync.store.engine import Database
from rostersync.store.outbox import Outbox
from rostersync.store.runs import Runs
from rostersync.store.tables import metadata, person, run
from tests.states import database

LMS = "lms"
NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


def named(word: str) -> str:
    """An id (32 hexadecimal digits) that is always the same for one word."""
    return sha256(word.encode()).hexdigest()[:32]


def open_database(path: Path, persons: Iterable[str] = ()) -> Database:
    """The state at `path`, made when it is missing, with these persons in it."""
    opened = database(path)
    with opened.begin():
        if not opened.table_names():
            metadata.create_all(opened.conn)
        if not opened.conn.execute(sa.select(run.c.id)).first():
            add_persons(opened, persons)
            Runs(opened).start("run-1", "oslo", "sync", NOW)
    return opened


def add_persons(database: Database, ids: Iterable[str]) -> None:
    """Persons with these ids, each with a data key of her own."""
    wrap, new = database.keyring.wrap, database.keyring.new_data_key
    with database.begin():
        database.insert_many(person, ("id", "data_key", "founded_run"), ((one, wrap(new()), "run-1") for one in ids))


def value_digest(value: Held) -> str:
    """A digest as the store's own: the same for equal values."""
    return sha256(msgpack.encode(value)).hexdigest()[:32]


NORTH, SOUTH = named("school north"), named("school south")
CLASS_1A, CLASS_1B, CLASS_2A = named("1A"), named("1B"), named("2A")
KARI, OLA, ANNE = named("kari"), named("ola"), named("anne")
"""Kari and Ola are pupils; Anne is Kari's mother."""


def school(id_: str = NORTH, name: str = "Nordskogen skole") -> Organisation:
    return Organisation(id_, "school", name)


def group(id_: str = CLASS_1A, at: str = NORTH, name: str = "1A") -> Group:
    return Group(id_, "base_class", name, name, at)


def user(
    of: str = KARI, *, face: Face = "school", schools: Iterable[str] = (NORTH,), groups: Iterable[str] = (CLASS_1A,)
) -> User:
    return User(
        id=named(f"user {of} {face}"),
        person=of,
        face=face,
        role="pupil" if face == "school" else "guardian",
        given_name="Kari Anne",
        family_name="Bjørnstad",
        fields=(("email", "kari.anne@skole.example"),),
        schools=tuple(SchoolRole(at, "pupil") for at in schools),
        memberships=tuple(sorted(Membership(one, "pupil") for one in groups)),
    )


def followed_by(pupil: User, *guardians: User) -> User:
    """The pupil with these guardians on her row."""
    return replace(pupil, guardians=tuple(sorted(one.id for one in guardians)))


PHASE = {Organisation: 1, Group: 2, User: 3}
KIND: dict[type, ObjectKind] = {Organisation: "organisation", Group: "group", User: "user"}


def delivery(
    after: Held | None,
    before: Held | None = None,
    *,
    phase: int | None = None,
    life: Life | None = None,
    target_key: str = "",
) -> Delivery:
    """One delivery, with a change that fits it."""
    value = after or before
    assert value is not None
    kind = KIND[type(value)]
    action: Action = "remove" if after is None else "update" if before else "create"
    change = Change(
        "person" if kind == "user" else kind, action, value.id, "for the test", scopes=(NORTH,), new="ab" * 16
    )
    chosen = PHASE[type(value)] if phase is None else phase
    return Delivery(kind, value.id, chosen, before, after, life or Life(), (change,), target_key)


def arrived(*deliveries: Delivery, target_key: str = "") -> list[Outcome]:
    return [Outcome(one.id, one.phase, delivered=True, target_key=target_key) for one in deliveries]


def failed(*deliveries: Delivery, reason: str = "the LMS said no") -> list[Outcome]:
    return [Outcome(one.id, one.phase, delivered=False, reason=reason) for one in deliveries]


def deliver_all(outbox: Outbox, *deliveries: Delivery, target: str = LMS) -> None:
    """Put, hand out and settle, as a run without trouble does."""
    outbox.put(target, "run-1", deliveries)
    outbox.mark_sent(target)
    outbox.done(target, arrived(*deliveries), value_digest)
