"""Surroundings for plans: a context, what is wanted of a person, and random worlds for the properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from hashlib import blake2b
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.drafting import Context, draft_person
from rostersync.model import Change, Desired, Draft, Gone, Held, Known, Life, Role, User
from rostersync.schoolyear import Calendar, DepartedPolicy
from rostersync.settling import Settlement
from tests.line.builders import TODAY, known, user

SUMMER = Calendar(add_only=(((6, 15), (9, 1)),))
IN_SUMMER = date(2026, 7, 10)
POLICIES = {
    "pupil": DepartedPolicy(suspend_after=30),
    "staff": DepartedPolicy(suspend_after=60),
    "guardian": DepartedPolicy(suspend_after=30),
}
GROUPS = {"8a": "north", "8b": "north", "8c": "south", "math": "south", "club": ""}
"""Group -> school; the club belongs to none."""


def value_digest(value: Held) -> str:
    """What the store would answer, without its key."""
    return blake2b(msgspec.msgpack.encode(value, order="deterministic"), digest_size=16).hexdigest()


def context(**changes: Any) -> Context:
    """A Monday in November; every group stands and is known, and so is every guardian."""
    plain = Context(
        on=TODAY,
        calendar=SUMMER,
        policies=POLICIES,
        digest=value_digest,
        group_school=GROUPS,
        standing_groups=frozenset(GROUPS),
        new_groups=frozenset(),
        known_users=frozenset(("mother", "father")),
    )
    return replace(plain, **changes)


def wanted(*users: User, **changes: Any) -> Desired:
    """A person whom a source has."""
    return Desired("person", users, **changes)


def missing(user_id: str = "user", reason: str = "absent", **changes: Any) -> Desired:
    """A person whom no source has: merely absent unless something else is said."""
    return Desired("person", gone=(Gone(user_id, "school", reason, **{"keeps_ties": reason == "absent", **changes}),))


def draft_of(desired: Desired, *there: Known, **changes: Any) -> Draft | None:
    """The draft of a person who has at most one user that changes."""
    drafts = draft_person(desired, {one.id: one for one in there}, context(**changes))
    assert len(drafts) <= 1
    return drafts[0] if drafts else None


def steps(draft: Draft | None) -> list[str]:
    """A draft's changes as text: `membership.end 8a pupil`."""
    return [f"{one.kind}.{one.action} {one.part}".strip() for one in draft.changes] if draft else []


def only(draft: Draft | None, step: str) -> Change:
    """The one change of a draft with that kind and action."""
    assert draft is not None
    (found,) = (change for change in draft.changes if f"{change.kind}.{change.action}" == step)
    return found


class Nothing:
    """A verdict that holds nothing."""

    def holds(self, change: Change) -> bool:
        return False


class Everything:
    """A verdict that holds all that may be held."""

    def holds(self, change: Change) -> bool:
        return not change.revocation


class Holds:
    """A verdict that holds the named kinds and actions, and like the guard never a revocation."""

    def __init__(self, *named: str) -> None:
        self.named = named

    def holds(self, change: Change) -> bool:
        return f"{change.kind}.{change.action}" in self.named and not change.revocation


def moved(there: Mapping[str, Known], draft: Draft, settlement: Settlement) -> dict[str, Known]:
    """What the target holds after every delivery of a settlement has arrived."""
    after = dict(there)
    if settlement.life and draft.before:
        after[draft.id] = replace(after[draft.id], life=settlement.life)
    for delivery in settlement.deliveries:
        if delivery.after is None:
            del after[draft.id]
        else:
            after[draft.id] = Known(
                delivery.object_kind,
                delivery.id,
                delivery.after,
                value_digest(delivery.after),
                delivery.life,
                delivery.target_key,
            )
    return after


# -- random worlds --------------------------------------------------------------------------------------------------

_ROLES: tuple[Role, ...] = ("pupil", "staff", "school_leader")
_GUARDIANS = ("father", "mother", "stranger")


