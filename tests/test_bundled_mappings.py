"""The bundled mappings as municipalities use them: what each code becomes, and what happens when somebody edits them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest

from rostersync.connectors.pifu.records import every_field
from rostersync.errors import UserMistake
from rostersync.mapping import Mapping, parse_mapping, parse_roles
from rostersync.mapping.rules import GROUP_KINDS
from rostersync.model import GroupClaim, MembershipClaim, PersonClaim, Record, RoleModel, Tie
from tests.conftest import ROOT
from tests.line.mapping_texts import edited, problems_of

EVERYDAY, IMS = "ist-everyday.yaml", "ims-enterprise.yaml"
TEXTS = {name: (ROOT / "mappings" / name).read_text() for name in (EVERYDAY, IMS)}
OSLO_TEXT = (ROOT / "mappings/roles/oslo.yaml").read_text()
OSLO: RoleModel = parse_roles(OSLO_TEXT, "oslo.yaml")


def parse(text: str, name: str = EVERYDAY, roles: RoleModel = OSLO) -> Mapping:
    return parse_mapping(text, name, fields=every_field(), roles=roles, include=TEXTS.__getitem__)


@pytest.fixture(scope="module")
def everyday() -> Mapping:
    return parse(TEXTS[EVERYDAY])


@pytest.fixture(scope="module")
def ims() -> Mapping:
    return parse(TEXTS[IMS], IMS)


def record(kind: str, *parts: Record, **fields: str) -> Record:
    """A record; dots in field names are written `__`."""
    texts = {name.replace("__", "."): (text,) for name, text in fields.items()}
    return Record(kind, texts, 7, parts)  # type: ignore[arg-type]


def tie(mapping: Mapping, **fields: str) -> Tie | str:
    """What becomes of one member: a tie, or why she is rejected."""
    part = record("member", **{"member": "x/1", "status": "1", **fields})
    mapped = mapping.read(record("membership", part, sourcedid="x/7A"))
    if mapped.rejected:
        return mapped.rejected[0].because
    assert isinstance(mapped.claim, MembershipClaim)
    return mapped.claim.ties[0]


def group(mapping: Mapping, **fields: str) -> GroupClaim:
    claim = mapping.read(record("group", sourcedid="x/g", description__short="G", **fields)).claim
    assert isinstance(claim, GroupClaim)
    return claim


# -- roles ------------------------------------------------------------------------------------------------------------

ROLES = {
    "01": "pupil",
    "02": "teacher",
    "03": "employee",
    "04": "employee",
    "05": "leader",
    "06": "contact_teacher",
    "07": "administrator",
    "08": "assistant",
}
OUT = ("pptansatt", "skolehelsetjeneste", "sensor", "foresattrepresentant", "renholdsarbeider", "vaktmester")


@pytest.mark.parametrize(("code", "role"), ROLES.items())
def test_each_roletype_of_the_profile_is_one_tie_word(everyday: Mapping, code: str, role: str) -> None:
    assert tie(everyday, roletype=code) == Tie("x/1", role)
    assert role in OSLO.ties


@pytest.mark.parametrize("subrole", OUT)
def test_who_is_no_user_of_a_platform_is_none_in_any_role(everyday: Mapping, subrole: str) -> None:
    for code, written in product(ROLES, (subrole, subrole.upper(), f" {subrole} ")):
        found = tie(everyday, roletype=code, subrole=written)
        assert isinstance(found, Tie)
        assert found.left == "not a user of the learning platform"


@pytest.mark.parametrize(("subrole", "out"), [("S", True), ("P", True), ("L", True), ("V", False), ("", False)])
def test_a_letter_tells_of_a_pupil_and_of_nobody_else(everyday: Mapping, subrole: str, out: bool) -> None:
    for written in (subrole, subrole.lower()):
        found = tie(everyday, roletype="01", subrole=written)
        assert isinstance(found, Tie)
        assert bool(found.left) is out
    assert tie(everyday, roletype="02", subrole=subrole) == Tie("x/1", "teacher")


@pytest.mark.parametrize("code", ["00", "09", "1", "", "Rektor"])
def test_an_unknown_roletype_gives_nobody_access(everyday: Mapping, ims: Mapping, code: str) -> None:
    assert tie(everyday, roletype=code) == "unknown roletype"
    assert tie(ims, roletype=code) == "unknown roletype"


@pytest.mark.parametrize("status", ["0", " 0 "])
def test_who_is_switched_off_is_out_in_every_role(everyday: Mapping, ims: Mapping, status: str) -> None:
    for mapping, code in product((everyday, ims), ROLES):
        found = tie(mapping, roletype=code, status=status)
        assert isinstance(found, Tie)
        assert found.left


def test_a_substitute_is_one_as_a_teacher_only(everyday: Mapping) -> None:
    assert tie(everyday, roletype="02", subrole="VIKAR") == Tie("x/1", "substitute")
    assert tie(everyday, roletype="08", subrole="vikar") == Tie("x/1", "assistant")


@pytest.mark.parametrize("written", ["31.12.2026", "2026-13-01", "2026-02-29", "snart"])
def test_nobody_gets_in_under_a_date_that_cannot_be_read(everyday: Mapping, ims: Mapping, written: str) -> None:
    for mapping in (everyday, ims):
        found = tie(mapping, roletype="01", timeframe__end=written)
        assert found == "end is not a date in the form YYYY-MM-DD"
        assert written not in str(found)


# -- groups -----------------------------------------------------------------------------------------------------------


GROUPS = {
    "skoleeier": "owner",
    "skole": "school",
    "basisgruppe": "base_class",
    "undervisningsgruppe": "teaching_group",
    "kontaktlærergruppe": "mentor_group",
    "trinn": "grade",
    "utdanningsprogram": "programme",
    "programområde": "programme_area",
    "fag": "subject",
    "foresattegruppe": "guardian_group",
    "språkopplæring": "language_training",
    "sammensattgruppe": "combined_group",
    "elevråd": "pupil_council",
    "fau": "parent_council",
    "skoleutvalg": "school_committee",
    "skolemiljøutvalg": "school_environment_committee",
    "sfo": "after_school",
    "eksamensgruppe": "exam_group",
}


@pytest.mark.parametrize(("word", "kind"), GROUPS.items())
def test_every_group_type_of_the_profile_is_a_kind_of_its_own(everyday: Mapping, word: str, kind: str) -> None:
    scheme = "pifu-ims-go-org" if kind in ("owner", "school") else "pifu-ims-go-grp"
    for written in (word, word.upper()):
        assert group(everyday, scheme=scheme, type=written).kind == kind


def test_the_profile_has_a_word_for_every_kind_there_is() -> None:
    assert sorted(GROUPS.values()) == sorted(GROUP_KINDS)


@pytest.mark.parametrize(
    ("scheme", "word"), [("pifu-ims-go-grp", "skole"), ("pifu-ims-go-org", "basisgruppe"), ("", "fag")]
)
def test_a_type_counts_in_its_own_scheme_only(everyday: Mapping, scheme: str, word: str) -> None:
    assert group(everyday, scheme=scheme, type=word).skipped == "the group's type is none of PIFU-IMS"


@pytest.mark.parametrize(
    ("level", "kind"),
    [("0", "owner"), ("1", "owner"), ("2", "school"), ("3", "teaching_group"), ("", "teaching_group")],
)
def test_plain_ims_tells_schools_by_their_level(ims: Mapping, level: str, kind: str) -> None:
    assert group(ims, level=level).kind == kind


# -- persons ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["ext__status__activeInactive", "ext__status__pupilStatus", "recstatus"])
def test_who_has_left_is_known_to_have_left_whatever_else_is_wrong_with_her(everyday: Mapping, field: str) -> None:
    word = {"ext__status__activeInactive": "INAKTIV", "ext__status__pupilStatus": "Privatist", "recstatus": "3"}[field]
    claim = everyday.read(record("person", sourcedid="x/1", name__given="", bday="i fjor", **{field: word})).claim
    assert isinstance(claim, PersonClaim)
    assert claim.left


def test_neither_mapping_asks_for_what_no_lms_is_given(everyday: Mapping, ims: Mapping) -> None:
    for mapping in (everyday, ims):
        known = {f"{kind}.{field}" for kind, fields in mapping.wanted.items() for field in fields}
        assert not [
            field for field in known if any(word in field for word in ("adr", "photo", "tel", "gender", "password"))
        ]
        assert "member.roletype" in known
    assert "contact" not in ims.wanted, "a student system's contacts are none of its mapping's business"


# -- edited by a municipality -----------------------------------------------------------------------------------------

OWN = "version: 1\nname: ours\nextends: ist-everyday.yaml\n"


def test_an_own_file_may_replace_one_section_and_keeps_all_tests_of_the_others(everyday: Mapping) -> None:
    contacts = "contact:\n  key: contact\n  kind:\n    - {when: {type: guardian}, is: guardian}\n"
    contacts += "    - {otherwise: question, because: everybody else is looked at}\n"
    told = problems_of(lambda: parse(OWN + contacts, "ours.yaml"))
    assert len(told) == 3, "next of kin, foster parents and close relatives were tested to be something else"
    assert all(one.startswith(f"{EVERYDAY}:") for one in told)
    own_tests = "tests:\n  - name: a guardian\n    given: {contact: {contact: x/2, type: guardian}}\n"
    own_tests += "    expect: {contact: {kind: guardian}}\n"
    ours = parse(OWN + contacts + own_tests, "ours.yaml")
    assert (ours.name, ours.tests) == ("ours", 1)
    assert tie(ours, roletype="02") == tie(everyday, roletype="02")


def test_a_changed_word_changes_the_digest_and_so_everything_is_read_again(everyday: Mapping) -> None:
    reworded = edited("because: inactive in the school system}", "because: not here any more}", TEXTS[EVERYDAY])
    reworded = edited("expect: {skip: inactive in the school system}", "expect: {skip: not here any more}", reworded)
    assert parse(reworded).digest != everyday.digest
    assert parse(TEXTS[EVERYDAY]).digest == everyday.digest


EDITS: list[tuple[str, str, str]] = [
    (
        "{when: {roletype: 05}, is: leader} ",
        "{when: {roletype: 05}, is: ledaer} ",
        'unknown tie word "ledaer" (did you mean "leader"?)',
    ),
    ("from: userid.feideID", "from: userid.feideId", 'unknown field "userid.feideId" (did you mean "userid.feideID"?)'),
    ("from: bday", "from: birthday", 'unknown field "birthday"'),
    ("is: mentor_group}", "is: mentorgroup}", 'unknown group kind "mentorgroup" (did you mean "mentor_group"?)'),
    ("      use: decide\n", "      use: decide\n      required: maybe\n", "required must be yes or no"),
    ("is: substitute}", "is: teacher}", 'expected role "substitute", came "teacher"'),
    ("{when: {roletype: 01}, is: pupil} ", "{when: {roletype: 1}, is: pupil} ", "unknown roletype"),
    (
        "table: {1: yes, otherwise: no}",
        "table: {1: ja, otherwise: nei}",
        "primary needs a `table` whose words are yes and no",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), EDITS, ids=[new.strip() for _, new, _ in EDITS])
def test_a_slip_while_editing_is_told_before_any_record_is_read(old: str, new: str, said: str) -> None:
    told = problems_of(lambda: parse(edited(old, new, TEXTS[EVERYDAY])))
    assert any(said in one and one.startswith(f"{EVERYDAY}:") for one in told), told


ROLE_EDITS: list[tuple[str, str, Callable[[], object]]] = [
    (
        "a released field that is only for deciding",
        "birth_date is only for deciding, but the role model oslo releases it to guardian",
        lambda: parse(
            TEXTS[EVERYDAY],
            roles=parse_roles(
                OSLO_TEXT.replace("[national_number, email] ", "[national_number, email, birth_date] ").replace(
                    "release: [national_number, email]}", "release: [national_number, email, birth_date]}"
                ),
                "oslo.yaml",
            ),
        ),
    ),
    (
        "a tie word that is gone",
        'unknown tie word "substitute"',
        lambda: parse(
            TEXTS[EVERYDAY],
            roles=parse_roles(
                OSLO_TEXT[: OSLO_TEXT.index("\ntests:")]
                .replace("  substitute: staff", "  vikar: staff")
                .replace("contact_teacher, substitute]", "contact_teacher, vikar]")
                .replace("[teacher, substitute, contact", "[teacher, vikar, contact"),
                "oslo.yaml",
            ),
        ),
    ),
]


@pytest.mark.parametrize(("said", "load"), [one[1:] for one in ROLE_EDITS], ids=[one[0] for one in ROLE_EDITS])
def test_a_role_model_that_no_longer_fits_the_mapping_is_told_at_the_mappings_line(
    said: str, load: Callable[[], object]
) -> None:
    with pytest.raises(UserMistake) as raised:
        load()
    assert any(said in str(one) and str(one).startswith(f"{EVERYDAY}:") for one in raised.value.problems)
