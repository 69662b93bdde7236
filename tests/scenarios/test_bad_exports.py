"""Bad exports: a clear refusal, and nothing lost."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from lxml import etree

from tests.scenarios.town import AUTUMN, SOURCE, Human, Tied, Town

DAY = timedelta(days=1)
LATER = AUTUMN + DAY
MADE = datetime(2026, 10, 6, 2, 0, tzinfo=UTC)
SCHOOL = ("pifu-ims-go-org", "skole")
CLASSES = (("pifu-ims-go-grp", "basisgruppe"), ("pifu-ims-go-grp", "undervisningsgruppe"))


def many(town: Town, count: int = 60) -> Town:
    """A school large enough for shares to mean something."""
    for number in range(count):
        town.world.put(Human(f"p{number}", f"P{number}", "Test"), Tied("7A", f"p{number}"), Tied("north", f"p{number}"))
    return town


def nothing_lost(town: Town, text: str | bytes) -> str:
    """Sync a bad export after a good one; give what the report says of the source."""
    town.sync(AUTUMN)
    before, bundle = town.known(), (town.home / "out" / "oneroster.zip").read_bytes()
    town.export(LATER, text)
    report = town.run(LATER)
    assert not report.sources[0].accepted
    assert report.code == 1
    assert town.known() == before
    assert (town.home / "out" / "oneroster.zip").read_bytes() == bundle
    assert report.changes == {}
    return report.sources[0].refused


def test_a_truncated_file_is_refused(town: Town) -> None:
    text = town.world.xml(MADE)
    said = nothing_lost(town, text[: len(text) // 2])
    assert "cut off" in said or "ends" in said, said


def test_an_empty_file_is_refused(town: Town) -> None:
    assert nothing_lost(town, b"")


def test_zero_persons_are_refused(town: Town) -> None:
    world = town.world
    people, world.people = world.people, {}
    empty = world.xml(MADE, ties=[])
    world.people = people
    assert "persons" in nothing_lost(town, empty)


def test_a_refused_snapshot_can_be_released_by_a_person(town: Town) -> None:
    town.sync(AUTUMN)
    town.world.ties.clear()
    refused = town.sync(LATER)
    assert "source accept everyday" in refused.sources[0].release
    store = town.store()
    store.sources.release("everyday", refused.sources[0].digest, "the school closed", "tester", MADE)
    store.close()
    assert town.run(LATER).sources[0].accepted


def test_a_truncated_file_cannot_be_released(town: Town) -> None:
    town.sync(AUTUMN)
    town.export(LATER, town.world.xml(MADE)[:900])
    assert town.run(LATER).sources[0].release == ""


def test_an_older_file_than_the_last_is_refused(town: Town) -> None:
    town.sync(LATER)
    town.world.change("kari", family="Gammel")
    report = town.sync(AUTUMN)
    assert "before the one accepted last" in report.sources[0].refused


def test_the_wrong_school_year_is_held_and_nobody_departs(town: Town) -> None:
    many(town).sync(AUTUMN)
    kept = ("mor", "far", "eva", "kari", "per")
    town.world.drop(*(one for one in list(town.world.people) if one not in kept))
    report = town.sync(LATER)
    assert report.code == 3
    assert all(user.enabled for user in town.known().values())
    town.run(LATER + 90 * DAY)
    assert all(user.enabled for user in town.known().values()), "a held departure starts no clock"


def test_one_school_gone_is_held_at_that_school_and_the_others_go_on(town: Town) -> None:
    many(town)
    for number in range(30):
        town.world.put(Human(f"s{number}", f"S{number}", "Test"), Tied("1S", f"s{number}"), Tied("south", f"s{number}"))
    town.sync(AUTUMN)
    town.world.drop("south", "1S", *(f"s{number}" for number in range(30)), "siri")
    town.world.change("kari", family="Ny")
    report = town.sync(LATER)
    assert {entry.school_name for entry in report.held} >= {"Sør skole"}
    assert not any(entry.school_name == "Nord skole" for entry in report.held)
    assert town.known()["Kari", "school"].family_name == "Ny"
    assert town.known()["S3", "school"].enabled
    assert any(row["name"] == "Sør skole" for row in town.set().orgs.values()), (
        "a school is never deleted because it is missing"
    )


def test_ties_that_vanish_beside_an_old_dated_one_still_count_as_departures(town: Town) -> None:
    """A date explains a departure only if it explains everything that was taken away."""
    many(town)
    for number in range(60):
        town.world.put(Tied("7B", f"p{number}", end="2026-10-05"))
    town.sync(AUTUMN)
    for number in range(60):
        town.world.untie(f"p{number}", "7A").untie(f"p{number}", "north")
    report = town.sync(LATER)
    assert any(entry.kind == "person" and entry.action == "depart" for entry in report.held)


def test_an_approval_releases_exactly_what_was_held(town: Town) -> None:
    many(town).sync(AUTUMN)
    town.world.drop(*(f"p{number}" for number in range(30)))
    held = town.sync(LATER).held
    assert held
    store = town.store()
    for entry in held:
        store.approvals.approve(entry.digest, "oslo", "they moved", "tester", MADE, MADE + 7 * DAY)
    store.close()
    report = town.run(LATER)
    assert report.code == 0
    assert (
        report.delivered["person"]["depart"] == 30
        if "depart" in report.delivered.get("person", {})
        else report.changes["person"]["depart"] == 30
    )


def test_an_approval_is_void_when_the_world_has_moved(town: Town) -> None:
    many(town).sync(AUTUMN)
    town.world.drop(*(f"p{number}" for number in range(30)))
    held = town.sync(LATER).held
    store = town.store()
    for entry in held:
        store.approvals.approve(entry.digest, "oslo", "they moved", "tester", MADE, MADE + 7 * DAY)
    store.close()
    town.world.drop("p40")
    assert town.sync(LATER + DAY).code == 3


def test_a_slow_leak_trips_the_guard_too(town: Town) -> None:
    many(town, 100).sync(AUTUMN)
    codes = []
    for day in range(1, 6):
        town.world.drop(*(f"p{number}" for number in range(day * 3, day * 3 + 3)))
        codes.append(town.sync(AUTUMN + day * DAY).code)
    assert codes[0] == 0
    assert 3 in codes


def test_persons_without_names_are_counted_and_keep_their_last_good_state(town: Town) -> None:
    town.sync(AUTUMN)
    town.world.change("per", given="", family="")
    first = town.sync(LATER)
    town.world.change("kari", family="Ny")
    second = town.sync(LATER + DAY)
    assert (first.sources[0].rejected, second.sources[0].rejected) == (1, 1)
    assert town.known()["Per", "school"].enabled


def test_members_that_point_nowhere_are_counted_and_harm_nobody(town: Town) -> None:
    town.world.put(Tied("7A", "nobody"), Tied("nowhere", "kari"))
    report = town.sync(AUTUMN)
    assert report.code == 0
    assert any("not described" in reason for reason in report.sources[0].reasons)


def test_inverted_dates_give_no_access_and_lose_nobody(town: Town) -> None:
    town.world.put(
        Human("x", "Xenia", "Test"), Tied("north", "x"), Tied("7A", "x", begin="2026-12-01", end="2026-01-01")
    )
    town.sync(AUTUMN)
    xenia = town.known()["Xenia", "school"]
    assert xenia.enabled


def test_two_people_under_one_key_are_neither_mixed_nor_swapped(town: Town) -> None:
    town.sync(AUTUMN)
    other = Human("kari", "Lars", "Vik", date(2012, 12, 12)).xml()
    text = town.world.xml(MADE).replace("<group>", other + "<group>", 1)
    town.export(LATER, text)
    report = town.run(LATER)
    assert report.questions >= 1
    assert ("Lars", "school") not in town.known()
    assert town.known()["Kari", "school"].family_name == "Lund"


def mutations(text: bytes, seed: int) -> bytes:
    """One seeded accident: cut off, drop, repeat or flip bytes."""
    chance = random.Random(seed)
    at, size = chance.randrange(len(text)), chance.randrange(1, 400)
    kind = chance.randrange(4)
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[:at] + text[at + size :]
    if kind == 2:
        return text[:at] + text[at : at + size] + text[at:]
    flipped = bytearray(text)
    for _ in range(chance.randrange(1, 5)):
        flipped[chance.randrange(len(flipped))] ^= 1 << chance.randrange(8)
    return bytes(flipped)


def said_active(text: bytes) -> set[str]:
    """Whom a document says to be there, read by other means: those tied to a school, and the guardians of tied pupils."""
    root = etree.fromstring(text)
    people = {_key(one): one for one in root.iterfind("{*}person")}
    schools = {_key(one) for one in root.iterfind("{*}group") if _type(one) == SCHOOL}
    classes = {_key(one) for one in root.iterfind("{*}group") if _type(one) in CLASSES and _parent(one) in schools}
    tied = {
        _key(member)
        for element in root.iterfind("{*}membership")
        if _key(element) in schools | classes
        for member in element.iterfind("{*}member")
        if member.findtext("{*}role/{*}status") == "1"
    }
    guardians = {
        _key(contact)
        for one in tied & people.keys()
        for contact in people[one].iterfind("{*}extension/{*}pifu_hasContactPerson")
        if contact.get("type") == "guardian"
    }
    return {number for source, number in (tied | guardians) & people.keys() if source == SOURCE and number}


def _type(group: etree._Element) -> tuple[str | None, str | None]:
    return group.findtext("{*}grouptype/{*}scheme"), group.findtext("{*}grouptype/{*}typevalue")


def _parent(group: etree._Element) -> tuple[str | None, str | None]:
    relationship = group.find("{*}relationship")
    return (None, None) if relationship is None else _key(relationship)


def _key(element: etree._Element) -> tuple[str | None, str | None]:
    """Source and id: under another source, the same id is somebody else's."""
    return element.findtext("{*}sourcedid/{*}source"), element.findtext("{*}sourcedid/{*}id")


@pytest.mark.proof
@pytest.mark.slice
def test_no_accident_in_a_file_makes_anybody_depart_whom_a_whole_document_did_not(town: Town, proof_size: int) -> None:
    """Whatever happens to the bytes: a refused file makes nobody depart, an accepted one nobody whom it says is there."""
    town.sync(AUTUMN)
    good = town.world.xml(MADE).encode()
    store = town.store()
    user_of = {
        store.ids.user(town.person(one), face): one for one in town.world.people for face in ("school", "guardian")
    }
    store.close()
    accepted = 0
    for seed in range(proof_size):
        text = mutations(good, seed)
        town.export(LATER, text)
        report = town.run(LATER, "plan")
        departing = town.changed(report, "person", "depart")
        if not report.sources[0].accepted:
            assert departing == set(), f"seed {seed}: a refused file made {len(departing)} depart"
            continue
        accepted += 1
        assert {user_of[one] for one in departing} & said_active(text) == set(), f"seed {seed}"
        town.export(LATER, good)
        assert town.run(LATER, "plan").sources[0].accepted
    assert accepted, "some accidents leave a whole document"