def subsets(of: Iterable[str]) -> st.SearchStrategy[tuple[str, ...]]:
    """Any part of a few words, in order."""
    words = sorted(of)
    parts = [tuple(word for n, word in enumerate(words) if mask >> n & 1) for mask in range(1 << len(words))]
    return st.sampled_from(parts)


def users(user_id: str) -> st.SearchStrategy[User]:
    """A user with random ties; two draws of one user differ in some of her values."""

    def made(role: Role, groups: tuple[str, ...], schools: tuple[str, ...], **values: Any) -> User:
        return user(user_id, role, groups=groups, schools=schools, **values)

    return st.builds(
        made,
        role=st.sampled_from(_ROLES),
        groups=subsets(GROUPS),
        schools=subsets(("north", "south")),
        given_name=st.sampled_from(("Kari", "Ola")),
        fields=st.sampled_from(((), (("email", "kari@home.example"),), (("login", "kari"),))),
        guardians=subsets(_GUARDIANS),
    )


def _days(least: int, most: int) -> st.SearchStrategy[date]:
    return st.integers(least, most).map(lambda days: TODAY - timedelta(days=days))


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """A life that may have come about: active, departed or suspended some time ago, held or not."""
    state = draw(st.sampled_from(("active", "active", "active", "departed", "suspended")))
    if state == "active":
        return Life(hold=draw(st.sampled_from(("", "", "", "a case is open"))))
    departed = draw(_days(5, 90))
    return Life(
        state,
        reason=draw(st.sampled_from(("absent", "left: moved away", "restricted", "protected"))),
        departed_on=departed,
        suspended_on=draw(_days(0, 5)) if state == "suspended" else None,
        extended_to=draw(st.none() | st.just(TODAY + timedelta(days=3))),
        hold=draw(st.sampled_from(("", "", "a case is open"))),
    )


@st.composite
def knowns(draw: st.DrawFn, user_id: str) -> Known | None:
    """What a target may hold of a user; a suspended one is empty. Sometimes a delivery was cut off."""
    if draw(st.integers(0, 4)) == 0:
        return None
    value, life = draw(users(user_id)), draw(lives())
    if life.state == "suspended":
        value = replace(value, enabled=False, memberships=(), guardians=())
    digest = draw(st.sampled_from(("", value_digest(value), value_digest(value))))
    return replace(known(value, life, digest), target_key=f"lms-{user_id}")


@st.composite
def desires(draw: st.DrawFn, user_id: str) -> Desired:
    """What may be wanted of a person with one user: she is there, gone in some manner, or pinned."""
    lapsed = draw(subsets(("8a", "math", "mother")))
    kind = draw(st.sampled_from(("there", "there", "gone", "gone", "protected", "pinned")))
    if kind == "there":
        return Desired(user_id, (draw(users(user_id)),), lapsed=lapsed)
    if kind == "pinned":
        return Desired(user_id, pinned=True)
    keeps = draw(st.booleans())
    going = Gone(
        user_id,
        "school",
        "protected" if kind == "protected" else "absent" if keeps else "left: moved away",
        keeps_ties=keeps,
        at_once=kind == "protected",
        revoked=draw(subsets(_GUARDIANS)),
        by_date=draw(st.booleans()),
    )
    return Desired(user_id, gone=(going,), lapsed=lapsed)


@st.composite
def contexts(draw: st.DrawFn, **changes: Any) -> Context:
    """A day in mid-year with some groups ended; sometimes no days of grace."""
    grace = draw(st.sampled_from((0, 30)))
    return context(
        standing_groups=frozenset(draw(subsets(GROUPS))),
        policies=dict.fromkeys(POLICIES, DepartedPolicy(suspend_after=grace)),
        **changes,
    )


PERSONS = ("anna", "bo")


@st.composite
def persons(draw: st.DrawFn) -> list[tuple[Desired, dict[str, Known]]]:
    """Two people as a source and a target have them."""
    there = []
    for name in PERSONS:
        held = draw(knowns(name))
        there.append((draw(desires(name)), {name: held} if held else {}))
    return there
