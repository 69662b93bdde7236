"""When FINT's answers count as whole: paging, what changes meanwhile, empty and shrunken caches, and changes between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.connectors import Snapshot
from rostersync.connectors.fint.note import Note
from rostersync.connectors.fint.records import FIELDS
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.model import Record

from .contract import NOW, keyed
from .fint_county import ADA, BO, CLASS, ELEV, MENTOR, PERSON, SCHOOL, STAFF, STAY, UNIT, Site, human, link, site


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        found.send()
        yield found


def fetched(here: Site, cursor: str = "", hours: float = 0) -> tuple[Snapshot, list[Record]]:
    """A snapshot taken some hours after the first, and its records."""
    connector = here.connector
    snapshot = connector.fetch(NOW + timedelta(hours=hours), (), cursor)
    try:
        return snapshot, [one.parse() for one in connector.read(snapshot, keyed, FIELDS)]
    finally:
        connector.discard(snapshot)


def ids(records: list[Record]) -> set[str]:
    return {one.fields["id"][0] for one in records if "id" in one.fields}


def asked_for(here: Site, path: str) -> list[str]:
    """The offsets asked for of a path, or the moment since when."""
    return [one.one("sinceTimeStamp") or one.one("offset") for one in here.server.asked if one.path == f"/{path}"]


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
def test_every_page_size_gives_the_same_records(here: Site, size: int) -> None:
    _, at_once = fetched(here)
    here.change(page_size=size)
    assert sorted(map(str, fetched(here)[1])) == sorted(map(str, at_once))


def test_pages_are_asked_for_by_offset_and_no_link_is_followed(here: Site) -> None:
    here.change(page_size=2)
    fetched(here)
    assert asked_for(here, PERSON) == ["0", "2"]


def test_repeated_entries_count_once(here: Site) -> None:
    _, before = fetched(here)
    here.faults.switch("repeated")
    assert sorted(map(str, fetched(here)[1])) == sorted(map(str, before))


@pytest.mark.parametrize("fault", ["reordered", "lost"])
def test_what_paging_loses_one_answer_with_everything_gives(here: Site, fault: str) -> None:
    here.change(page_size=1)
    here.faults.switch(fault)
    _, records = fetched(here)
    assert {"fint/elev/ada-id", "fint/elev/bo-id"} <= ids(records)
    assert asked_for(here, PERSON)[-1] == ""


def test_what_no_answer_holds_is_never_taken_for_gone(here: Site) -> None:
    here.faults.switch("duplicated")
    with pytest.raises(SourceUnavailable, match="it cannot be read whole: it tells of 4 entries and gave 3"):
        fetched(here)
    assert not list(here.spool.iterdir())


def test_a_resource_that_changes_while_it_is_read_is_read_again(here: Site) -> None:
    here.change(page_size=1)
    here.faults.switch("moving")
    _, records = fetched(here)
    assert asked_for(here, PERSON)[-1] == "", "the last time in one answer, which is consistent in itself"
    assert "fint/elev/ada-id" in ids(records)


def test_a_foreign_number_of_entries_in_the_envelope_is_not_believed(here: Site) -> None:
    """total_items is the whole cache's size, whatever is asked for; only what comes is counted."""
    snapshot, _ = fetched(here)
    _, records = fetched(here, snapshot.cursor, 1)
    assert records == []


# -- losses -----------------------------------------------------------------------------------------------------------


def test_an_empty_cache_is_refused_and_says_which(here: Site) -> None:
    here.faults.switch("empty")
    with pytest.raises(SnapshotRefused, match="FINT holds nothing of skole, person, elev") as caught:
        fetched(here)
    assert not caught.value.releasable
    assert not list(here.spool.iterdir())


def test_a_resource_may_be_empty_where_the_config_says_so(here: Site) -> None:
    for path in (MENTOR, f"{MENTOR}medlemskap"):
        here.county.entries[path].clear()
    here.send()
    with pytest.raises(SnapshotRefused, match="nothing of kontaktlarergruppe, kontaktlarergruppemedlemskap"):
        fetched(here)
    here.change(may_be_empty=("kontaktlarergruppe", "kontaktlarergruppemedlemskap"))
    assert "fint/klasse/1A" in ids(fetched(here)[1])


def test_a_cache_that_lost_too_much_since_the_last_full_read_is_refused_until_released(here: Site) -> None:
    first, _ = fetched(here)
    here.faults.switch("shrunk")
    with pytest.raises(SnapshotRefused, match=r"elev 2 -> 1; elevforhold 2 -> 1") as caught:
        fetched(here, first.cursor, 25)
    assert caught.value.releasable
    connector = here.connector
    released = connector.fetch(NOW + timedelta(hours=25), (caught.value.digest,), first.cursor)
    connector.discard(released)
    assert released.digest == caught.value.digest


