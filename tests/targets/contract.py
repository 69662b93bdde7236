"""What every target must do, as one class that each target's tests inherit, and the little world that its stories need.

A subclass says how its target is made (`make`) and how to look into it (`seen`); the stories are told here once.
"""

from __future__ import annotations

import resource
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetUnavailable
from rostersync.model import (
    Action,
    Change,
    Delivery,
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
from rostersync.targets import Placed, Target

Roster = Callable[[], Iterator[Placed]]

# -- a small school ---------------------------------------------------------------------------------------------------

OWNER = Organisation("owner", "owner", "Måne kommune", "958935420")
SCHOOL = Organisation("school", "school", "Måne skole", "974589230", parent="owner")
CLASS = Group("class", "base_class", "8A", "Klasse 8A", "school", date(2026, 8, 17), date(2027, 6, 18))
ALL_PUPILS = Group("pupils", "all_pupils", "Alle elever", "Alle elever", "school")
GUARDIAN = User("guardian", "p-1", "guardian", "guardian", "Kari", "Lie", schools=(SchoolRole("school", "guardian"),))
PUPIL = User(
    "pupil",
    "p-2",
    "school",
    "pupil",
    "Åse",
    "Lie",
    fields=(("login", "ase"), ("national_number", "05810890051")),
    schools=(SchoolRole("school", "pupil"),),
    memberships=(Membership("class", "pupil"), Membership("pupils", "pupil")),
)
LINKED = replace(PUPIL, guardians=("guardian",))
SUSPENDED = replace(PUPIL, enabled=False, memberships=())
TEACHER = User(
    "teacher",
    "p-3",
    "school",
    "staff",
    "Øyvind",
    "Dahl",
    schools=(SchoolRole("school", "staff"),),
    memberships=(Membership("class", "staff"),),
)


def made(value: Held, *, target_key: str = "") -> Delivery:
    """The delivery that creates something."""
    return _delivery(value, "create", None, value, {"organisation": 1, "group": 2, "user": 3}, target_key)


def moved(before: Held, after: Held, *, phase: int = 3, target_key: str = "") -> Delivery:
    """The delivery that brings something from one state to the next."""
    phases: dict[ObjectKind, int] = {"organisation": phase, "group": phase, "user": phase}
    return _delivery(before, "update", before, after, phases, target_key)


def removed(before: Held, *, target_key: str = "") -> Delivery:
    """The delivery that removes something for good."""
    return _delivery(before, "remove", before, None, {"organisation": 6, "group": 6, "user": 7}, target_key)


def _delivery(
    value: Held, action: Action, before: Held | None, after: Held | None, phases: dict[ObjectKind, int], target_key: str
) -> Delivery:
    object_kind: ObjectKind = (
        "organisation" if isinstance(value, Organisation) else "group" if isinstance(value, Group) else "user"
    )
    change = Change("person" if object_kind == "user" else object_kind, action, value.id, "because of a test")
    return Delivery(object_kind, value.id, phases[object_kind], before, after, Life(), (change,), target_key)


SCHOOL_OPENS = (made(OWNER), made(SCHOOL), made(CLASS), made(ALL_PUPILS))
EVERYBODY = (*SCHOOL_OPENS, made(GUARDIAN), made(PUPIL), made(TEACHER), moved(PUPIL, LINKED, phase=4))


def roster_of(deliveries: Iterable[Delivery]) -> Roster:
    """What a target should hold after these deliveries, as the store would tell it."""
    held: dict[ObjectKind, dict[str, Placed]] = {"organisation": {}, "group": {}, "user": {}}
    for delivery in deliveries:
        if delivery.after is None:
            held[delivery.object_kind].pop(delivery.id, None)
        else:
            held[delivery.object_kind][delivery.id] = Placed(delivery.after, delivery.target_key)
    return lambda: (placed for kind in held.values() for _, placed in sorted(kind.items()))


def with_near(deliveries: Iterable[Delivery], roster: Roster) -> list[Delivery]:
    """These deliveries with what each refers to, as the store would tell a target that looks around."""
    held = {placed.value.id: placed for placed in roster()}
    return [replace(one, near=tuple(held[id_] for id_ in sorted(_near(one, held)))) for one in deliveries]


def beside(roster: Iterable[Placed]) -> list[Placed]:
    """These things with what is near each, as the store would tell a target that looks around and is read back."""
    held = list(roster)
    near = with_near([made(one.value, target_key=one.target_key) for one in held], lambda: iter(held))
    return [replace(one, near=told.near) for one, told in zip(held, near, strict=True)]


def _near(delivery: Delivery, held: dict[str, Placed]) -> set[str]:
    ids: set[str] = set()
    for value in (delivery.before, delivery.after):
        if isinstance(value, Group):
            ids.add(value.school)
        elif isinstance(value, User):
            ids |= {at.school for at in value.schools} | {tie.group for tie in value.memberships} | {*value.guardians}
    following = {delivery.id, *ids}
    ids |= {id_ for id_, one in held.items() if isinstance(one.value, User) and following & {*one.value.guardians}}
    return ids & held.keys()


def deliver(target: Target, *deliveries: Delivery) -> list[Outcome]:
    """Deliver to a target that looks neither at a roster nor around."""
    return list(target.deliver(iter(deliveries), lambda: iter(())))


def refused(outcomes: Iterable[Outcome]) -> dict[str, str]:
    """Id -> why it was not delivered."""
    return {one.id: one.reason for one in outcomes if not one.delivered}


@contextmanager
def no_room(beyond: int = 0) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a full disk; it binds root too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (beyond, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# -- the contract -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SeenUser:
    """A user as found in the LMS. `agents` are the keys of her guardians and wards."""

    enabled: bool
    given_name: str
    classes: frozenset[str]
    agents: frozenset[str]


@dataclass(frozen=True)
class Seen:
    """What is found in the LMS, by its own keys."""

    organisations: frozenset[str]
    groups: frozenset[str]
    users: dict[str, SeenUser]


class TargetContract(ABC):
    """The stories. `past` is everything delivered so far, since a whole-set target is told all of it every time."""

    past: list[Delivery]
    excuse = r"room.*run the sync again"

    @abstractmethod
    def make(self, place: Path) -> Target:
        """A target that keeps what it holds in a folder of its own."""

    @abstractmethod
    def seen(self, target: Target, place: Path) -> Seen:
        """What the LMS holds, looked at from outside."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        self.past = []
        (tmp_path / "lms").mkdir(mode=0o700)
        return tmp_path / "lms"

    @pytest.fixture
    def target(self, place: Path) -> Target:
        return self.make(place)

    def deliver(self, target: Target, *deliveries: Delivery) -> list[Outcome]:
        self.past += deliveries
        roster = roster_of(self.past)
        told = with_near(deliveries, roster) if target.looks_around else deliveries
        return list(target.deliver(iter(told), roster))

    def test_what_is_delivered_is_there(self, target: Target, place: Path) -> None:
        outcomes = self.deliver(target, *EVERYBODY)
        seen = self.seen(target, place)
        assert all(outcome.delivered for outcome in outcomes)
        assert seen.organisations == {"owner", "school"}
        assert seen.groups == {"class", "pupils"}
        assert set(seen.users) == {"guardian", "pupil", "teacher"}
        assert seen.users["pupil"] == SeenUser(True, "Åse", frozenset({"class", "pupils"}), frozenset({"guardian"}))

    def test_an_update_changes_what_is_there(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        moved_class = replace(LINKED, given_name="Åse Marie", memberships=(Membership("pupils", "pupil"),))
        self.deliver(target, moved(LINKED, moved_class))
        pupil = self.seen(target, place).users["pupil"]
        assert pupil.given_name == "Åse Marie"
        assert pupil.classes == {"pupils"}

    def test_delivering_twice_is_harmless(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        once = self.seen(target, place)
        outcomes = self.deliver(target, *EVERYBODY)
        assert all(outcome.delivered for outcome in outcomes)
        assert self.seen(target, place) == once

    def test_every_delivery_gets_one_outcome_in_its_order(self, target: Target) -> None:
        outcomes = self.deliver(target, *EVERYBODY)
        assert [(outcome.id, outcome.phase) for outcome in outcomes] == [(one.id, one.phase) for one in EVERYBODY]

    def test_a_revocation_comes_before_what_is_created_in_the_same_run(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        sister = replace(LINKED, id="sister", person="p-4", fields=(("login", "siri"),))
        outcomes = self.deliver(target, moved(LINKED, PUPIL, phase=0), made(sister))
        seen = self.seen(target, place)
        assert [outcome.phase for outcome in outcomes] == [0, 3]
        assert seen.users["pupil"].agents == frozenset()
        assert seen.users["guardian"].agents == {"sister"}

    def test_no_deliveries_change_nothing(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        files = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
        self.past.append(removed(TEACHER))
        assert self.deliver(target) == []
        assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == files

    def test_a_suspended_user_stays_without_classes_and_links(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        self.deliver(target, moved(LINKED, SUSPENDED, phase=5))
        seen = self.seen(target, place)
        assert seen.users["pupil"] == SeenUser(False, "Åse", frozenset(), frozenset())
        assert seen.users["guardian"].agents == frozenset()

    def test_a_restored_user_comes_back_under_the_same_key(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        before = self.seen(target, place)
        self.deliver(target, moved(LINKED, SUSPENDED, phase=5))
        self.deliver(target, moved(SUSPENDED, LINKED))
        assert self.seen(target, place) == before

    def test_a_removed_user_is_gone_and_removing_again_is_harmless(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        for _ in range(2):
            outcomes = self.deliver(target, removed(TEACHER))
            assert [outcome.delivered for outcome in outcomes] == [True]
            assert set(self.seen(target, place).users) == {"guardian", "pupil"}

    def test_a_removed_group_is_gone(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        ends = [moved(user, replace(user, memberships=()), phase=5) for user in (LINKED, TEACHER)]
        self.deliver(target, *ends, removed(CLASS), removed(ALL_PUPILS))
        seen = self.seen(target, place)
        assert seen.groups == frozenset()
        assert set(seen.users) == {"guardian", "pupil", "teacher"}

    def test_a_guardianship_is_seen_from_both_sides(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        users = self.seen(target, place).users
        assert users["pupil"].agents == {"guardian"}
        assert users["guardian"].agents == {"pupil"}
        assert users["teacher"].agents == frozenset()

    def test_an_adopted_user_keeps_the_key_the_lms_gave(self, target: Target, place: Path) -> None:
        self.adoptable(target, "lms-7", "lms-8")
        self.deliver(target, *SCHOOL_OPENS, made(GUARDIAN, target_key="lms-7"), made(TEACHER))
        self.deliver(target, made(LINKED, target_key="lms-8"))
        users = self.seen(target, place).users
        assert set(users) == {"lms-7", "lms-8", "teacher"}
        assert users["lms-8"].agents == {"lms-7"}
        assert users["lms-7"].agents == {"lms-8"}
        assert users["lms-8"].classes == {"class", "pupils"}

    def adoptable(self, target: Target, *keys: str) -> None:  # noqa: B027 - most targets take any key
        """Let the LMS have users with these keys, where a target insists on them being there."""

    def test_an_empty_target_has_no_users(self, target: Target) -> None:
        assert list(target.existing()) == []

    def test_existing_users_are_listed_with_what_recognises_them(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY, moved(LINKED, SUSPENDED, phase=5))
        users = {user.target_key: user for user in target.existing()}
        assert set(users) == {"guardian", "pupil", "teacher"}
        assert (users["pupil"].national_number, users["pupil"].login) == ("05810890051", "ase")
        assert (users["pupil"].enabled, users["teacher"].enabled) == (False, True)

    def test_an_lms_that_takes_nothing_keeps_what_was_there_and_we_say_why(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        before = self.seen(target, place)
        with self.taking_nothing(), pytest.raises(TargetUnavailable, match=self.excuse):
            self.deliver(target, removed(TEACHER))
        assert self.seen(target, place) == before
        assert all(outcome.delivered for outcome in self.deliver(target, removed(TEACHER)))
        assert self.seen(target, place) != before

    def taking_nothing(self) -> AbstractContextManager[None]:
        """The LMS while nothing can be delivered, which `excuse` tells: on a full disk, where files are left for it."""
        return no_room()

    def test_what_was_delivered_is_there_after_a_restart(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        before = self.seen(target, place)
        target.close()
        later = self.make(place)
        later.sweep()
        assert self.seen(later, place) == before

    def test_a_target_in_good_order_has_nothing_to_complain_of(self, target: Target) -> None:
        assert target.check() == []
        self.deliver(target, *EVERYBODY)
        assert target.check() == []

    def test_it_says_how_much_it_takes_at_a_time(self, target: Target) -> None:
        assert 1 <= target.connections <= 8
        assert target.at_once >= 1

    def test_it_carries_every_kind_and_leaves_nothing_out(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY)
        assert not target.left_out
        assert target.supports == {"organisation", "group", "person", "membership", "guardianship"}
