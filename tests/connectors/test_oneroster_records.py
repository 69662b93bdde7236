"""What a OneRoster entry becomes, in 1.1 and 1.2, however carelessly it is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rostersync.model import Record

from .contract import NOW, keyed
from .oneroster_parts import Service, enrollment, entry, only, records_of, school_class, to, user, whole


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service whose entries are told as they are written here."""
    with Service(tmp_path) as service:
        yield service


def person(service: Service, **told: Any) -> Record:
    """The record of one user like this."""
    roster = whole()
    roster["users"] = [entry("elev-1", givenName="Kari", familyName="Skogfjell") | told]
    service.offer(roster)
    return only(service.records(), "person")


def members(records: list[Record], group: str) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
    """Who belongs to a group: her id, and what is said of her."""
    found = only(records, "membership", group=group)
    return {(part.whose, tuple((name, *texts) for name, texts in part.fields.items())) for part in found.parts}  # type: ignore[misc]


# -- persons ----------------------------------------------------------------------------------------------------------


def test_a_user_of_1_1_is_read(service: Service) -> None:
    told = person(
        service,
        role="student",
        orgs=[to("skole")],
        userIds=[{"type": "Feide", "identifier": "kari@lunde.example"}],
        enabledUser=True,
        metadata={"hybel": "ja"},
        grades=["07"],
    )
    assert told.fields == {
        "sourcedId": ("elev-1",),
        "givenName": ("Kari",),
        "familyName": ("Skogfjell",),
        "enabledUser": ("true",),
        "role": ("student",),
        "userIds.Feide": ("kari@lunde.example",),
        "metadata.hybel": ("ja",),
        "grades": ("07",),
    }


def test_a_user_of_1_2_has_all_her_roles(service: Service) -> None:
    roles = [
        {"roleType": "primary", "role": "teacher", "org": to("skole")},
        {"roleType": "secondary", "role": "guardian", "org": to("eier"), "endDate": "2027-06-18"},
    ]
    roster = whole()
    told = entry(
        "lærer/1", givenName="Ellen", familyName="Dal", roles=roles, primaryOrg=to("skole"), email="e@x.example"
    )
    service.offer(roster | {"users": [told]})
    records = service.records()
    fields = only(records, "person").fields
    assert fields["role"] == ("teacher", "guardian")
    assert fields["email.guardian"] == ("e@x.example",)
    assert members(records, "org/skole") == {
        ("lærer/1", (("role", "teacher"), ("roleType", "primary"), ("home", "true")))
    }
    assert members(records, "org/eier") == {
        ("lærer/1", (("role", "guardian"), ("roleType", "secondary"), ("home", "false"), ("endDate", "2027-06-18")))
    }


def test_one_id_for_several_roles_is_one_person_in_two_records(service: Service) -> None:
    """FINT's provider lists a teacher who is also a mother twice under one id."""
    roster = whole()
    roster["users"] = [
        user("mor", "teacher", email="mor@skole.example"),
        user("mor", "parent", ("eier",), email="mor@hjem.example"),
    ]
    service.offer(roster)
    records = service.records()
    told = [one.fields for one in records if one.kind == "person"]
    assert [one["sourcedId"] for one in told] == [("mor",), ("mor",)]
    assert [one.get("email.guardian") for one in told] == [None, ("mor@hjem.example",)]
    assert members(records, "org/skole") == {("mor", (("role", "teacher"),))}


@pytest.mark.parametrize(
    "secret", ["password", "userProfiles", "resources", "pronouns", "birthDate", "sex", "children"]
)
def test_what_no_lms_needs_is_not_even_written_to_disk(service: Service, secret: str) -> None:
    roster = whole()
    roster["users"][0][secret] = [{"credentials": [{"password": "hunter2"}]}, "hunter2"]
    service.offer(roster)
    snapshot = service.snapshot()
    assert b"hunter2" not in Path(snapshot.path).read_bytes()


@pytest.mark.parametrize("empty", [None, [], {}, "", [None], [{}], [""]])
def test_a_null_or_nothing_where_a_list_belongs_is_no_list(service: Service, empty: object) -> None:
    names = ("roles", "orgs", "agents", "userIds", "grades", "metadata", "primaryOrg")
    told = person(service, **dict.fromkeys(names, empty))
    assert set(told.fields) == {"sourcedId", "givenName", "familyName"}


@pytest.mark.parametrize("odd", [7, True, "skole", {"sourcedId": "skole"}, [to("skole")], [["skole"]]])
def test_a_value_of_another_kind_than_the_standards_never_ends_a_run(service: Service, odd: object) -> None:
    names = ("roles", "orgs", "agents", "userIds", "grades", "metadata", "primaryOrg", "givenName", "identifier")
    assert person(service, **dict.fromkeys(names, odd)).fields["sourcedId"] == ("elev-1",)


