"""Sending again what is known: in an order an LMS can take, nothing new, and nobody else's business."""

from __future__ import annotations

import pytest

from rostersync.errors import TargetUnavailable, Usage, UserMistake
from rostersync.model import Known, User
from rostersync.plan import GROUP, GUARDIANSHIP, ORGANISATION, PERSON
from rostersync.resyncing import Scope, Sent, resync, scope_of
from tests.hands.stage import NEXT, Stage
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, SOURCE
from tests.store.ledger import CLASS_1A, CLASS_1B, KARI, NORTH, OLA, SOUTH, group, named, school, user


@pytest.fixture
def again(settled: Stage) -> Stage:
    """A stage whose LMS has everything, with nothing noted."""
    settled.lms.reset()
    settled.progress.clear()
    return settled


def send(stage: Stage, scope: Scope = Scope()) -> Sent:  # noqa: B008 - it is frozen
    """Send a scope again, with the stage's progress."""
    return resync(stage.state(), stage.parts, scope, lambda step, done: stage.progress.append((step, done)))


def names(stage: Stage) -> list[str]:
    """What was handed over, in order, by name."""
    values = [delivery.after for delivery in stage.lms.handed]
    return [one.given_name if isinstance(one, User) else one.name for one in values if one is not None]


# -- what belongs to a scope ----------------------------------------------------------------------------------------

PUPIL = user(KARI, schools=(NORTH,), groups=(CLASS_1A,))


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        (Scope(), {"north", "south", "1A", "1B", "pupil", "other"}),
        (Scope("person", KARI), {"pupil"}),
        (Scope("group", CLASS_1A), {"1A", "pupil"}),
        (Scope("school", NORTH), {"north", "1A", "pupil"}),
        (Scope("school", SOUTH), {"south", "1B", "other"}),
        (Scope("person", named("nobody")), set()),
    ],
    ids=["all", "a person", "a group", "a school", "another school", "nobody"],
)
def test_a_scope_covers_what_belongs_to_it_and_nothing_else(scope: Scope, covered: set[str]) -> None:
    things = {
        "north": Known("organisation", NORTH, school(NORTH), "d"),
        "south": Known("organisation", SOUTH, school(SOUTH), "d"),
        "1A": Known("group", CLASS_1A, group(CLASS_1A, NORTH), "d"),
        "1B": Known("group", CLASS_1B, group(CLASS_1B, SOUTH, "1B"), "d"),
        "pupil": Known("user", PUPIL.id, PUPIL, "d"),
        "other": Known("user", named("other"), user(OLA, schools=(SOUTH,), groups=(CLASS_1B,)), "d"),
    }
    assert {name for name, one in things.items() if scope.covers(one)} == covered


# -- how it is sent -------------------------------------------------------------------------------------------------


def test_an_lms_that_lost_everything_can_take_it_in_the_order_it_comes(again: Stage) -> None:
    before = again.lms.inner.snapshot()
    again.lms.lose_everything()
    sent = send(again)
    assert (sent.delivered, sent.failed) == (len(before), 0)
    assert again.lms.inner.snapshot() == before
    phases = [delivery.phase for delivery in again.lms.handed]
    assert (phases, set(phases)) == (sorted(phases), {ORGANISATION, GROUP, PERSON, GUARDIANSHIP})
    assert names(again).index("Anne") < names(again).index("Kari"), "who follows somebody is there first"


def test_nothing_new_is_decided_and_no_source_is_read(again: Stage) -> None:
    again.world.change("kari", family="Ås").drop("siri")
    again.plan(NEXT)
    again.source.diary.clear()
    send(again)
    assert again.source.diary == []
    users = again.lms.users()
    assert (users["Kari"].family_name, users["Siri"].enabled) == ("Lund", True)
    report = again.run(NEXT, "plan")
    assert report.changes["person"]["update"] >= 1, "what was planned is still to come"


def test_whoever_is_suspended_is_sent_as_suspended(again: Stage) -> None:
    decide(again.town, "protect", "kari")
    again.run(NEXT)
    again.lms.handed.clear()
    send(again, Scope("person", again.town.person("kari")))
    (kari,) = (delivery for delivery in again.lms.handed)
    assert isinstance(kari.after, User)
    assert (kari.after.enabled, kari.after.memberships, kari.life.state) == (False, (), "suspended")


def test_a_user_with_a_key_of_the_lmss_own_is_sent_under_it(stage: Stage) -> None:
    stage.lms.own_key = lambda delivery: "account-7" if isinstance(delivery.after, User) else ""
    stage.sync(AUTUMN)
    stage.lms.refuses = lambda _delivery: "no"
    stage.lms.handed.clear()
    send(stage, Scope("person", stage.town.person("kari")))
    assert [delivery.target_key for delivery in stage.lms.handed] == ["account-7"]