def test_a_component_that_is_suddenly_withheld_is_a_loss(here: Site) -> None:
    first, _ = fetched(here)
    del here.double.caches["administrasjon/personal/personalressurs"]
    with pytest.raises(SnapshotRefused, match="personalressurs 1 -> 0"):
        fetched(here, first.cursor, 25)


def test_what_makes_up_nobody_may_be_empty_smaller_or_withheld(here: Site) -> None:
    cursor = fetched(here)[0].cursor
    here.county.entries[UNIT].clear()
    here.send()
    snapshot, _ = fetched(here, cursor, 25)
    here.double.caches.pop(UNIT)
    later, _ = fetched(here, snapshot.cursor, 50)
    assert "not for us: organisasjonselement" in later.label


def test_one_that_never_was_there_is_told_of_in_the_proof(here: Site) -> None:
    for path in ("administrasjon/personal/personalressurs", "administrasjon/personal/person"):
        del here.double.caches[path]
    connector = here.connector
    snapshot = connector.fetch(NOW)
    reading = connector.read(snapshot, keyed, FIELDS)
    list(reading)
    connector.discard(snapshot)
    assert reading.proof.endswith("not for us: personalressurs, ansatt")


# -- between full reads -----------------------------------------------------------------------------------------------


def test_between_full_reads_an_unchanged_fint_is_the_same_snapshot(here: Site) -> None:
    first, _ = fetched(here)
    before = len(here.server.asked)
    again, records = fetched(here, first.cursor, 1)
    assert (again.partial, again.digest, records) == (True, first.digest, [])
    assert all("sinceTimeStamp" in dict(one.query) for one in here.server.asked[before:] if one.path == f"/{PERSON}")


def test_what_has_changed_is_told_and_the_rest_is_not(here: Site) -> None:
    first, _ = fetched(here)
    here.county.find(ELEV, "bo-id")["feidenavn"]["identifikatorverdi"] = "ny@lysvik.example"
    here.send()
    changed, records = fetched(here, first.cursor, 1)
    assert changed.partial
    assert {one.kind for one in records} == {"person"}
    assert [one.fields["feidenavn"] for one in records if one.fields["id"] == ("fint/elev/bo-id",)] == [
        ("ny@lysvik.example",)
    ]


def test_a_group_of_which_anything_changed_is_told_whole(here: Site) -> None:
    first, _ = fetched(here)
    here.county.find(f"{CLASS}medlemskap", "m-1A-bo")["gyldighetsperiode"] = {"slutt": "2026-11-01T12:00:00Z"}
    here.send()
    _, records = fetched(here, first.cursor, 1)
    (members,) = [one for one in records if one.kind == "membership"]
    assert {part.whose for part in members.parts} == {"fint/elev/ada-id", "fint/elev/bo-id", "fint/skoleressurs/dag-id"}


def test_who_is_at_a_school_is_told_by_a_full_read_only(here: Site) -> None:
    first, _ = fetched(here)
    here.county.find(STAFF, "dag-id")["feidenavn"]["identifikatorverdi"] = "ny@lysvik.example"
    here.county.find(SCHOOL, "s1")["navn"] = "Nye Prøvebakken"
    here.send()
    _, records = fetched(here, first.cursor, 1)
    assert [one.fields["navn"] for one in records if one.fields.get("id") == ("fint/skole/s1",)] == [
        ("Nye Prøvebakken",)
    ]
    assert not [one for one in records if one.fields.get("gruppe") == ("fint/skole/s1",)]
    assert "fint/klasse/1A" in {one.fields["gruppe"][0] for one in records if one.kind == "membership"}


def test_a_part_that_lost_too_much_is_refused_too(here: Site) -> None:
    first, _ = fetched(here)
    for pupil in here.county.entries[ELEV]:
        pupil["gjest"] = True
    here.send()
    here.faults.switch("shrunk")
    with pytest.raises(SnapshotRefused, match="elev 2 -> 1"):
        fetched(here, first.cursor, 1)
    here.faults.switch("empty")
    with pytest.raises(SnapshotRefused, match="nothing of"):
        fetched(here, first.cursor, 25)
    assert not list(here.spool.iterdir())


