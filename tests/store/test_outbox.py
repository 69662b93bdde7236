"""The outbox: what is under way, and how known follows."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rostersync.errors import StateBroken
from rostersync.model import ROLES, Change, Delivery, Known, Life, Outcome
from rostersync.store.engine import Database
from rostersync.store.known import Knowledge
from rostersync.store.outbox import WAITS, Outbox
from rostersync.store.runs import Line, Runs
from tests.states import written
from tests.store.ledger import (
    ANNE,
    CLASS_1B,
    KARI,
    LMS,
    NORTH,
    OLA,
    SOUTH,
    arrived,
    deliver_all,
    delivery,
    failed,
    followed_by,
    group,
    named,
    school,
    user,
    value_digest,
)

SUSPENDED = Life("suspended", "absent", departed_on=date(2026, 9, 1), suspended_on=date(2026, 10, 1))
MOTHER = user(ANNE, face="guardian")


@pytest.fixture
def outbox(ledger: Database) -> Outbox:
    return Outbox(ledger)


@pytest.fixture
def knowledge(ledger: Database) -> Knowledge:
    return Knowledge(ledger)


def put(outbox: Outbox, *deliveries: Delivery) -> None:
    outbox.put(LMS, "run-1", deliveries)


def held(knowledge: Knowledge, id_: str) -> Known:
    found = knowledge.get(LMS, id_)
    assert found is not None
    return found


# -- handing out ------------------------------------------------------------------------------------------------------


def test_what_is_put_comes_out_as_it_was_in_delivery_order(outbox: Outbox) -> None:
    first = delivery(user(), before=followed_by(user(), MOTHER), phase=0)
    expected = [first, delivery(school()), delivery(group()), delivery(user(OLA), life=SUSPENDED, target_key="lms-9")]
    removal = delivery(None, before=user(ANNE), phase=5)
    put(outbox, removal, *reversed(expected))
    assert list(outbox.pending(LMS)) == [*expected, removal]
    assert list(outbox.pending("another")) == []


def test_deliveries_come_in_order_over_many_pages(outbox: Outbox) -> None:
    put(outbox, *(delivery(group(named(f"group {number}"))) for number in range(2_100)))
    ids = [one.id for one in outbox.pending(LMS)]
    assert len(ids) == 2_100
    assert ids == sorted(ids)


ids = st.integers(0, 5).map(lambda number: named(f"object {number}"))
words = st.text("abcdeøæå ", max_size=12)
changes = st.builds(
    Change,
    kind=st.sampled_from(["person", "membership", "guardianship"]),
    action=st.sampled_from(["create", "update", "end", "suspend"]),
    object=st.just(user().id),
    reason=words,
    part=st.tuples(ids, st.sampled_from(ROLES)).map(" ".join),
    scopes=st.lists(ids, max_size=2).map(tuple),
    counted=st.booleans(),
    revocation=st.booleans(),
    needs=st.lists(st.tuples(words, words, ids), max_size=2).map(tuple),
    old=words,
    new=words,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(changes, max_size=8).map(tuple))
def test_however_changes_are_packed_they_come_out_as_they_were(outbox: Outbox, steps: tuple[Change, ...]) -> None:
    outbox.recover(LMS)
    put(outbox, replace(delivery(user()), changes=steps))
    assert [one.changes for one in outbox.pending(LMS)] == [steps]


def test_a_user_of_a_person_who_is_not_in_the_state_is_refused_and_nothing_is_put(outbox: Outbox) -> None:
    with pytest.raises(StateBroken, match="restore it from a backup"):
        put(outbox, delivery(group()), delivery(user(named("a stranger"))))
    assert list(outbox.pending(LMS)) == []


# -- outcomes ---------------------------------------------------------------------------------------------------------


def test_known_moves_with_the_outcome_and_the_row_disappears(outbox: Outbox, knowledge: Knowledge) -> None:
    put(outbox, delivery(user(), life=SUSPENDED, target_key="lms-9"), delivery(user(OLA)))
    outbox.done(LMS, arrived(delivery(user())), value_digest)
    assert held(knowledge, user().id) == Known("user", user().id, user(), value_digest(user()), SUSPENDED, "lms-9")
    assert knowledge.get(LMS, user(OLA).id) is None
    assert [one.id for one in outbox.pending(LMS)] == [user(OLA).id]


def test_the_key_that_the_lms_gave_is_kept_and_handed_out_with_later_phases(
    outbox: Outbox, knowledge: Knowledge
) -> None:
    first, later = delivery(user()), delivery(followed_by(user(), MOTHER), before=user(), phase=4)
    put(outbox, first, later)
    outbox.done(LMS, arrived(first, target_key="lms-77"), value_digest)
    assert held(knowledge, user().id).target_key == "lms-77"
    assert [one.target_key for one in outbox.pending(LMS)] == ["lms-77"]
    outbox.done(LMS, arrived(later), value_digest)
    assert held(knowledge, user().id).target_key == "lms-77"


def test_a_failed_delivery_leaves_known_as_it_was_and_its_reason_with_the_run(
    outbox: Outbox, knowledge: Knowledge, ledger: Database
) -> None:
    deliver_all(outbox, delivery(user()))
    update = delivery(user(groups=[]), before=user())
    put(outbox, update)
    outbox.done(LMS, failed(update, reason="the LMS is full: ask its administrator"), value_digest)
    assert held(knowledge, user().id).value == user()
    assert list(outbox.pending(LMS)) == []
    assert Runs(ledger).outcomes("run-1") == [
        Line(LMS, user().id, "person", "update", "failed", "the LMS is full: ask its administrator")
    ]


def test_a_delivered_removal_removes_the_known_row(outbox: Outbox, knowledge: Knowledge) -> None:
    deliver_all(outbox, delivery(group()), delivery(user()))
    deliver_all(outbox, delivery(None, before=user(), phase=5), delivery(None, before=group(), phase=6))
    assert knowledge.is_empty(LMS)
    assert knowledge.sizes(LMS) == {}


def test_an_outcome_told_twice_moves_nothing_the_second_time(outbox: Outbox, knowledge: Knowledge) -> None:
    deliver_all(outbox, delivery(user()))
    knowledge.doubt(LMS, "user", user().id)
    outbox.done(LMS, arrived(delivery(user())), value_digest)
    assert held(knowledge, user().id).digest == ""


def test_every_kind_of_step_of_a_failed_delivery_is_told_once(outbox: Outbox, ledger: Database) -> None:
    steps = [("person", "create"), ("membership", "create"), ("membership", "create"), ("membership", "end")]
    many = replace(delivery(user()), changes=tuple(Change(kind, action, user().id, "new") for kind, action in steps))
    put(outbox, many)
    outbox.done(LMS, failed(many), value_digest)
    told = [(line.kind, line.action) for line in Runs(ledger).outcomes("run-1")]
    assert told == [("membership", "create"), ("membership", "end"), ("person", "create")]


# -- several phases of one object -------------------------------------------------------------------------------------


def test_what_builds_on_a_failed_change_waits_and_the_rest_goes_on(outbox: Outbox, knowledge: Knowledge) -> None:
    creates = [delivery(user()), delivery(user(OLA))]
    links = [delivery(followed_by(user(one), MOTHER), before=user(one), phase=4) for one in (KARI, OLA)]
    put(outbox, *creates, *links)
    handed_out = []
    for one in outbox.pending(LMS):
        handed_out.append((one.phase, one.id))
        outbox.tell(LMS, Outcome(one.id, one.phase, delivered=one.id != user().id))
    assert (4, user().id) not in handed_out
    assert (4, user(OLA).id) in handed_out
    waiting = outbox.waiting(LMS)
    assert waiting == [Outcome(user().id, 4, delivered=False, reason=WAITS)]
    assert outbox.waiting(LMS) == []
    outbox.done(LMS, failed(creates[0]) + arrived(creates[1], links[1]) + waiting, value_digest)
    assert knowledge.get(LMS, user().id) is None
    assert held(knowledge, user(OLA).id).value == links[1].after


def test_done_alone_also_tells_what_failed(outbox: Outbox) -> None:
    create = delivery(user())
    put(outbox, create, delivery(followed_by(user(), MOTHER), before=user(), phase=4))
    pending = outbox.pending(LMS)
    assert next(pending) == create
    outbox.done(LMS, failed(create), value_digest)
    assert list(pending) == []
    assert [one.phase for one in outbox.waiting(LMS)] == [4]


def test_a_new_round_of_handing_out_starts_without_old_failures(outbox: Outbox) -> None:
    create = delivery(user())
    put(outbox, create)
    list(outbox.pending(LMS))
    outbox.done(LMS, failed(create), value_digest)
    put(outbox, create)
    assert list(outbox.pending(LMS)) == [create]


def test_phases_are_told_in_order_and_each_hands_out_its_own(outbox: Outbox) -> None:
    last, first, same = delivery(None, before=user(ANNE), phase=6), delivery(user()), delivery(user(OLA))
    put(outbox, last, first, same)
    assert (outbox.phases(LMS), outbox.count(LMS)) == ([3, 6], 3)
    assert {one.id for one in outbox.pending(LMS, 3)} == {first.id, same.id}
    assert list(outbox.pending(LMS, 6)) == [last]
    assert (outbox.phases("another"), outbox.count("another")) == ([], 0)


def test_a_phase_knows_the_keys_and_failures_of_those_before(outbox: Outbox) -> None:
    creates = [delivery(user()), delivery(user(OLA))]
    links = [delivery(followed_by(user(one), MOTHER), before=user(one), phase=4) for one in (KARI, OLA)]
    put(outbox, *creates, *links)
    assert outbox.phases(LMS) == [3, 4]
    list(outbox.pending(LMS, 3))
    outbox.done(LMS, arrived(creates[0], target_key="lms-77") + failed(creates[1]), value_digest)
    assert [(one.id, one.target_key) for one in outbox.pending(LMS, 4)] == [(user().id, "lms-77")]
    assert [one.id for one in outbox.waiting(LMS)] == [user(OLA).id]


def test_that_of_which_nobody_knows_whether_it_arrived_is_uncertain_and_its_reason_is_kept(
    outbox: Outbox, knowledge: Knowledge, ledger: Database
) -> None:
    deliver_all(outbox, delivery(group()))
    unheard, removal = delivery(user()), delivery(None, before=group(), phase=6)
    put(outbox, unheard, removal)
    told = [Outcome(one.id, one.phase, False, "no answer", trouble="unknown") for one in (unheard, removal)]
    outbox.done(LMS, told, value_digest)
    assert held(knowledge, user().id) == Known("user", user().id, user(), "")
    assert held(knowledge, group().id).digest == "", "the LMS may have removed it, or not"
    assert {line.reason for line in Runs(ledger).outcomes("run-1")} == {"no answer"}
    assert outbox.count(LMS) == 0


def test_what_was_marked_as_sent_and_was_not_after_all_is_not_in_doubt(outbox: Outbox) -> None:
    put(outbox, delivery(user()), delivery(user(OLA)))
    outbox.mark_sent(LMS)
    outbox.mark_sent(LMS, [delivery(user())], sent=False)
    assert outbox.recover(LMS) == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_what_was_delivered_over_a_failure_is_uncertain(outbox: Outbox, knowledge: Knowledge, at_once: bool) -> None:
    """The LMS took both in one batch, refused the first and accepted the second: what it holds, nobody knows."""
    create, link = delivery(user()), delivery(followed_by(user(), MOTHER), before=user(), phase=4)
    put(outbox, create, link)
    told = [arrived(link) + failed(create)] if at_once else [failed(create), arrived(link)]
    for outcomes in told:
        outbox.done(LMS, outcomes, value_digest)
    assert held(knowledge, user().id) == Known("user", user().id, link.after or user(), "")


def test_the_earliest_failure_of_an_object_is_the_one_that_counts(outbox: Outbox, knowledge: Knowledge) -> None:
    create, link = delivery(user()), delivery(followed_by(user(), MOTHER), before=user(), phase=4)
    last = delivery(followed_by(user(groups=[]), MOTHER), before=followed_by(user(), MOTHER), phase=5)
    put(outbox, create, link, last)
    outbox.done(LMS, failed(create) + arrived(link) + failed(last), value_digest)
    assert held(knowledge, user().id).digest == ""


def test_an_earlier_phase_stands_when_a_later_one_fails(outbox: Outbox, knowledge: Knowledge) -> None:
    create, link = delivery(user()), delivery(followed_by(user(), MOTHER), before=user(), phase=4)
    put(outbox, create, link)
    outbox.done(LMS, failed(link) + arrived(create), value_digest)
    assert held(knowledge, user().id) == Known("user", user().id, user(), value_digest(user()))


# -- whole sets -------------------------------------------------------------------------------------------------------


def test_the_roster_is_known_with_what_is_under_way_laid_over_it(outbox: Outbox) -> None:
    deliver_all(
        outbox, delivery(school()), delivery(group()), delivery(group(CLASS_1B)), delivery(user(OLA)), delivery(user())
    )
    link = followed_by(user(groups=[]), MOTHER)
    put(
        outbox,
        delivery(school(SOUTH)),
        delivery(None, before=group(CLASS_1B), phase=6),
        delivery(user(groups=[]), before=user(), phase=3),
        delivery(link, before=user(groups=[]), phase=4),
        delivery(MOTHER),
    )
    assert [one.value for one in outbox.roster(LMS)] == [
        *sorted([school(), school(SOUTH)], key=lambda one: one.id),
        group(),
        *sorted([user(OLA), link, MOTHER], key=lambda one: one.id),
    ]


def test_the_roster_is_read_page_by_page_and_stays_in_order(outbox: Outbox) -> None:
    deliver_all(outbox, *(delivery(group(named(f"group {number}"))) for number in range(0, 2_200, 2)))
    put(outbox, *(delivery(group(named(f"group {number}"))) for number in range(1, 2_200, 2)))
    assert [one.value.id for one in outbox.roster(LMS)] == sorted(named(f"group {number}") for number in range(2_200))


def test_an_adopted_user_stands_in_the_roster_under_the_key_of_the_lms(outbox: Outbox, knowledge: Knowledge) -> None:
    knowledge.adopt(LMS, Known("user", user().id, user(), "", target_key="old-4711"))
    put(outbox, delivery(user(groups=[]), before=user()), delivery(user(OLA), target_key="old-4712"))
    assert {one.value.id: one.target_key for one in outbox.roster(LMS)} == {
        user().id: "old-4711",
        user(OLA).id: "old-4712",
    }


def test_a_whole_set_moves_known_in_one_transaction(outbox: Outbox, knowledge: Knowledge, ledger: Database) -> None:
    put(outbox, delivery(group()), delivery(user()), delivery(followed_by(user(), MOTHER), before=user(), phase=4))
    with ledger.begin() as transaction:
        outbox.settle_all(LMS, value_digest)
        transaction.rollback()  # the power went
    assert knowledge.is_empty(LMS)
    assert outbox.settle_all(LMS, value_digest) == 3
    assert held(knowledge, user().id).value == followed_by(user(), MOTHER)
    assert list(outbox.pending(LMS)) == []
    assert knowledge.sizes(LMS)["membership", NORTH] == 1


# -- after a kill -----------------------------------------------------------------------------------------------------


def test_a_key_of_the_lms_that_only_one_phase_carries_is_kept(outbox: Outbox, knowledge: Knowledge) -> None:
    put(outbox, delivery(user(), target_key="lms-9"), delivery(followed_by(user(), MOTHER), before=user(), phase=4))
    outbox.settle_all(LMS, value_digest)
    assert held(knowledge, user().id).target_key == "lms-9"


def test_what_was_handed_out_and_never_answered_becomes_uncertain(outbox: Outbox, knowledge: Knowledge) -> None:
    deliver_all(outbox, delivery(user()), delivery(user(ANNE)))
    put(
        outbox,
        delivery(user(groups=[]), before=user()),
        delivery(user(OLA)),
        delivery(None, before=user(ANNE), phase=5),
    )
    outbox.mark_sent(
        LMS, [one for one in outbox.pending(LMS) if (one.phase, one.id) in ((3, user().id), (5, user(ANNE).id))]
    )
    assert outbox.recover(LMS) == 2
    # she may still be in the class that she was to leave, and were that forgotten, nobody would take her out
    assert held(knowledge, user().id) == Known("user", user().id, user(), "")
    assert held(knowledge, user(ANNE).id) == Known("user", user(ANNE).id, user(ANNE), "")
    assert knowledge.get(LMS, user(OLA).id) is None  # never handed out: the next plan makes it again
    assert list(outbox.pending(LMS)) == []
    assert outbox.recover(LMS) == 0


def test_a_link_whose_end_was_never_answered_is_still_known_so_that_it_ends_again(
    outbox: Outbox, knowledge: Knowledge
) -> None:
    linked = followed_by(user(), MOTHER)
    deliver_all(outbox, delivery(linked))
    put(outbox, delivery(replace(user(), given_name="Kari"), before=linked, phase=0))
    outbox.mark_sent(LMS)
    outbox.recover(LMS)
    assert held(knowledge, user().id).value == replace(linked, given_name="Kari")


def test_whoever_was_put_away_unheard_is_known_without_ties(outbox: Outbox, knowledge: Knowledge) -> None:
    away = replace(user(groups=[]), enabled=False)
    deliver_all(outbox, delivery(followed_by(user(), MOTHER)))
    put(outbox, delivery(away, before=followed_by(user(), MOTHER), phase=5))
    outbox.mark_sent(LMS)
    outbox.recover(LMS)
    assert held(knowledge, user().id) == Known("user", user().id, away, "")


def test_recovering_one_target_leaves_the_others_alone(outbox: Outbox) -> None:
    put(outbox, delivery(user()))
    outbox.put("another", "run-1", [delivery(user())])
    assert outbox.recover(LMS) == 0
    assert len(list(outbox.pending("another"))) == 1


def test_marking_everything_marks_every_phase(outbox: Outbox) -> None:
    put(outbox, delivery(group()), delivery(user()), delivery(None, before=user(OLA), phase=5))
    outbox.mark_sent(LMS)
    assert outbox.recover(LMS) == 3


# -- what an onlooker learns, and what it costs -----------------------------------------------------------------------


def test_nothing_of_a_person_stands_in_clear_while_under_way(outbox: Outbox, tmp_path: Path) -> None:
    put(outbox, delivery(user(), before=followed_by(user(), MOTHER), target_key="lms-key-of-kari"))
    content = written(tmp_path / "state.db")
    assert user().id.encode() in content
    for secret in ("Kari Anne", "Bjørnstad", "kari.anne@skole", "lms-key-of-kari"):
        assert secret.encode() not in content
