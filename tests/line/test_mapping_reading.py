"""What a mapping makes of records: claims, what is left out, and what cannot be used."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from rostersync.mapping import Mapping
from rostersync.model import (
    Claim,
    Contact,
    GroupClaim,
    MembershipClaim,
    PersonClaim,
    Record,
    Rejected,
    Skipped,
    Tie,
)
from tests.line.mapping_texts import TEXT, edited, group, member, membership, parse, person, record

SMALL = parse()


def claim_of(made: Record, mapping: Mapping = SMALL) -> Claim:
    """The claim of a record with which nothing is wrong."""
    mapped = mapping.read(made)
    assert mapped.rejected == mapped.skipped == ()
    assert mapped.claim is not None
    return mapped.claim


def values_of(made: Record, mapping: Mapping = SMALL) -> dict[str, str]:
    claim = mapping.read(made).claim
    assert isinstance(claim, PersonClaim)
    return dict(claim.values)


# -- persons --------------------------------------------------------------------------------------------------------


def test_a_person_has_her_values_in_the_order_of_the_field_words() -> None:
    made = person(bday="2012-08-15", email="kari@x.example", nin="158812 50036", userid__sisID="007")
    assert claim_of(made) == PersonClaim(
        "x/1",
        (
            ("national_number", "15881250036"),
            ("sis_id", "007"),
            ("given_name", "Kari"),
            ("family_name", "Eksempel"),
            ("birth_date", "2012-08-15"),
            ("email", "kari@x.example"),
        ),
    )


def test_every_text_is_cleaned() -> None:
    assert values_of(person(name__given="  Kari\u00a0 Anne\u200b"))["given_name"] == "Kari Anne"


def test_the_first_source_field_that_holds_something_wins() -> None:
    assert values_of(person(email=" ", email2="b@x.example"))["email"] == "b@x.example"
    assert values_of(person(email="a@x.example", email2="b@x.example"))["email"] == "a@x.example"
    assert values_of(person(email=("", "c@x.example"), email2="b@x.example"))["email"] == "c@x.example"


def test_a_value_that_is_missing_everywhere_is_no_value() -> None:
    assert set(values_of(person())) == {"given_name", "family_name"}


@pytest.mark.parametrize("texts", [(), ("",), (" \u200b ",)])
def test_a_missing_required_value_rejects_the_record(texts: tuple[str, ...]) -> None:
    mapped = SMALL.read(person(name__family=texts))
    assert mapped.claim is None
    assert mapped.rejected == (Rejected("person", "family_name is required", "x/1", line=7),)


@pytest.mark.parametrize("texts", [(), ("",), ("  ",)])
def test_a_record_without_a_key_is_rejected_without_one(texts: tuple[str, ...]) -> None:
    mapped = SMALL.read(person(sourcedid=texts))
    assert mapped.rejected == (Rejected("person", "sourcedid is missing", line=7),)


def test_a_key_is_stripped_and_otherwise_left_as_it_is() -> None:
    claim = claim_of(person(sourcedid=" x/A  b\u200b "))
    assert claim.key == "x/A  b\u200b"


def test_old_keys_are_those_that_are_not_the_key() -> None:
    claim = claim_of(person(sourcedid__old=("x/0", " x/1", "", "x/0", "x/00")))
    assert isinstance(claim, PersonClaim)
    assert claim.old_keys == ("x/0", "x/00")


@pytest.mark.parametrize("number", ["15881250037", "17097055655", "201512345678", "K-99", "1"])
def test_a_number_that_is_not_genuine_is_kept_and_blocks_nobody(number: str) -> None:
    assert values_of(person(nin=number))["national_number"] == number


def test_an_unreadable_value_is_left_out_with_a_note() -> None:
    mapped = SMALL.read(person(email="ring heller", bday="15.08.2012"))
    assert isinstance(mapped.claim, PersonClaim)
    assert dict(mapped.claim.values).keys() == {"given_name", "family_name"}
    assert mapped.skipped == (
        Skipped("birth_date is not a date in the form YYYY-MM-DD; the value is left out"),
        Skipped("email is not an e-mail address; the value is left out"),
    )
    assert mapped.rejected == ()


def test_an_unreadable_required_value_rejects_the_record() -> None:
    strict = parse(
        edited(
            "      sensitive: yes\n      basis: contact", "      required: yes\n      sensitive: yes\n      basis: x"
        )
    )
    mapped = strict.read(person(email="ring heller"))
    assert mapped.rejected == (Rejected("person", "email is not an e-mail address", "x/1", line=7),)


@pytest.mark.parametrize("status", ["inaktiv", "INAKTIV", " Inaktiv ", ("aktiv", "inaktiv")])
def test_a_person_whom_the_source_lists_as_inactive_has_left(status: str | tuple[str, ...]) -> None:
    mapped = SMALL.read(person(status=status))
    assert isinstance(mapped.claim, PersonClaim)
    assert mapped.claim.left == "inactive"
    assert dict(mapped.claim.values)["given_name"] == "Kari"
    assert mapped.skipped == (Skipped("inactive"),)


def test_a_person_who_has_left_need_not_be_complete() -> None:
    # rejecting her would keep her last good record, in which she is still active
    mapped = SMALL.read(person(status="inaktiv", name__family=""))
    assert mapped.rejected == ()
    assert mapped.claim == PersonClaim("x/1", (("given_name", "Kari"),), left="inactive")


def test_any_other_status_is_none_of_our_business() -> None:
    claim = claim_of(person(status="aktiv"))
    assert isinstance(claim, PersonClaim)
    assert claim.left == ""


REJECTING = edited(
    "    - {when: {status: inaktiv}, because: inactive}\n",
    "    - {when: {status: inaktiv}, because: inactive}\n  reject:\n    - {when: {email2: ''}, because: nobody knows where}\n",
)


def test_a_person_may_be_rejected_by_what_stands_in_her_record() -> None:
    rejecting = parse(REJECTING)
    mapped = rejecting.read(person())
    assert mapped.claim is None
    assert mapped.rejected == (Rejected("person", "nobody knows where", "x/1", line=7),)
    assert rejecting.read(person(email2="x@x.example")).rejected == ()
    assert "email2" in rejecting.wanted["person"]


def test_a_person_who_has_left_is_not_rejected_any_more() -> None:
    claim = parse(REJECTING).read(person(status="inaktiv")).claim
    assert isinstance(claim, PersonClaim)
    assert claim.left == "inactive"


def test_a_part_of_from_may_have_transforms_of_its_own() -> None:
    full = parse(
        edited(
            "{from: name.given, required: yes}",
            "{from: [name.given, {from: name.fn, as: [given_of_full]}], as: [upper], required: yes}",
        )
    )
    assert values_of(person(name__given="Kari Anne", name__fn="Ola Tobias Nordmann"), full)["given_name"] == "KARI ANNE"
    assert values_of(person(name__given="", name__fn="Ola Tobias Nordmann"), full)["given_name"] == "OLA TOBIAS"


def test_a_table_looks_texts_up_without_minding_capitals() -> None:
    looked_up = parse(edited("{from: userid.sisID}", "{from: userid.sisID, table: {A: alfa, Å: å!, otherwise: other}}"))
    assert values_of(person(userid__sisID=" a"), looked_up)["sis_id"] == "alfa"
    assert values_of(person(userid__sisID="A\u030a"), looked_up)["sis_id"] == "å!"
    assert values_of(person(userid__sisID="b"), looked_up)["sis_id"] == "other"
    assert "sis_id" not in values_of(person(), looked_up)


# -- contacts -------------------------------------------------------------------------------------------------------


def contact(key: str, kind: str) -> Record:
    return record("contact", {"contact": key, "type": kind})


def test_a_pupils_contacts_are_guardians_or_questions() -> None:
    mapped = SMALL.read(person(contact("x/2", "guardian"), contact("x/3", "nextOfKin"), contact(" x/4", "neighbour")))
    assert isinstance(mapped.claim, PersonClaim)
    assert mapped.claim.contacts == (Contact("x/2", "guardian"), Contact("x/4", "question", "unknown kind"))
    assert mapped.skipped == (Skipped("next of kin"),)


def test_the_same_contact_twice_is_one() -> None:
    claim = claim_of(person(contact("x/2", "guardian"), contact("x/2", "guardian")))
    assert isinstance(claim, PersonClaim)
    assert claim.contacts == (Contact("x/2", "guardian"),)


def test_a_contact_that_points_to_nobody_is_left_out_with_a_note() -> None:
    mapped = SMALL.read(person(contact("", "guardian")))
    assert isinstance(mapped.claim, PersonClaim)
    assert mapped.claim.contacts == ()
    assert mapped.skipped == (Skipped("a contact whose contact is missing"),)


def test_without_a_contact_section_contacts_are_not_read() -> None:
    text = TEXT[: TEXT.index("contact:\n")] + TEXT[TEXT.index("tests:") :]
    claim = claim_of(person(contact("x/2", "guardian")), parse(text))
    assert isinstance(claim, PersonClaim)
    assert claim.contacts == ()


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_has_its_kind_and_values() -> None:
    made = group(
        long="Basisgruppe 7A", parent="x/skole ", orgnr="NO 974589230", begin="2026-08-01", end="", mentor="x/9"
    )
    assert claim_of(made) == GroupClaim(
        "x/7A", "base_class", "7A", "Basisgruppe 7A", "x/skole", "974589230", date(2026, 8, 1), mentor="x/9"
    )


def test_the_key_of_a_parent_is_not_tidied() -> None:
    claim = claim_of(group(parent=" x/A  b\u200b "))
    assert isinstance(claim, GroupClaim)
    assert claim.parent == "x/A  b\u200b"


@pytest.mark.parametrize(
    ("fields", "because"),
    [
        ({"short": ""}, "name is required"),
        ({"begin": "i august"}, "begin is not a date in the form YYYY-MM-DD"),
        ({"end": "2027-06-31"}, "end is not a date in the form YYYY-MM-DD"),
        ({"type": "korps"}, "no such thing"),
    ],
)
def test_a_group_that_cannot_be_used_is_rejected(fields: dict[str, str], because: str) -> None:
    mapped = SMALL.read(group(**fields))
    assert mapped.claim is None
    assert mapped.rejected == (Rejected("group", because, "x/7A", line=7),)


def test_a_group_without_a_key_is_rejected_without_one() -> None:
    assert SMALL.read(group(sourcedid="")).rejected == (Rejected("group", "sourcedid is missing", line=7),)


def test_a_skipped_group_is_claimed_with_the_reason() -> None:
    mapped = SMALL.read(group(type="sfo"))
    assert mapped.claim == GroupClaim("x/7A", "", "7A", "7A", skipped="not used")
    assert mapped.skipped == (Skipped("not used"),)


def test_a_group_skipped_by_the_skip_list_keeps_its_kind() -> None:
    mapped = SMALL.read(group(recstatus="3"))
    assert mapped.claim == GroupClaim("x/7A", "base_class", "7A", "7A", skipped="deleted")


def test_a_skipped_group_need_not_be_complete() -> None:
    mapped = SMALL.read(group(type="sfo", short="", long="SFO", end="i juni"))
    assert mapped.rejected == ()
    assert mapped.claim == GroupClaim("x/7A", "", title="SFO", skipped="not used")


def test_a_group_that_is_both_skipped_and_rejected_is_skipped() -> None:
    mapped = SMALL.read(group(type="korps", recstatus="3"))
    assert mapped.rejected == ()
    assert mapped.skipped == (Skipped("deleted"),)


# -- memberships ----------------------------------------------------------------------------------------------------


def test_every_member_is_a_tie() -> None:
    made = membership(
        member(begin="2026-08-17", end="2027-06-18+02:00", primary="1"),
        member(member="x/9", roletype="02", primary="0"),
        member(member="x/9", roletype="01"),
    )
    assert claim_of(made) == MembershipClaim(
        "x/7A",
        (
            Tie("x/1", "pupil", date(2026, 8, 17), date(2027, 6, 18), True),
            Tie("x/9", "teacher"),
            Tie("x/9", "pupil"),
        ),
    )


@pytest.mark.parametrize("subrole", ["vikar", "Vikar", "reserve"])
def test_a_list_of_texts_means_any_of_them(subrole: str) -> None:
    claim = claim_of(membership(member(roletype="02", subrole=subrole)))
    assert claim == MembershipClaim("x/7A", (Tie("x/1", "substitute"),))


def test_all_fields_of_a_when_must_hold() -> None:
    mapped = SMALL.read(membership(member(roletype="01", subrole="vikar")))
    assert mapped.claim == MembershipClaim("x/7A", (Tie("x/1", "pupil"),))


@pytest.mark.parametrize("subrole", [(), ("",), ("  ", "")])
def test_an_empty_text_means_empty_or_missing(subrole: tuple[str, ...]) -> None:
    claim = claim_of(membership(member(roletype="02", subrole=subrole)))
    assert claim == MembershipClaim("x/7A", (Tie("x/1", "teacher"),))


def test_a_member_switched_off_is_out_and_keeps_her_role() -> None:
    mapped = SMALL.read(membership(member(status="0")))
    assert mapped.claim == MembershipClaim("x/7A", (Tie("x/1", "pupil", left="switched off"),))
    assert mapped.skipped == (Skipped("switched off"),)


def test_a_member_who_is_no_user_is_out_without_role() -> None:
    mapped = SMALL.read(membership(member(roletype="04")))
    assert mapped.claim == MembershipClaim("x/7A", (Tie("x/1", "", left="no user"),))


@pytest.mark.parametrize("fields", [{"roletype": "99"}, {"end": "i juni"}])
def test_a_member_switched_off_need_not_be_readable(fields: dict[str, str]) -> None:
    mapped = SMALL.read(membership(member(status="0", **fields)))
    assert mapped.rejected == ()
    assert isinstance(mapped.claim, MembershipClaim)
    assert mapped.claim.ties[0].left == "switched off"


@pytest.mark.parametrize(
    ("fields", "because", "part"),
    [
        ({"roletype": "99"}, "unknown roletype", "x/1"),
        ({"begin": "17.08.2026"}, "begin is not a date in the form YYYY-MM-DD", "x/1"),
        ({"end": "18.06.2027"}, "end is not a date in the form YYYY-MM-DD", "x/1"),
        ({"member": " "}, "member is missing", ""),
    ],
)
def test_a_bad_member_is_rejected_and_the_others_stay(fields: dict[str, str], because: str, part: str) -> None:
    mapped = SMALL.read(membership(member(member="x/0"), member(line=12, **fields), member(member="x/2")))
    assert mapped.claim == MembershipClaim("x/7A", (Tie("x/0", "pupil"), Tie("x/2", "pupil")))
    assert mapped.rejected == (Rejected("membership", because, "x/7A", part, 12),)


def test_a_member_without_a_line_is_told_at_her_membership() -> None:
    (rejected,) = SMALL.read(membership(member(line=0, roletype="99"))).rejected
    assert rejected.line == 7


def test_a_membership_without_a_group_is_rejected_as_a_whole() -> None:
    mapped = SMALL.read(membership(member(), sourcedid=" "))
    assert mapped.claim is None
    assert mapped.rejected == (Rejected("membership", "sourcedid is missing", line=7),)


def test_a_membership_without_members_is_an_empty_claim() -> None:
    assert claim_of(membership()) == MembershipClaim("x/7A", ())


def test_whom_nothing_usable_is_said_of_is_handed_on_with_the_membership() -> None:
    mapped = SMALL.read(replace(membership(member()), unread=("x/9",)))
    assert (mapped.unread, mapped.rejected) == (("x/9",), ())
    assert mapped.claim == MembershipClaim("x/7A", (Tie("x/1", "pupil"),))


def test_a_rule_may_look_at_the_membership_around_its_members() -> None:
    seasonal = parse(edited("{when: {status: 0}, because: switched off}", "{when: {season: 2025}, because: last year}"))
    assert seasonal.wanted["membership"] == {"sourcedid", "season"}
    assert claim_of(membership(member(), season="2026"), seasonal) == MembershipClaim("x/7A", (Tie("x/1", "pupil"),))
    mapped = seasonal.read(membership(member(), season="2025"))
    assert mapped.skipped == (Skipped("last year"),)


def test_a_rule_may_look_at_the_keys_themselves() -> None:
    text = edited(
        "{when: {status: 0}, because: switched off}", "{when: {member: x/9, sourcedid: x/7A}, because: known twin}"
    )
    twin = parse(text)
    assert twin.wanted["membership"] == {"sourcedid"}
    assert twin.read(membership(member(member="x/9"))).skipped == (Skipped("known twin"),)
    assert twin.read(membership(member(member="x/9"), sourcedid="x/7B")).skipped == ()
    assert twin.read(membership(member())).skipped == ()


def test_a_required_date_that_is_missing_rejects_the_member() -> None:
    bounded = parse(
        edited(
            "    begin: {from: begin}\n    end: {from: end}\n    primary",
            "    begin: {from: begin}\n    end: {from: [end, begin], required: yes}\n    primary",
        ).replace("member: x/1, roletype: 01}", "member: x/1, roletype: 01, end: 2026-09-01}")
    )
    (rejected,) = bounded.read(membership(member())).rejected
    assert rejected.because == "end is required"
    claim = claim_of(membership(member(begin="2026-08-01")), bounded)
    assert claim == MembershipClaim("x/7A", (Tie("x/1", "pupil", date(2026, 8, 1), date(2026, 8, 1)),))


# -- the mapping itself ---------------------------------------------------------------------------------------------


def test_exactly_the_fields_mentioned_are_asked_of_the_source() -> None:
    assert SMALL.wanted == {
        "person": {
            *("sourcedid", "sourcedid.old", "name.given", "name.family", "nin", "email", "email2", "bday"),
            *("userid.sisID", "status"),
        },
        "group": {"sourcedid", "short", "long", "parent", "orgnr", "begin", "end", "mentor", "recstatus", "type"},
        "membership": {"sourcedid"},
        "member": {"member", "roletype", "subrole", "status", "begin", "end", "primary"},
        "contact": {"contact", "type"},
    }


def test_a_kind_of_record_without_a_section_is_left_out() -> None:
    only_members = parse(
        TEXT[: TEXT.index("person:")]
        + TEXT[TEXT.index("membership:") : TEXT.index("contact:")]
        + TEXT[TEXT.index("tests:") :]
    )
    assert set(only_members.wanted) == {"membership", "member"}
    mapped = only_members.read(person())
    assert mapped.claim is None
    assert mapped.skipped == (Skipped("the mapping says nothing of a person"),)


def test_a_mapping_tells_where_its_rules_stand() -> None:
    lines = TEXT.splitlines()
    assert lines[SMALL.line_of("person", "email") - 1].strip() == "email:"
    assert lines[SMALL.line_of("group", "type") - 1].strip() == "type:"
    assert lines[SMALL.line_of("membership", "role") - 1].strip() == "role:"
    assert SMALL.line_of("person", "mobile") == 0
    assert SMALL.line_of("weather", "wind") == 0
    assert SMALL.where("person", "email") == f"small.yaml:{SMALL.line_of('person', 'email')}"
    assert SMALL.where("weather", "wind") == ""


def test_a_mapping_lists_its_sensitive_and_deciding_fields() -> None:
    assert SMALL.sensitive == [
        ("national_number", "identification"),
        ("birth_date", "the 18th birthday"),
        ("email", "contact with guardians"),
    ]
    assert SMALL.deciding == {"birth_date"}
    assert SMALL.matching == frozenset()
    assert SMALL.name == "small-source"
    assert SMALL.tests == 1


# -- extends --------------------------------------------------------------------------------------------------------

OTHER = """\
version: 1
name: other
extends: small.yaml
person:
  key: sourcedid
  fields:
    login: {from: userid.username, sensitive: yes, basis: log in}