def test_a_whole_set_is_written_once_whatever_is_sent(whole: Stage) -> None:
    whole.sync(AUTUMN)
    whole.lms.reset()
    send(whole, Scope("person", whole.town.person("kari")))
    (written,) = whole.lms.sets
    assert len([one for one in written if isinstance(one.value, User)]) == 7
    assert names(whole) == ["Kari"]


def test_failures_are_counted_and_do_not_stop_the_others(again: Stage) -> None:
    again.lms.refuses = lambda delivery: "the group is full" if delivery.object_kind == "group" else ""
    sent = send(again)
    groups = sum(delivery.object_kind == "group" for delivery in again.lms.handed)
    assert (sent.failed, dict(sent.failures)) == (groups, {"the group is full": groups})
    assert sent.delivered == len(again.lms.handed) - groups > 7


def test_what_failed_changes_nothing_we_know(again: Stage) -> None:
    before = again.known()
    again.lms.refuses = lambda _delivery: "no"
    send(again)
    assert again.known() == before
    assert again.run(AUTUMN, "plan", full=True).changes == {}


def test_an_lms_that_cannot_be_reached_is_told_as_such(again: Stage) -> None:
    again.lms.closes_at = 4
    with pytest.raises(TargetUnavailable, match="closed for maintenance"):
        send(again)


def test_what_fails_in_passing_is_tried_again(again: Stage) -> None:
    troubles = iter(["it did not answer in time"] * 3)
    again.lms.falters = lambda: next(troubles, "")
    sent = send(again)
    assert (sent.delivered, sent.failed) == (len(again.lms.inner.snapshot()), 0)


def test_each_delivery_carries_what_is_near_it_where_the_lms_looks_around(again: Stage) -> None:
    again.lms.looks_around = True
    send(again, Scope("person", again.town.person("kari")))
    (kari,) = again.lms.handed
    assert {one.value.id for one in kari.near} >= {again.known()[name].id for name in ("7A", "Nord skole", "Anne")}


def test_it_tells_how_far_it_is(again: Stage) -> None:
    sent = send(again)
    assert again.progress[-1] == ("sending again to lms", sent.delivered)


# -- where it is sent -----------------------------------------------------------------------------------------------


def test_only_an_lms_that_is_delivered_to_is_sent_anything(two: Stage) -> None:
    two.sync(AUTUMN)
    two.configure('path = "out/archive.jsonl"\ndeliver = true', 'path = "out/archive.jsonl"\ndeliver = false')
    for lms in two.lmss.values():
        lms.reset()
    send(two)
    assert two.lmss["lms"].handed
    assert not any(step.startswith("archive") for step in two.diary)


def test_when_no_lms_may_be_delivered_to_that_is_the_answer(again: Stage) -> None:
    again.configure("deliver = true", "deliver = false")
    with pytest.raises(UserMistake, match="no target of oslo has `deliver = true`, so nothing may be sent"):
        send(again)


# -- what was typed -------------------------------------------------------------------------------------------------


def test_what_was_typed_becomes_one_of_our_ids(again: Stage) -> None:
    known = again.known()
    north, class_7a = known["Nord skole"].id, known["7A"].id
    state, parts = again.state(), again.parts
    assert scope_of(state, parts) == Scope()
    assert scope_of(state, parts, person="p" * 32) == Scope("person", "p" * 32)
    assert scope_of(state, parts, group=f"{SOURCE}/7A") == scope_of(state, parts, group=class_7a)
    assert scope_of(state, parts, group=class_7a) == Scope("group", class_7a)
    assert scope_of(state, parts, school="974589230") == scope_of(state, parts, school=north) == Scope("school", north)


def test_a_computed_group_can_be_sent_again_by_our_id(again: Stage) -> None:
    everybody = again.known()["Alle elever"].id
    send(again, scope_of(again.state(), again.parts, group=everybody))
    assert names(again)[0] == "Alle elever"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ({"school": "999999999"}, "no school has the number 999999999; the schools are: 970944443, 974589230"),
        ({"group": f"{SOURCE}/9Z"}, "no group that an LMS holds has that key"),
        ({"school": "owner"}, "no school has the number owner"),
    ],
    ids=["a school", "a group", "the owner is no school"],
)
def test_what_is_not_there_is_answered_with_what_is(again: Stage, typed: dict[str, str], answer: str) -> None:
    with pytest.raises(Usage) as mistake:
        scope_of(again.state(), again.parts, **typed)
    assert str(mistake.value).startswith(answer)
