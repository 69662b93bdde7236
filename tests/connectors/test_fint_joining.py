"""How FINT's entries come together as persons, groups and memberships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rostersync.connectors.fint import FintConnector
from rostersync.connectors.fint.records import FIELDS
from rostersync.mapping import parse_mapping, parse_roles
from rostersync.model import MembershipClaim, PersonClaim
from tests.conftest import ROOT

from .contract import NOW, keyed
from .fint_county import (
    ADA,
    CLASS,
    ELEV,
    EMPLOYEE,
    EMPLOYMENT,
    FATHER,
    MENTOR,
    MOTHER,
    PERSON,
    POST,
    SCHOOL,
    STAFF,
    STAY,
    TEACHER,
    TEACHING,
    TERM,
    UNIT,
    YEAR,
    Site,
    entry,
    human,
    link,
    site,
    value,
)

PUPIL, DAG = "fint/elev/ada-id", "fint/skoleressurs/dag-id"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as found:
        yield found


def contacts(here: Site, pupil: str = PUPIL) -> set[str]:
    return {part.fields["id"][0] for part in here.record(pupil).parts}


# -- persons ----------------------------------------------------------------------------------------------------------


def test_a_pupil_is_her_elev_and_her_person_in_one(here: Site) -> None:
    assert here.record(PUPIL).fields == {
        "id": (PUPIL,),
        "rolle": ("elev",),
        "systemId": ("ada-id",),
        "elevnummer": ("nr-ada",),
        "feidenavn": ("ada@lysvik.example",),
        "gjest": ("nei",),
        "fodselsnummer": (ADA,),
        "fodselsdato": ("2010-03-04",),
        "navn.fornavn": ("Ada",),
        "navn.etternavn": ("Prøvesen",),
    }


def test_an_employee_has_her_name_from_the_personnel_component(here: Site) -> None:
    fields = here.record(DAG).fields
    assert (fields["navn.fornavn"], fields["fodselsnummer"]) == (("Dag",), (TEACHER,))


def test_an_employee_who_is_not_there_has_it_from_the_schools_own(here: Site) -> None:
    here.county.drop(EMPLOYEE, TEACHER)
    here.county.entries[EMPLOYEE].append(human(EMPLOYEE, "11111111111", "En", "Annen"))
    here.county.entries[PERSON].append(human(PERSON, TEACHER, "Dag", "Lærersen"))
    here.county.find(STAFF, "dag-id")["_links"]["person"] = link(PERSON, TEACHER, "fodselsnummer")
    assert here.record(DAG).fields["navn.etternavn"] == ("Lærersen",)


def test_an_employee_without_employment_is_a_person_without_a_name(here: Site) -> None:
    del here.county.find(STAFF, "dag-id")["_links"]["personalressurs"]
    assert "navn.fornavn" not in here.record(DAG).fields


def test_a_pupil_whose_person_is_withheld_is_still_told_of(here: Site) -> None:
    here.county.drop(PERSON, ADA)
    assert here.record(PUPIL).fields["systemId"] == ("ada-id",)


def test_a_pupil_without_any_person_is_too(here: Site) -> None:
    del here.county.find(ELEV, "ada-id")["_links"]["person"]
    assert "fodselsnummer" not in here.record(PUPIL).fields


def test_two_elev_of_one_person_are_two_records_for_identity_to_join(here: Site) -> None:
    again = entry(ELEV, "ada-again", {}, person=link(PERSON, ADA, "fodselsnummer"))
    here.county.entries[ELEV].append(again)
    assert {one.fields["id"][0] for one in here.records() if one.fields.get("fodselsnummer") == (ADA,)} >= {
        PUPIL,
        "fint/elev/ada-again",
    }


def test_whom_nothing_makes_a_pupil_parent_or_employee_never_leaves(here: Site) -> None:
    here.county.entries[PERSON].append(human(PERSON, "11111111111", "En", "Lærling"))
    assert not [one for one in here.records() if "Lærling" in str(one.fields)]


# -- parents ----------------------------------------------------------------------------------------------------------


def test_parents_come_from_either_direction_of_the_link(here: Site) -> None:
    assert contacts(here) == {f"fint/{MOTHER}", f"fint/{FATHER}"}
    assert {f"fint/{MOTHER}", f"fint/{FATHER}"} <= {one.fields.get("id", ("",))[0] for one in here.records()}


def test_only_a_parent_carries_an_e_mail_address(here: Site) -> None:
    here.county.find(PERSON, ADA)["kontaktinformasjon"] = {"epostadresse": "ada@privat.example"}
    carrying = [one for one in here.records() if "kontaktinformasjon.epostadresse" in one.fields]
    assert {one.fields["rolle"] for one in carrying} == {("foresatt",)}
    assert here.record(f"fint/{MOTHER}").fields["kontaktinformasjon.epostadresse"] == ("Mor@privat.example",)


def test_without_the_switch_no_parent_leaves_and_no_child_points_to_one(here: Site) -> None:
    here.change(guardians=False)
    records = here.records()
    assert not [one for one in records if one.fields.get("rolle") == ("foresatt",)]
    assert not [part for one in records for part in one.parts if part.kind == "contact"]


def test_next_of_kin_are_no_parents(here: Site) -> None:
    here.county.find(PERSON, ADA)["_links"]["parorende"] = link("utdanning/elev/kontaktperson", "kp1")
    assert len(contacts(here)) == 2
    here.send()
    assert not [one for one in here.server.asked if "kontaktperson" in one.path]


# -- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "kind"), [(CLASS, "klasse"), (TEACHING, "undervisningsgruppe"), (MENTOR, "kontaktlarergruppe")]
)
def test_a_group_lasts_over_all_its_terms(here: Site, path: str, kind: str) -> None:
    key = here.county.entries[path][0]["systemId"]["identifikatorverdi"]
    fields = here.record(f"fint/{kind}/{key}").fields
    assert (fields["start"], fields["slutt"]) == (("2026-08-17",), ("2027-06-18",))
    assert fields["skole"] == ("fint/skole/s1",)


def test_a_group_of_one_term_ends_with_it(here: Site) -> None:
    here.county.find(CLASS, "1A")["_links"]["termin"] = link(TERM, "H")
    assert here.record("fint/klasse/1A").fields["slutt"] == ("2027-01-15",)


def test_a_group_without_terms_lasts_over_its_school_year(here: Site) -> None:
    links = here.county.find(CLASS, "1A")["_links"]
    del links["termin"]
    links["skolear"] = link(YEAR, "Y")
    assert here.record("fint/klasse/1A").fields["slutt"] == ("2027-06-18",)


def test_a_group_that_says_neither_always_is(here: Site) -> None:
    del here.county.find(CLASS, "1A")["_links"]["termin"]
    fields = here.record("fint/klasse/1A").fields
    assert "start" not in fields
    assert "slutt" not in fields


# -- memberships ------------------------------------------------------------------------------------------------------


def test_a_class_has_its_pupils_and_its_teacher(here: Site) -> None:
    members = here.members("fint/klasse/1A")
    assert members.keys() == {PUPIL, "fint/elev/bo-id", DAG}
    assert members[PUPIL] == {"rolle": ("elev",), "start": ("2026-08-17",), "kategori": ("heltid",)}
    assert members[DAG] == {"rolle": ("larer",)}


def test_a_school_has_everybody_and_is_the_main_school_where_hovedskole_says_so(here: Site) -> None:
    members = here.members("fint/skole/s1")
    assert members.keys() == {PUPIL, "fint/elev/bo-id", DAG}
    assert all(fields["hovedskole"] == ("ja",) for fields in members.values())
    assert members[DAG]["rolle"] == ("larer",)


def test_who_works_at_a_school_and_teaches_no_group_is_an_employee(here: Site) -> None:
    here.county.employee("kari", "11111111111", "Kari", "Kontor")
    here.county.drop(POST, "post-kari")
    here.county.employee("ola", "22222222222", "Ola", "Rådgiver")
    members = here.members("fint/skole/s1")
    assert {members[f"fint/skoleressurs/{who}-id"]["rolle"] for who in ("kari", "ola")} == {("ansatt",)}


def test_who_leads_the_unit_that_a_school_is_leads_the_school(here: Site) -> None:
    here.county.employee("liv", "33333333333", "Liv", "Rektor")
    member = here.members("fint/skole/s1")["fint/skoleressurs/liv-id"]
    assert member == {"rolle": ("leder",)}


def test_a_leader_who_teaches_is_both(here: Site) -> None:
    here.county.find(UNIT, "o1")["_links"]["leder"] = link(EMPLOYMENT, "a-dag", "ansattnummer")
    assert roles(here, DAG) == ["larer", "leder"]


def test_a_leader_is_found_by_any_identifier_of_her_employment(here: Site) -> None:
    here.county.find(EMPLOYMENT, "a-dag")["_links"]["self"] += link(EMPLOYMENT, "sys-dag")
    here.county.find(UNIT, "o1")["_links"]["leder"] = link(EMPLOYMENT, "sys-dag")
    assert roles(here, DAG) == ["larer", "leder"]


def test_a_leader_leads_a_school_at_which_she_has_no_post(here: Site) -> None:
    here.county.employee("liv", "33333333333", "Liv", "Rektor")
    here.county.drop(POST, "post-liv")
    del here.county.find(STAFF, "liv-id")["_links"]["skole"]
    assert roles(here, "fint/skoleressurs/liv-id") == ["leder"]


def test_a_leader_who_is_at_no_school_is_nobody_here(here: Site) -> None:
    assert here.members("fint/skole/s1").keys() == {PUPIL, "fint/elev/bo-id", DAG}


@pytest.mark.parametrize("path", [UNIT, SCHOOL])
def test_a_school_whose_unit_cannot_be_found_has_no_leader(here: Site, path: str) -> None:
    here.county.find(UNIT, "o1")["_links"]["leder"] = link(EMPLOYMENT, "a-dag", "ansattnummer")
    if path == SCHOOL:
        del here.county.find(SCHOOL, "s1")["_links"]["organisasjon"]
    else:
        here.county.entries[UNIT].clear()
    assert roles(here, DAG) == ["larer"]


def roles(here: Site, who: str) -> list[str]:
    """Every role that somebody holds at the school."""
    (school,) = [one for one in here.records() if one.fields.get("gruppe") == ("fint/skole/s1",)]
    return sorted(part.fields["rolle"][0] for part in school.parts if part.whose == who)


def test_a_teacher_is_found_from_the_groups_side_of_the_link_too(here: Site) -> None:
    here.county.find(TEACHING, "NOR")["_links"]["undervisningsforhold"] = link(POST, "post-dag")
    assert DAG in here.members("fint/undervisningsgruppe/NOR")


def test_a_member_is_one_on_the_days_when_elevforhold_and_membership_both_are(here: Site) -> None:
    stay, member = here.county.find(STAY, "stay-ada"), here.county.find(f"{CLASS}medlemskap", "m-1A-ada")
    stay["gyldighetsperiode"] = {"start": "2026-08-17T00:00:00Z", "slutt": "9999-12-31T00:00:00Z"}
    member["gyldighetsperiode"] = {"start": "2026-08-31T22:00:00Z", "slutt": "2026-12-01T23:00:00Z"}
    found = here.members("fint/klasse/1A")[PUPIL]
    assert (found["start"], found["slutt"]) == (("2026-09-01",), ("2026-12-02",))


def test_who_has_stopped_is_out_from_that_day(here: Site) -> None:
    here.county.find(STAY, "stay-ada")["avbruddsdato"] = "2026-10-01T12:00:00Z"
    for group in ("fint/klasse/1A", "fint/skole/s1"):
        assert here.members(group)[PUPIL]["slutt"] == ("2026-10-01",)


def test_a_link_by_another_identifier_of_the_same_pupil_leads_to_her(here: Site) -> None:
    here.county.find(STAY, "stay-ada")["_links"]["elev"] = link(ELEV, "nr-ada", "elevnummer")
    assert PUPIL in here.members("fint/klasse/1A")


def test_links_may_be_in_any_capitals_but_for_the_value_and_name_any_host(here: Site) -> None:
    links = here.county.find(f"{CLASS}medlemskap", "m-1A-ada")["_links"]
    links["elevforhold"] = [{"href": "https://beta.felleskomponent.no/Utdanning/Elev/elevforhold/SystemId/stay-ada"}]
    assert PUPIL in here.members("fint/klasse/1A")
    links["elevforhold"] = link(STAY, "STAY-ADA")
    assert PUPIL not in here.members("fint/klasse/1A")


def test_a_link_that_leads_nowhere_costs_that_membership_only(here: Site) -> None:
    here.county.member(CLASS, "1A", "nobody")
    here.county.member(CLASS, "9Z", "ada")
    assert here.members("fint/klasse/1A").keys() == {PUPIL, "fint/elev/bo-id", DAG}


def test_ids_with_slashes_spaces_and_norwegian_letters_are_ids(here: Site) -> None:
    key = "ås/1 Æ"
    stay = here.county.find(STAY, "stay-ada")
    for link_ in (
        stay["_links"]["self"][0],
        here.county.find(f"{CLASS}medlemskap", "m-1A-ada")["_links"]["elevforhold"][0],
    ):
        link_["href"] = link_["href"].replace("stay-ada", "%C3%A5s/1%20Æ")
    stay["systemId"] = value(key)
    assert PUPIL in here.members("fint/klasse/1A")


# -- what comes of it -------------------------------------------------------------------------------------------------


def test_both_models_give_the_same_records(here: Site, tmp_path: Path) -> None:
    of_model_4 = sorted(map(str, here.records()))
    (tmp_path / "old").mkdir()
    with site(tmp_path / "old", model="3") as old:
        old.county.entries = here.county.of_model_3()
        assert sorted(map(str, old.records())) == of_model_4


def test_the_bundled_mapping_makes_of_it_what_the_role_model_wants(here: Site) -> None:
    here.county.pupil("per", "11111111111", "Per", "Privatist")
    here.county.find(STAY, "stay-per")["_links"]["kategori"] = link("utdanning/kodeverk/elevkategori", "1")
    here.county.pupil("gro", "22222222222", "Gro", "Gjest")
    here.county.find(ELEV, "gro-id")["gjest"] = True
    roles = parse_roles((ROOT / "mappings/roles/oslo.yaml").read_text(), "oslo.yaml")
    text = (ROOT / "mappings/visma-inschool.yaml").read_text()
    mapping = parse_mapping(text, "visma-inschool.yaml", fields=FIELDS, roles=roles)
    here.send()
    connector: FintConnector = here.connector
    snapshot = connector.fetch(NOW)
    mapped = [mapping.read(one.parse()) for one in connector.read(snapshot, keyed, mapping.wanted)]
    connector.discard(snapshot)
    assert [one.rejected for one in mapped if one.rejected] == []
    left = {one.claim.key: one.claim.left for one in mapped if isinstance(one.claim, PersonClaim) and one.claim.left}
    assert left == {"fint/elev/gro-id": "guest pupil (gjest)"}
    ties = {
        (one.claim.key, tie.person): (tie.role, tie.primary, tie.left)
        for one in mapped
        if isinstance(one.claim, MembershipClaim)
        for tie in one.claim.ties
    }
    assert ties["fint/skole/s1", PUPIL] == ("pupil", True, "")
    assert ties["fint/skole/s1", "fint/elev/per-id"][2] == "external candidate (privatist)"
    assert ties["fint/kontaktlarergruppe/1A-k", DAG] == ("contact_teacher", False, "")
    assert ties["fint/klasse/1A", DAG] == ("teacher", False, "")


def test_a_school_is_found_by_any_of_its_numbers(here: Site) -> None:
    school = here.county.find(SCHOOL, "s1")
    school["_links"]["self"] = [*link(SCHOOL, "999900011", "organisasjonsnummer"), *link(SCHOOL, "s1")]
    here.county.find(STAY, "stay-ada")["_links"]["skole"] = link(SCHOOL, "999900011", "organisasjonsnummer")
    assert here.members("fint/skole/s1").keys() == {PUPIL, "fint/elev/bo-id", DAG}


def test_an_employment_is_found_by_any_of_its_identifiers(here: Site) -> None:
    work = here.county.find(EMPLOYMENT, "a-dag")
    work["_links"]["self"] = [*link(EMPLOYMENT, "dag01", "brukernavn"), *work["_links"]["self"]]
    here.county.find(STAFF, "dag-id")["_links"]["personalressurs"] = link(EMPLOYMENT, "dag01", "brukernavn")
    assert here.record(DAG).fields["navn.fornavn"] == ("Dag",)