def test_an_entry_without_an_id_comes_without_a_key_so_that_it_is_counted(service: Service) -> None:
    assert "sourcedId" not in person(service, sourcedId=None).fields


@pytest.mark.parametrize("number", ["a/b", "æøå 1", "../../etc", "100%", "x' OR '1'='1", "01"])
def test_an_id_is_taken_as_it_is(service: Service, number: str) -> None:
    roster = whole()
    roster["users"] = [user(number)]
    roster["classes"] = [school_class(number)]
    roster["enrollments"] = [enrollment(number, number)]
    service.offer(roster)
    records = service.records()
    assert only(records, "person").fields["sourcedId"] == (number,)
    assert members(records, f"class/{number}") == {(number, (("role", "student"),))}


def test_letters_are_composed_so_that_the_same_id_is_the_same(service: Service) -> None:
    assert person(service, sourcedId=" A\u030ase ", givenName="A\u030ase").fields["sourcedId"] == ("Åse",)


def test_a_nul_is_no_letter_and_goes(service: Service) -> None:
    """No database takes one in a text."""
    assert person(service, givenName="Ka\0ri\0").fields["givenName"] == ("Kari",)


# -- groups -----------------------------------------------------------------------------------------------------------


def group(service: Service, key: str = "class/7A", **more: Any) -> Record:
    """The record of a group, with these collections in place of our own."""
    service.offer(whole() | more)
    return only(service.records(), "group", key=key)


def test_a_class_has_its_school_its_course_and_its_period(service: Service) -> None:
    assert group(service).fields == {
        "key": ("class/7A",),
        "sourcedId": ("7A",),
        "title": ("7A",),
        "classType": ("homeroom",),
        "parent": ("org/skole",),
        "course.sourcedId": ("fag",),
        "course.title": ("Norsk",),
        "course.courseCode": ("NOR1260",),
        "begin": ("2026-08-01",),
        "end": ("2026-12-31",),
        "schoolYear": ("2027",),
    }


def test_an_organisation_and_a_class_with_one_id_are_two_groups(service: Service) -> None:
    service.offer(whole() | {"classes": [school_class("skole")], "enrollments": [enrollment("skole", "elev-1")]})
    records = service.records()
    assert only(records, "group", key="org/skole").fields["type"] == ("school",)
    assert only(records, "group", key="class/skole").fields["classType"] == ("homeroom",)
    assert members(records, "class/skole") == {("elev-1", (("role", "student"),))}


def test_a_class_of_two_terms_lasts_from_the_first_to_the_last(service: Service) -> None:
    terms = [
        entry("vår", startDate="2027-01-01", endDate="2027-06-18", schoolYear=2027),
        entry("høst", startDate="2026-08-17", endDate="2026-12-31", schoolYear="2027"),
    ]
    found = group(service, academicSessions=terms, classes=[school_class("7A", terms=[to("vår"), to("høst")])])
    assert (found.fields["begin"], found.fields["end"]) == (("2026-08-17",), ("2027-06-18",))


@pytest.mark.parametrize("terms", [[to("høst"), to("ukjent")], [to("ukjent")], None])
def test_where_a_term_is_not_described_nobody_knows_when_the_class_ends(service: Service, terms: object) -> None:
    found = group(service, classes=[school_class("7A", terms=terms)])
    assert not {"begin", "end"} & set(found.fields)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-12-31", "2026-12-31"),
        ("2026-12-31T00:00:00", "2026-12-31"),
        ("2026-12-31T12:00:00Z", "2026-12-31"),
        ("2026-12-30T23:00:00.000Z", "2026-12-31"),
        ("2026-12-31T23:59:59+01:00", "2026-12-31"),
        ("31.12.2026", "31.12.2026"),
        ("ved skoleårets slutt", "ved skoleårets slutt"),
    ],
)
def test_a_moment_is_a_date_in_our_zone_and_what_is_neither_is_left_to_the_mapping(
    service: Service, written: str, read: str
) -> None:
    terms = [entry("høst", startDate="2026-08-01", endDate=written)]
    assert group(service, academicSessions=terms).fields["end"] == (read,)


def test_a_change_of_a_term_or_a_course_is_a_change_of_the_class(service: Service) -> None:
    def digests() -> set[bytes]:
        connector = service.made()
        snapshot = connector.fetch(NOW)
        try:
            return {one.digest for one in connector.read(snapshot, keyed, connector.fields)}
        finally:
            connector.discard(snapshot)

    before = digests()
    roster = whole()
    roster["academicSessions"][0]["endDate"] = "2026-12-18"
    service.offer(roster)
    assert len(digests() - before) == 2, "both classes"
    roster["courses"][0]["title"] = "Norsk, skriftlig"
    service.offer(roster)
    assert len(digests() - before) == 2