"""


def test_extends_replaces_whole_sections() -> None:
    mapping = parse(OTHER, "other.yaml", include={"small.yaml": TEXT}.__getitem__)
    assert mapping.name == "other"
    assert values_of(person(userid__username="kari"), mapping) == {"login": "kari"}
    assert claim_of(group(), mapping) == claim_of(group())
    assert mapping.where("person", "login") == "other.yaml:7"
    assert mapping.where("group", "name") == SMALL.where("group", "name")


def test_the_digest_covers_every_text() -> None:
    plain = parse(OTHER, "other.yaml", include=lambda _: TEXT)
    assert plain.digest == parse(OTHER, "other.yaml", include=lambda _: TEXT).digest
    assert plain.digest != parse(OTHER, "other.yaml", include=lambda _: TEXT + "# more\n").digest
    assert plain.digest != parse(OTHER + "# more\n", "other.yaml", include=lambda _: TEXT).digest
    assert plain.digest != SMALL.digest


@pytest.mark.parametrize(("number", "read"), [("260001", "oslo:260001"), ("vigo:7", "vigo:7"), ("", "")])
def test_a_local_number_gets_the_space_in_which_it_means_somebody(number: str, read: str) -> None:
    spaced = parse(edited("{from: userid.sisID}", "{from: userid.sisID, space: oslo}"))
    assert values_of(person(userid__sisID=number), spaced).get("sis_id", "") == read


@pytest.mark.parametrize(
    ("nin", "sis", "read"), [("7", "8", "a:7"), ("", "8", "b:8"), ("", "c:8", "c:8"), ("", "", "")]
)
def test_each_place_may_have_a_space_of_its_own(nin: str, sis: str, read: str) -> None:
    places = "{from: [{from: nin, space: a}, {from: userid.sisID}], space: b}"
    spaced = parse(edited("{from: userid.sisID}", places))
    assert values_of(person(nin=nin, userid__sisID=sis), spaced).get("sis_id", "") == read
