"""The memory target: the contract, and the failures and deaths that tests ask of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.errors import TargetFaltering, TargetUnavailable, UserMistake
from rostersync.model import Group, Organisation, Outcome, User
from rostersync.targets import Existing, Placed, Target, make, settings_type, types
from rostersync.targets.memory import KILLED, MemoryTarget, Settings
from tests.targets.contract import (
    ALL_PUPILS,
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    PUPIL,
    SCHOOL,
    SCHOOL_OPENS,
    SUSPENDED,
    TEACHER,
    Seen,
    SeenUser,
    deliver,
    made,
    moved,
    no_room,
    refused,
    removed,
    roster_of,
)
from tests.targets.observing import ObservingContract


class TestMemoryTarget(ObservingContract):
    def make(self, place: Path) -> Target:
        return make("memory", "lms", Settings(path=place / "lms.jsonl"))

    def seen(self, target: Target, place: Path) -> Seen:
        assert isinstance(target, MemoryTarget)
        placed = target.snapshot()
        users = {one.target_key or one.value.id: one.value for one in placed if isinstance(one.value, User)}
        keys = {user.id: key for key, user in users.items()}
        agents: dict[str, set[str]] = {key: set() for key in users}
        for ward, user in users.items():
            for guardian in user.guardians:
                agents[ward].add(keys[guardian])
                agents[keys[guardian]].add(ward)
        return Seen(
            frozenset(one.value.id for one in placed if isinstance(one.value, Organisation)),
            frozenset(one.value.id for one in placed if isinstance(one.value, Group)),
            {
                key: SeenUser(
                    user.enabled,
                    user.given_name,
                    frozenset(tie.group for tie in user.memberships),
                    frozenset(agents[key]),
                )
                for key, user in users.items()
            },
        )

    def adoptable(self, target: Target, *keys: str) -> None:
        assert isinstance(target, MemoryTarget)
        for key in keys:
            target.seed(Existing(key))


class TestWalkedMemoryTarget(TestMemoryTarget):
    """One that tells what it holds a few things at a time."""

    def make(self, place: Path) -> Target:
        return make("memory", "lms", Settings(path=place / "lms.jsonl", walked=2))


def test_it_is_found_by_its_type() -> None:
    assert "memory" in types()
    assert settings_type("memory") is Settings


def test_without_a_path_nothing_is_written() -> None:
    target = MemoryTarget("lms", Settings())
    deliver(target, *EVERYBODY)
    assert target.check() == []
    assert len(target.snapshot()) == 7


def test_its_snapshot_is_the_roster() -> None:
    target = MemoryTarget("lms", Settings())
    deliver(target, *EVERYBODY)
    assert target.snapshot() == tuple(roster_of(EVERYBODY)())


# -- what it refuses --------------------------------------------------------------------------------------------------


def test_a_membership_in_a_group_it_does_not_hold_is_refused() -> None:
    target = MemoryTarget("lms", Settings())
    outcomes = deliver(target, made(OWNER), made(SCHOOL), made(ALL_PUPILS), made(PUPIL), made(GUARDIAN))
    assert list(refused(outcomes)) == ["pupil"]
    assert "deliver the group first" in refused(outcomes)["pupil"]
    assert [placed.value.id for placed in target.snapshot()] == ["owner", "school", "pupils", "guardian"]


def test_a_guardianship_to_a_user_it_does_not_hold_is_refused_and_changes_nothing() -> None:
    target = MemoryTarget("lms", Settings())
    outcomes = deliver(target, *SCHOOL_OPENS, made(PUPIL), moved(PUPIL, replace(LINKED, given_name="Ny")))
    assert "deliver the guardian first" in refused(outcomes)["pupil"]
    assert target.snapshot()[-1] == Placed(PUPIL)


def test_a_group_of_a_school_it_does_not_hold_is_refused() -> None:
    target = MemoryTarget("lms", Settings())
    outcomes = deliver(target, made(CLASS))
    assert "deliver the school first" in refused(outcomes)["class"]


def test_an_adopted_user_whom_it_never_had_is_refused() -> None:
    target = MemoryTarget("lms", Settings())
    outcomes = deliver(target, *SCHOOL_OPENS, made(GUARDIAN, target_key="lms-7"))
    assert "run adopt again" in refused(outcomes)["guardian"]


def test_an_adopted_user_can_be_updated_and_is_no_stranger_any_more() -> None:
    target = MemoryTarget("lms", Settings())
    target.seed(Existing("lms-7", "05810890051", "kari", enabled=False))
    target.seed(Existing("lms-9"))
    renamed = replace(GUARDIAN, given_name="Kari Anne")
    outcomes = deliver(
        target, made(SCHOOL), made(GUARDIAN, target_key="lms-7"), moved(GUARDIAN, renamed, target_key="lms-7")
    )
    assert refused(outcomes) == {}
    assert [outcome.target_key for outcome in outcomes] == ["", "lms-7", "lms-7"]
    assert target.snapshot()[-1] == Placed(renamed, "lms-7")
    assert [user.target_key for user in target.existing()] == ["lms-9", "lms-7"]


def test_with_a_group_go_its_memberships_and_with_a_user_her_links() -> None:
    target = MemoryTarget("lms", Settings())
    deliver(target, *EVERYBODY, removed(CLASS), removed(GUARDIAN))
    users = {placed.value.id: placed.value for placed in target.snapshot()}
    assert users["teacher"] == replace(TEACHER, memberships=())
    assert users["pupil"] == replace(PUPIL, memberships=PUPIL.memberships[1:])


# -- what it tells ----------------------------------------------------------------------------------------------------


def test_suspended_users_lie_in_the_trash_until_they_are_restored_or_removed() -> None:
    target = MemoryTarget("lms", Settings())
    deliver(target, *EVERYBODY, moved(LINKED, SUSPENDED), moved(TEACHER, replace(TEACHER, enabled=False)))
    assert target.trash == {"pupil", "teacher"}
    deliver(target, moved(SUSPENDED, LINKED), removed(TEACHER))
    assert target.trash == frozenset()


def test_a_double_create_is_seen_and_a_create_after_a_removal_is_none() -> None:
    target = MemoryTarget("lms", Settings())
    deliver(target, *EVERYBODY)
    assert not target.double_creates
    deliver(target, removed(TEACHER), made(TEACHER), made(PUPIL))
    assert target.double_creates == ("pupil",)
    assert target.calls["pupil", "create"] == 2
    assert target.calls["pupil", "update"] == 1
    assert target.calls["teacher", "remove"] == 1


# -- failing and dying by switch --------------------------------------------------------------------------------------


def test_every_so_many_deliveries_fail() -> None:
    target = MemoryTarget("lms", Settings(fail=("every:3",)))
    outcomes = deliver(target, *SCHOOL_OPENS)
    assert [outcome.delivered for outcome in outcomes] == [True, True, False, True]
    assert "every:3" in outcomes[2].reason


@pytest.mark.parametrize("switch", ["kind:group", "id:class"])
def test_a_kind_or_one_thing_fails(switch: str) -> None:
    target = MemoryTarget("lms", Settings(fail=(switch,)))
    outcomes = deliver(target, made(OWNER), made(SCHOOL), made(CLASS))
    assert [outcome.delivered for outcome in outcomes] == [True, True, False]


def test_a_kind_is_what_changes_as_well_as_what_is_delivered() -> None:
    for switch in ("kind:user", "kind:person"):
        target = MemoryTarget("lms", Settings(fail=(switch,)))
        assert not deliver(target, made(GUARDIAN))[0].delivered


def test_every_unknown_switch_is_told_at_once() -> None:
    with pytest.raises(UserMistake) as caught:
        MemoryTarget("lms", Settings(fail=("every:0", "sometimes", "id:x", "kind:")))
    assert [problem.where for problem in caught.value.problems] == ["target.lms.fail"] * 3
    assert "every:NUMBER" in str(caught.value)


def in_a_process(settings: Settings) -> tuple[int, int]:
    """Deliver everybody in a process of its own; its exit code, and how many outcomes it told before it ended."""
    told, telling = os.pipe()
    if not (child := os.fork()):
        try:
            for _ in MemoryTarget("lms", settings).deliver(EVERYBODY, roster_of(())):
                os.write(telling, b".")
            os._exit(0)
        finally:
            os._exit(1)
    os.close(telling)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with os.fdopen(told, "rb") as outcomes:
        return code, len(outcomes.read())


@pytest.mark.parametrize("number", range(len(EVERYBODY) + 1))
def test_it_dies_after_the_deliveries_it_told_of_and_the_next_process_goes_on(tmp_path: Path, number: int) -> None:
    path = tmp_path / "lms.jsonl"
    assert in_a_process(Settings(path=path, crash_after=number)) == (KILLED, number)
    target = MemoryTarget("lms", Settings(path=path))
    assert target.snapshot() == tuple(roster_of(EVERYBODY[:number])())
    deliver(target, *EVERYBODY[number:])
    assert target.snapshot() == tuple(roster_of(EVERYBODY)())
    assert target.double_creates == ()


@pytest.mark.parametrize("number", range(len(EVERYBODY)))
def test_it_dies_with_one_delivery_made_that_nobody_was_told_of(tmp_path: Path, number: int) -> None:
    path = tmp_path / "lms.jsonl"
    assert in_a_process(Settings(path=path, silent_after=number)) == (KILLED, number)
    target = MemoryTarget("lms", Settings(path=path))
    assert target.snapshot() == tuple(roster_of(EVERYBODY[: number + 1])())


def test_a_process_that_reaches_no_switch_lives(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    assert in_a_process(Settings(path=path, crash_after=99, silent_after=99)) == (0, len(EVERYBODY))


# -- its file ---------------------------------------------------------------------------------------------------------


def test_a_file_cut_off_at_any_byte_holds_what_was_wholly_written(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    deliver(MemoryTarget("lms", Settings(path=path)), *EVERYBODY[:3])
    whole = path.read_bytes()
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = whole[:length].count(b"\n")
        target = MemoryTarget("lms", Settings(path=path))
        assert target.snapshot() == tuple(roster_of(EVERYBODY[:kept])())
        deliver(target, *EVERYBODY[kept:3])
        assert path.read_bytes() == whole


def test_a_disk_that_fills_up_in_the_middle_of_a_line_leaves_only_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    target = MemoryTarget("lms", Settings(path=path))
    deliver(target, made(OWNER))
    whole = path.read_bytes()
    with no_room(len(whole) + 10), pytest.raises(TargetUnavailable, match="has room"):
        deliver(target, made(SCHOOL))
    assert path.read_bytes() == whole
    assert target.snapshot() == (Placed(OWNER),)


def test_its_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    deliver(MemoryTarget("lms", Settings(path=path)), made(OWNER))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_folder_is_told_before_and_at_the_delivery(tmp_path: Path) -> None:
    target = MemoryTarget("lms", Settings(path=tmp_path / "gone" / "lms.jsonl"))
    assert "make the folder" in target.check()[0]
    with pytest.raises(TargetUnavailable, match="its folder is there"):
        deliver(target, made(OWNER))


def test_a_file_that_is_something_else_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    path.write_text("dear diary\n")
    with pytest.raises(TargetUnavailable, match="no file of a memory target"):
        MemoryTarget("lms", Settings(path=path))
    assert path.read_text() == "dear diary\n"


def test_a_folder_in_the_place_of_its_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(TargetUnavailable):
        MemoryTarget("lms", Settings(path=tmp_path))


# -- bad weather ------------------------------------------------------------------------------------------------------


def told_in(weather: Settings, calls: int = 400) -> tuple[int, int]:
    """So many calls of one delivery: how many broke off or were not answered, and how many were carried out."""
    target, failed = MemoryTarget("lms", weather), 0
    for _ in range(calls):
        try:
            deliver(target, made(OWNER))
        except TargetFaltering:
            failed += 1
    return failed, target.calls[OWNER.id, "create"]


def test_some_calls_break_off_and_some_are_carried_out_without_an_answer() -> None:
    failed, done = told_in(Settings(unheard=20))
    assert (40 < failed < 120, done) == (True, 400)
    failed, done = told_in(Settings(faltering=20))
    assert 40 < failed < 120
    assert 400 - failed < done < 400, "of those that broke off, some had done what they were asked"


def test_the_same_chance_has_the_same_calls_fail() -> None:
    weather = Settings(faltering=30, unheard=10, chance=7)
    assert told_in(weather) == told_in(weather) != told_in(Settings(faltering=30, unheard=10, chance=8))


def test_a_call_that_breaks_off_has_told_the_truth_of_what_it_told() -> None:
    target = MemoryTarget("lms", Settings(faltering=100))
    heard: list[Outcome] = []
    with pytest.raises(TargetFaltering):
        heard.extend(target.deliver(SCHOOL_OPENS, roster_of(())))
    assert sum(target.calls.values()) == len(heard)


def test_several_calls_at_once_leave_one_truth(tmp_path: Path) -> None:
    path = tmp_path / "lms.jsonl"
    target = MemoryTarget("lms", Settings(path=path, connections=4))
    deliver(target, *SCHOOL_OPENS)
    pupils = [replace(PUPIL, id=f"pupil-{number}") for number in range(40)]
    lanes = [
        threading.Thread(target=deliver, args=(target, *map(made, pupils[start : start + 10])))
        for start in range(0, 40, 10)
    ]
    for lane in lanes:
        lane.start()
    for lane in lanes:
        lane.join()
    assert MemoryTarget("lms", Settings(path=path)).snapshot() == target.snapshot()
    assert len(target.snapshot()) == 44
