"""Guardians and protected persons: no link without proof, and what takes access away never waits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.scenarios.town import AUTUMN, Human, Tied, Town

DAY = timedelta(days=1)
NOW = datetime(2026, 10, 6, 8, 0, tzinfo=UTC)


def decide(town: Town, what: str, *persons: str, **more: object) -> None:
    """What the command line does: decide, look again, journal."""
    store = town.store()
    ids = [town.person(one) for one in persons]
    with store.begin():
        if what == "deny":
            store.decisions.deny(*ids, "court order", more.get("until"), "tester", NOW)
        elif what == "allow":
            store.decisions.allow(*ids)
        elif what == "protect":
            store.decisions.protect(*ids, "withhold", "secret address", "tester", NOW)
        elif what == "pin":
            store.decisions.pin(*ids, more["until"], "manual account", "tester", NOW)
        store.cards.mark_dirty("lms", store.cards.neighbourhood(ids), NOW)
    store.close()


def test_a_denied_guardian_loses_the_child_and_the_other_parent_keeps_her(any_town: Town) -> None:
    any_town.world.change("kari", guardians=("mor", "far"))
    any_town.sync(AUTUMN)
    decide(any_town, "deny", "kari", "far")
    report = any_town.run(AUTUMN + DAY)
    known = any_town.known()
    assert report.changes["guardianship"] == {"end": 1}
    assert known["Kari", "school"].guardians == (known["Anne", "guardian"].id,)
    assert len(known["Jon", "guardian"].memberships) > 0, "his own children stay his"


def test_a_denial_ends_on_its_date_and_allow_ends_it_at_once(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    jon = any_town.known()["Jon", "guardian"].id
    decide(any_town, "deny", "ola", "far", until=date(2026, 10, 10))
    any_town.run(date(2026, 10, 10))
    assert any_town.known()["Ola", "school"].guardians == ()
    any_town.run(date(2026, 10, 11))
    assert any_town.known()["Ola", "school"].guardians == (jon,)


@pytest.mark.parametrize("contact", ["nextOfKin", "fosterParent", "closeRelative"])
def test_only_a_contact_of_type_guardian_becomes_a_guardian(any_town: Town, contact: str) -> None:
    any_town.world.change("ola", contact_type=contact)
    any_town.sync(AUTUMN)
    assert any_town.known()["Ola", "school"].guardians == ()


def test_a_protected_pupil_disappears_at_once_with_every_link(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    decide(any_town, "protect", "kari")
    report = any_town.run(AUTUMN + DAY)
    known = any_town.known()
    assert (
        known["Kari", "school"].enabled,
        known["Kari", "school"].memberships,
        known["Kari", "school"].guardians,
    ) == (False, (), ())
    assert report.verdict == "cleared"
    per_groups = {tie.group for tie in known["Per", "school"].memberships}
    assert {tie.group for tie in known["Anne", "guardian"].memberships} <= per_groups | {
        tie.group for tie in known["Anne", "guardian"].memberships if tie.role == "guardian"
    }


def test_a_protected_person_is_never_created(any_town: Town) -> None:
    any_town.plan(AUTUMN)
    decide(any_town, "protect", "kari")
    any_town.run(AUTUMN)
    assert ("Kari", "school") not in any_town.known()


def test_access_ends_on_the_eighteenth_birthday(any_town: Town) -> None:
    any_town.world.change("ola", born=date(2008, 11, 3), number="")
    any_town.sync(date(2026, 11, 2))
    assert any_town.known()["Ola", "school"].guardians != ()
    report = any_town.run(date(2026, 11, 3))
    assert report.changes["guardianship"] == {"end": 1}
    assert any_town.known()["Ola", "school"].guardians == ()


def test_a_listed_contact_that_is_gone_ends_the_link_in_the_same_night(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.change("kari", guardians=("far",))
    any_town.sync(AUTUMN + DAY)
    known = any_town.known()
    assert known["Kari", "school"].guardians == (known["Jon", "guardian"].id,)


def test_a_rejected_pupil_record_keeps_no_guardianship_alive(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    any_town.world.change("ola", given="", family="")
    any_town.sync(AUTUMN + DAY)
    ola = any_town.known()["Ola", "school"]
    assert (ola.enabled, ola.guardians) == (True, ())
    assert ola.memberships != (), "her last good state stays"


def test_revocations_flow_while_everything_else_is_held(any_town: Town) -> None:
    for number in range(40):
        any_town.world.put(
            Human(f"p{number}", f"P{number}", "Test", guardians=("far",)),
            Tied("7A", f"p{number}"),
            Tied("north", f"p{number}"),
        )
    any_town.sync(AUTUMN)
    for number in range(40):
        any_town.world.drop(f"p{number}")
    any_town.world.change("ola", guardians=())
    report = any_town.sync(AUTUMN + DAY)
    assert report.code == 3
    assert any(entry.kind == "person" and entry.action == "depart" and entry.held for entry in report.entries)
    assert any_town.known()["Ola", "school"].guardians == ()
    assert any_town.known()["P7", "school"].enabled


def test_a_pinned_person_is_not_touched(any_town: Town) -> None:
    any_town.sync(AUTUMN)
    decide(any_town, "pin", "kari", until=date(2026, 12, 24))
    any_town.world.change("kari", family="Nytt")
    report = any_town.sync(AUTUMN + DAY)
    assert report.pinned == 1
    assert any_town.known()["Kari", "school"].family_name == "Lund"
    any_town.run(date(2026, 12, 25))
    assert any_town.known()["Kari", "school"].family_name == "Nytt"


def test_the_teacher_who_is_also_a_parent_shows_her_private_address_on_one_face_only(any_town: Town) -> None:
    any_town.world.change("siri", guardians=("eva",))
    any_town.sync(AUTUMN)
    known = any_town.known()
    assert dict(known["Eva", "guardian"].fields)["email"] == "eva@home.example"
    assert "email" not in dict(known["Eva", "school"].fields)