# -- who belongs where ------------------------------------------------------------------------------------------------


def test_a_contact_teacher_can_be_told_from_the_class_she_teaches(service: Service) -> None:
    records = service.records()
    found = only(records, "membership", group="class/7A_kontakt")
    assert found.fields["metadata.additionalClassType"] == ("mentor",)
    assert members(records, "class/7A") == {
        ("elev-1", (("role", "student"), ("beginDate", "2026-08-17"))),
        ("lærer/1", (("role", "teacher"), ("primary", "true"))),
    }


def test_an_enrollment_of_somebody_or_somewhere_unknown_is_passed_on(service: Service) -> None:
    """FINT's provider leaves a pupil out and keeps her enrollments; it is counted where it is known who is missing."""
    roster = whole()
    roster["enrollments"] = [enrollment("7A", "ukjent"), enrollment("ukjent", "elev-1")]
    service.offer(roster)
    records = service.records()
    assert members(records, "class/7A") == {("ukjent", (("role", "student"),))}
    assert members(records, "class/ukjent") == {("elev-1", (("role", "student"),))}


@pytest.mark.parametrize("lacking", ["class", "user"])
def test_an_enrollment_that_does_not_say_whose_or_where_is_passed_on_for_the_mapping_to_reject(
    service: Service, lacking: str
) -> None:
    roster = whole()
    roster["enrollments"] = [enrollment("7A", "elev-1") | {lacking: None}]
    service.offer(roster)
    (found,) = (one for one in service.records() if one.kind == "membership" and "org" not in str(one.fields))
    assert ("group" in found.fields, found.parts[0].whose) == ((False, "elev-1") if lacking == "class" else (True, ""))


def test_one_pupil_listed_twice_in_a_class_is_there_once(service: Service) -> None:
    roster = whole()
    roster["enrollments"] = [enrollment("7A", "elev-1"), enrollment("7A", "elev-1") | {"sourcedId": "again"}]
    service.offer(roster)
    assert len(only(service.records(), "membership", group="class/7A").parts) == 1


# -- guardians --------------------------------------------------------------------------------------------------------


def contacts(service: Service, *users: dict[str, Any]) -> dict[str, list[tuple[str, ...]]]:
    """Person -> the adults who come with her record."""
    service.offer(whole() | {"users": list(users)})
    return {
        record.fields["sourcedId"][0]: [
            tuple(text for texts in part.fields.values() for text in texts) for part in record.parts
        ]
        for record in service.records()
        if record.kind == "person"
    }


def test_a_pupil_names_her_adults_with_their_role(service: Service) -> None:
    found = contacts(
        service,
        user("elev-1", agents=[to("mor"), to("tante"), to("ukjent"), to("mor")]),
        user("mor", "parent"),
        user("tante", "relative"),
    )
    assert found == {"elev-1": [("mor", "parent"), ("tante", "relative"), ("ukjent",)], "mor": [], "tante": []}


def test_where_no_pupil_names_anybody_the_adults_do(service: Service) -> None:
    found = contacts(
        service, user("elev-1"), user("elev-2"), user("mor", "guardian", agents=[to("elev-1"), to("elev-2")])
    )
    assert found == {"elev-1": [("mor", "guardian")], "elev-2": [("mor", "guardian")], "mor": []}


def test_a_link_that_lives_on_in_the_adults_row_alone_is_over(service: Service) -> None:
    """The father has lost custody: his row still names the child, hers no longer names him."""
    found = contacts(
        service,
        user("elev-1", agents=[to("mor")]),
        user("mor", "parent", agents=[to("elev-1")]),
        user("far", "parent", agents=[to("elev-1")]),
    )
    assert found["elev-1"] == [("mor", "parent")]


def test_a_grown_up_pupil_is_not_her_childs_ward(service: Service) -> None:
    found = contacts(
        service,
        user("mor", "student", agents=[to("elev-1")]) | {"role": "", "orgs": [], "roles": [
            {"role": "student", "org": to("skole")}, {"role": "parent", "org": to("eier")}]},
        user("elev-1", agents=[to("mor")]),
    )  # fmt: skip
    assert found == {"mor": [], "elev-1": [("mor", "parent")]}


def test_guardians_stay_in_the_source_unless_the_config_lets_them_out(service: Service) -> None:
    connector = service.made(guardians=False)
    assert not [part for record in records_of(connector) if record.kind == "person" for part in record.parts]
