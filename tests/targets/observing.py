"""What every target that can be read back must do besides: it shows what was delivered, and every difference from that."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from rostersync.drift import compare
from rostersync.model import Delivery, Finding, Membership, What
from rostersync.targets import Target
from rostersync.targets.observing import Observing, observing
from tests.targets.contract import (
    ALL_PUPILS,
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    SCHOOL,
    SCHOOL_OPENS,
    SUSPENDED,
    TEACHER,
    TargetContract,
    beside,
    made,
    moved,
    roster_of,
)


class ObservingContract(TargetContract):
    """The stories of a target that is read back, beside all others.

    `disabled`: what is found of a user who may log in no more; `linked`: on whose side a link is shown, if at all.
    """

    disabled: What = "disabled"
    linked = "pupil"

    def differs(self, target: Target, *should: Delivery) -> list[Finding]:
        """What is found when the LMS should hold what these deliveries say."""
        reader, roster = observing(target), list(roster_of(should)())
        if reader.walk and reader.walk.near:
            roster = beside(roster)
        shown = reader.observed() if reader.walk is None else reader.holds(roster)
        return sorted(compare(reader.expected(roster), shown))

    def test_it_can_be_read_back(self, target: Target) -> None:
        assert isinstance(target, Observing)
        assert target.lists or target.walk

    def test_what_was_delivered_reads_back_as_it_should(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY, moved(LINKED, SUSPENDED, phase=5))
        assert self.differs(target, *self.past) == []
        self.deliver(target, moved(SUSPENDED, LINKED))
        assert self.differs(target, *self.past) == []

    def test_an_adopted_user_reads_back_under_her_own_key(self, target: Target) -> None:
        self.adoptable(target, "lms-7", "lms-8")
        self.deliver(target, *SCHOOL_OPENS, made(GUARDIAN, target_key="lms-7"), made(LINKED, target_key="lms-8"))
        assert self.differs(target, *self.past) == []

    def test_what_is_not_there_is_found_lost(self, target: Target) -> None:
        self.deliver(target, made(OWNER), made(SCHOOL), made(ALL_PUPILS), made(GUARDIAN))
        found = self.differs(target, *self.past, made(CLASS), made(TEACHER))
        assert [one.key for one in found if one.what == "lost"] == ["class", "teacher"]

    def test_every_change_is_found_and_named(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY)
        renamed, elsewhere = (
            replace(CLASS, name="8B", title="Klasse 8B"),
            replace(TEACHER, family_name="Dal", memberships=()),
        )
        widowed = replace(LINKED, guardians=())
        found = self.differs(target, *self.past, made(renamed), made(elsewhere), made(widowed))
        assert {one.what for one in found} == {"changed"}
        assert {(one.object_kind, one.key) for one in found} >= {
            ("group", "class"),
            ("user", self.linked or "teacher"),
            ("user", "teacher"),
        }
        assert [len(one.aspects) for one in found if one.key == "teacher"] == [2]

    def test_who_was_disabled_by_hand_is_found(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY, moved(TEACHER, replace(TEACHER, enabled=False, memberships=())))
        assert [(one.key, one.what) for one in self.differs(target, *EVERYBODY)] == [("teacher", self.disabled)]

    def test_no_finding_has_a_value_in_it(self, target: Target) -> None:
        self.deliver(target, *EVERYBODY)
        other = replace(LINKED, given_name="Aase", fields=(("login", "aase"), ("national_number", "05810890132")))
        told = repr(self.differs(target, *self.past, made(replace(other, memberships=(Membership("class", "pupil"),)))))
        assert [one for one in ("Åse", "Aase", "aase", "0581", "Lie") if one in told] == []

    def test_reading_back_leaves_everything_as_it_is(self, target: Target, place: Path) -> None:
        self.deliver(target, *EVERYBODY)
        before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
        self.differs(target, *self.past)
        assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
