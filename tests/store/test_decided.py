"""What people here have decided outlives the nights: on cards, through new snapshots, and with everything else or not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from rostersync.errors import UserMistake
from rostersync.model import Local
from rostersync.store import Store
from tests.store.snapshots import (
    KARI_NUMBER,
    LMS,
    NOW,
    TODAY,
    Part,
    card_of,
    clean,
    dirty,
    id_of,
    klass,
    members,
    names,
    opened,
    person,
    school,
    take_in,
)

FAMILY: tuple[Part, ...] = (
    school(),
    klass("8a"),
    person("kari", "Kari", number=KARI_NUMBER, guardians=["anne", "arne"]),
    person("ola", "Ola", guardians=["anne"]),
    person("anne", "Anne"),
    person("arne", "Arne"),
    members("8a", "kari", "ola"),
)
CHRISTMAS = date(2026, 12, 24)
WHO = "admin"


@pytest.fixture
def family(store: Store) -> Store:
    take_in(store, FAMILY)
    return store


def local(store: Store, key: str) -> Local:
    return card_of(store, key).local


# -- on the card ------------------------------------------------------------------------------------------------------


def test_a_denial_stands_on_the_pupils_card_and_on_no_other(family: Store) -> None:
    kari, anne = id_of(family, "kari"), id_of(family, "anne")
    family.decisions.deny(kari, anne, "court order", None, WHO, NOW)
    assert local(family, "kari").denied == ((anne, None),)
    assert [local(family, key).denied for key in ("ola", "anne", "arne")] == [(), (), ()]


def test_denials_of_two_guardians_stand_side_by_side_in_id_order(family: Store) -> None:
    kari = id_of(family, "kari")
    both = sorted((id_of(family, "anne"), id_of(family, "arne")))
    for guardian in reversed(both):
        family.decisions.deny(kari, guardian, "for now", CHRISTMAS, WHO, NOW)
    assert local(family, "kari").denied == tuple((guardian, CHRISTMAS) for guardian in both)


def test_allowing_ends_the_denial_of_that_guardian_alone(family: Store) -> None:
    kari, anne, arne = (id_of(family, key) for key in ("kari", "anne", "arne"))
    for guardian in (anne, arne):
        family.decisions.deny(kari, guardian, "for now", None, WHO, NOW)
    assert family.decisions.allow(kari, anne)
    assert local(family, "kari").denied == ((arne, None),)


def test_a_denial_that_has_run_out_is_still_told_with_its_last_day(family: Store) -> None:
    """Whether it still holds is decided by the date of the run, and not by the store."""
    kari, anne = id_of(family, "kari"), id_of(family, "anne")
    last_day = TODAY - timedelta(days=1)
    family.decisions.deny(kari, anne, "until yesterday", last_day, WHO, NOW)
    assert local(family, "kari").denied == ((anne, last_day),)
    assert [one.until for one in family.decisions.denials()] == [last_day]


def test_a_pin_that_has_run_out_is_still_told_with_its_last_day(family: Store) -> None:
    family.decisions.pin(id_of(family, "kari"), TODAY - timedelta(days=1), "is being merged", WHO, NOW)
    assert local(family, "kari").pinned_until == TODAY - timedelta(days=1)
    assert len(family.decisions.pins()) == 1


def test_one_person_may_be_pinned_protected_and_denied_at_once(family: Store) -> None:
    kari, anne = id_of(family, "kari"), id_of(family, "anne")
    family.decisions.pin(kari, CHRISTMAS, "merged by hand", WHO, NOW)
    family.decisions.protect(kari, "withhold", "told by the school", WHO, NOW)
    family.decisions.deny(kari, anne, "court order", None, WHO, NOW)
    assert local(family, "kari") == Local("withhold", CHRISTMAS, ((anne, None),))
    family.decisions.unprotect(kari)
    assert local(family, "kari") == Local("", CHRISTMAS, ((anne, None),))


def test_a_new_protection_replaces_level_and_reason(family: Store) -> None:
    kari = id_of(family, "kari")
    family.decisions.protect(kari, "hide", "first", WHO, NOW)
    family.decisions.protect(kari, "withhold", "second", "protector", NOW + timedelta(hours=1))
    (protection,) = family.decisions.protections()
    assert (protection.level, protection.reason, protection.who) == ("withhold", "second", "protector")
    assert protection.at == "2026-11-22T05:30:00+00:00"


@pytest.mark.parametrize("reason", ["", "Mor har fått «besøksforbud» – се вложение", "x" * 4_000])
def test_a_reason_comes_back_as_it_was_written(family: Store, reason: str) -> None:
    kari, anne = id_of(family, "kari"), id_of(family, "anne")
    family.decisions.deny(kari, anne, reason, None, WHO, NOW)
    family.decisions.protect(kari, "withhold", reason, WHO, NOW)
    family.decisions.pin(kari, CHRISTMAS, reason, WHO, NOW)
    assert {one.reason for one in family.decisions.denials()} == {reason}
    assert {one.reason for one in family.decisions.protections()} == {reason}
    assert {one.reason for one in family.decisions.pins()} == {reason}


def test_decisions_are_listed_by_person_id(family: Store) -> None:
    everybody = sorted(id_of(family, key) for key in ("kari", "ola", "anne", "arne"))
    for one in reversed(everybody):
        family.decisions.pin(one, CHRISTMAS, "", WHO, NOW)
        family.decisions.protect(one, "withhold", "", WHO, NOW)
    assert [one.person for one in family.decisions.pins()] == everybody
    assert [one.person for one in family.decisions.protections()] == everybody


# -- through the nights -----------------------------------------------------------------------------------------------


def decide_everything(store: Store) -> Local:
    kari, anne = id_of(store, "kari"), id_of(store, "anne")
    store.decisions.pin(kari, CHRISTMAS, "merged by hand", WHO, NOW)
    store.decisions.protect(kari, "withhold", "told by the school", WHO, NOW)
    store.decisions.deny(kari, anne, "court order", None, WHO, NOW)
    return Local("withhold", CHRISTMAS, ((anne, None),))


def test_decisions_are_there_after_opening_again(state_file: Path) -> None:
    with opened(state_file) as store:
        take_in(store, FAMILY)
        decided = decide_everything(store)
    with opened(state_file) as store:
        assert local(store, "kari") == decided
        assert [one.reason for one in store.decisions.denials()] == ["court order"]


def test_decisions_stay_when_the_person_changes_her_name_or_her_key(family: Store) -> None:
    decided = decide_everything(family)
    newer = [part for part in FAMILY if part is not FAMILY[2]]
    renamed = person("kari-2", "Karianne", number=KARI_NUMBER, guardians=["anne", "arne"], old=["kari"])
    take_in(family, [*newer[:-1], renamed, members("8a", "kari-2", "ola")], run="run-2")
    assert names(card_of(family, "kari-2")) == ["Karianne"]
    assert local(family, "kari-2") == decided


def test_a_denial_stays_while_the_guardian_is_gone_and_holds_when_she_is_back(family: Store) -> None:
    decided = decide_everything(family)
    without_anne = [part for part in FAMILY if part is not FAMILY[4]]
    take_in(family, without_anne, run="run-2")
    assert local(family, "kari") == decided
    take_in(family, FAMILY, run="run-3")
    assert local(family, "kari") == decided


def test_decisions_outlive_the_source_that_named_the_person(family: Store) -> None:
    decided = decide_everything(family)
    family.sources.retire("ist", NOW, [LMS])
    assert local(family, "kari") == decided


# -- with everything else, or not at all ------------------------------------------------------------------------------


def test_a_decision_is_undone_with_the_transaction_it_was_made_in(family: Store) -> None:
    kari, anne = id_of(family, "kari"), id_of(family, "anne")
    family.decisions.deny(kari, anne, "stands", None, WHO, NOW)
    clean(family)
    with family.begin() as transaction:
        family.decisions.allow(kari, anne)
        family.decisions.protect(kari, "withhold", "too early", WHO, NOW)
        family.cards.mark_dirty(LMS, [kari], NOW)
        family.journal.write(NOW, WHO, "protect", kari, "too early")
        transaction.rollback()
    assert local(family, "kari") == Local("", None, ((anne, None),))
    assert family.journal.entries(5) == []
    assert dirty(family) == set()


def test_deciding_marks_nobody_dirty_for_the_caller_knows_whom_it_reaches(family: Store) -> None:
    clean(family)
    decide_everything(family)
    assert dirty(family) == set()


@pytest.mark.parametrize("decide", ["unprotect", "allow", "pin", "deny the guardian"])
def test_about_somebody_unknown_nothing_is_decided_and_the_reader_is_told_where_to_look(
    family: Store, decide: str
) -> None:
    kari, stranger, decisions = id_of(family, "kari"), "0" * 32, family.decisions
    steps: dict[str, Callable[[], object]] = {
        "unprotect": lambda: decisions.unprotect(stranger),
        "allow": lambda: decisions.allow(kari, stranger),
        "pin": lambda: decisions.pin(stranger, CHRISTMAS, "", WHO, NOW),
        "deny the guardian": lambda: decisions.deny(kari, stranger, "", None, WHO, NOW),
    }
    with pytest.raises(UserMistake, match=rf"no person here has the id {stranger}: .*rostersync person KEY"):
        steps[decide]()
    assert (decisions.pins(), decisions.protections(), decisions.denials()) == ([], [], [])