def test_what_was_deleted_shows_in_the_next_full_read_only(here: Site) -> None:
    first, _ = fetched(here)
    here.county.drop(STAY, "stay-bo")
    here.county.drop(ELEV, "bo-id")
    here.county.drop(PERSON, BO)
    for path in (CLASS, MENTOR, "utdanning/timeplan/undervisningsgruppe"):
        here.county.entries[f"{path}medlemskap"] = here.county.entries[f"{path}medlemskap"][:1]
    here.send()
    here.change(shrink=60)
    hourly, records = fetched(here, first.cursor, 1)
    assert (hourly.digest, records) == (first.digest, [])
    full, records = fetched(here, hourly.cursor, 25)
    assert not full.partial
    assert "fint/elev/bo-id" not in ids(records)


def test_a_deletion_that_came_with_a_change_shows_in_the_next_full_read_too(here: Site) -> None:
    first, _ = fetched(here)
    here.county.drop(ELEV, "bo-id")
    here.county.find(ELEV, "ada-id")["gjest"] = True
    here.send()
    here.change(shrink=60)
    hourly, records = fetched(here, first.cursor, 1)
    assert hourly.partial
    assert "fint/elev/ada-id" in ids(records)
    full, records = fetched(here, hourly.cursor, 25)
    assert full.digest not in (first.digest, hourly.digest)
    assert "fint/elev/ada-id" in ids(records), "the same bytes as an hour ago, and yet they are read"
    again, records = fetched(here, full.cursor, 50)
    assert (again.digest, records) == (full.digest, []), "nothing has changed since a full read"


def test_a_full_read_of_an_unchanged_fint_reads_nothing(here: Site) -> None:
    first, _ = fetched(here)
    full, records = fetched(here, first.cursor, 25)
    assert (full.partial, full.digest, records) == (False, first.digest, [])
    assert Note.of(full.cursor).full_at == NOW + timedelta(hours=25)


@pytest.mark.parametrize("settings", [{"guardians": False}, {"zone": "UTC"}, {"full_every": None}])
def test_other_settings_are_no_time_for_a_part(here: Site, settings: dict[str, object]) -> None:
    first, _ = fetched(here)
    here.change(**settings)
    assert not fetched(here, first.cursor, 1)[0].partial


def test_another_model_is_no_time_for_a_part(here: Site, tmp_path: Path) -> None:
    first, _ = fetched(here)
    (tmp_path / "old").mkdir()
    with site(tmp_path / "old") as old:
        old.double.full_sync(here.county.of_model_3())
        assert not fetched(old, first.cursor, 1)[0].partial


def test_a_clock_set_back_is_no_reason_to_wait_for_a_full_read(here: Site) -> None:
    first, _ = fetched(here)
    assert not fetched(here, first.cursor, -1)[0].partial


@pytest.mark.parametrize("cursor", ["", "nonsense", "[]", '{"full_at": 7}'])
def test_without_a_note_that_can_be_read_everything_is(here: Site, cursor: str) -> None:
    snapshot, records = fetched(here, cursor)
    assert not snapshot.partial
    assert "fint/elev/ada-id" in ids(records)


def test_a_record_is_recognised_by_all_that_it_is_made_of(here: Site) -> None:
    def digests() -> dict[str, bytes]:
        here.send()
        connector = here.connector
        snapshot = connector.fetch(NOW)
        found = {}
        for one in connector.read(snapshot, keyed, FIELDS):
            fields = one.parse().fields
            found[f"{one.kind} {(fields.get('id') or fields['gruppe'])[0]}"] = one.digest
        connector.discard(snapshot)
        return found

    def changed() -> set[str]:
        nonlocal before
        after = digests()
        found = {key for key in after if before.get(key) != after[key]}
        before = after
        return found

    before = digests()
    assert changed() == set()
    here.county.find(PERSON, ADA)["navn"]["fornavn"] = "Ada Marie"
    assert changed() == {"person fint/elev/ada-id"}
    here.county.entries[PERSON].reverse()
    assert changed() == set()
    here.county.find(PERSON, BO)["_links"]["foreldre"] = link(PERSON, "03867932088", "fodselsnummer")
    assert changed() == {"person fint/elev/bo-id"}
    here.county.find("utdanning/kodeverk/elevkategori", "2")["navn"] = "deltid"
    assert changed() == {f"membership fint/{one}" for one in (
        "skole/s1", "klasse/1A", "undervisningsgruppe/NOR", "kontaktlarergruppe/1A-k",
    )}  # fmt: skip
    here.county.find("utdanning/kodeverk/termin", "V")["gyldighetsperiode"]["slutt"] = "2027-06-30T12:00:00Z"
    assert changed() == {
        f"group fint/{one}" for one in ("klasse/1A", "undervisningsgruppe/NOR", "kontaktlarergruppe/1A-k")
    }
    here.county.entries[PERSON].append(human(PERSON, "11111111111", "Ikke", "Med"))
    assert changed() == set()
