"""The tests inside a mapping: a failing one is told with its line, what was expected and what came."""

from __future__ import annotations

import pytest

from rostersync.errors import Problem, UserMistake
from tests.line.mapping_texts import TEXT, edited, parse, problems

BEFORE = TEXT[: TEXT.index("tests:")]

PERSON = "person: {sourcedid: x/1, name.given: Kari, name.family: Eksempel}"
GROUP = "group: {sourcedid: x/7A, type: basisgruppe, short: 7A, begin: 2026-08-01}"
MEMBER = "membership: {sourcedid: x/7A, member: x/1, roletype: 01, primary: 1}"
CONTACT = "contact: {contact: x/2, type: neighbour}"
GONE = "person: {sourcedid: x/1, name.given: Kari, name.family: Eksempel, status: inaktiv}"
NAMELESS = "person: {sourcedid: x/1, name.given: Kari}"


def with_test(given: str, expect: str) -> str:
    return f"{BEFORE}tests:\n  - name: t\n    given: {{{given}}}\n    expect: {{{expect}}}\n"


LINE = with_test("", "")[: with_test("", "").index("name: t")].count("\n") + 1


@pytest.mark.parametrize(
    ("given", "expect"),
    [
        (PERSON, "person: {given_name: Kari, email: '', left: '', old_keys: ''}"),
        (PERSON, "person: {}"),
        (PERSON, "person: {email: [], key: x/1}"),
        (
            "person: {sourcedid: x/1, sourcedid.old: [x/2, x/3], name.given: [K, L], name.family: E}",
            "person: {old_keys: [x/2, x/3]}",
        ),
        (GONE, "skip: inactive"),
        (GONE, "person: {left: inactive, given_name: Kari}"),
        (NAMELESS, "reject: family_name is required"),
        (GROUP, "group: {kind: base_class, name: 7A, begin: 2026-08-01, end: ''}"),
        ("group: {sourcedid: x/g, type: sfo, short: SFO}", "skip: not used"),
        ("group: {sourcedid: x/g, type: korps, short: K}", "reject: no such thing"),
        (MEMBER, "membership: {person: x/1, role: pupil, primary: yes, begin: ''}"),
        ("membership: {sourcedid: x/7A, member: x/1, roletype: 01, status: 0}", "skip: switched off"),
        ("membership: {sourcedid: x/7A, member: x/1, roletype: 99}", "reject: unknown roletype"),
        ("membership: {sourcedid: x/7A, member: x/1, roletype: 01, season: 2026}", "membership: {role: pupil}"),
        (CONTACT, "contact: {key: x/2, kind: question, because: unknown kind}"),
        ("contact: {contact: x/2, type: nextOfKin}", "skip: next of kin"),
    ],
)
def test_a_test_that_holds_lets_the_mapping_load(given: str, expect: str) -> None:
    assert parse(with_test(given, expect)).tests == 1


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        (PERSON, "person: {given_name: kari}", 'expected given_name "kari", came "Kari"'),
        (PERSON, "person: {email: a@x.example}", 'expected email "a@x.example", came nothing'),
        (PERSON, "person: {given_name: ''}", 'expected given_name nothing, came "Kari"'),
        (PERSON, "skip: inactive", 'expected skip "inactive", came a usable person'),
        (PERSON, "reject: x", 'expected reject "x", came a usable person'),
        (GONE, "person: {given_name: Kari}", 'expected a person, came skip "inactive"'),
        (GONE, "skip: gone", 'expected skip "gone", came skip "inactive"'),
        (NAMELESS, "person: {given_name: Kari}", 'expected a person, came reject "family_name is required"'),
        (NAMELESS, "skip: x", 'expected skip "x", came reject "family_name is required"'),
        (
            NAMELESS,
            "reject: given_name is required",
            'expected reject "given_name is required", came reject "family_name',
        ),
        (GROUP, "group: {kind: school}", 'expected kind "school", came "base_class"'),
        (GROUP, "group: {begin: 2026-08-02}", 'expected begin "2026-08-02", came "2026-08-01"'),
        ("group: {sourcedid: x/g, type: sfo, short: S}", "group: {name: S}", 'expected a group, came skip "not used"'),
        (MEMBER, "membership: {role: teacher}", 'expected role "teacher", came "pupil"'),
        (MEMBER, "membership: {primary: no}", 'expected primary "no", came "yes"'),
        (
            "membership: {sourcedid: x/g, member: x/1, roletype: 04}",
            "membership: {}",
            'expected a membership, came skip "no user"',
        ),
        ("membership: {sourcedid: x/g, roletype: 01}", "membership: {}", 'came reject "member is missing"'),
        ("membership: {member: x/1, roletype: 01}", "membership: {}", 'came reject "sourcedid is missing"'),
        (CONTACT, "contact: {kind: guardian}", 'expected kind "guardian", came "question"'),
        ("contact: {type: guardian}", "contact: {kind: guardian}", 'came skip "a contact whose contact is missing"'),
    ],
)
def test_a_test_that_fails_is_told_with_what_was_expected_and_what_came(given: str, expect: str, said: str) -> None:
    (told,) = problems(with_test(given, expect))
    assert told.startswith(f'small.yaml:{LINE}: test "t" fails: ')
    assert said in told


def test_every_failing_test_and_every_wrong_field_is_told() -> None:
    text = with_test(PERSON, "person: {given_name: a, family_name: b}")
    text += "  - name: u\n    given: {" + CONTACT + "}\n    expect: {skip: x}\n"
    told = problems(text)
    assert [one.split(": ", 1)[1].split(",")[0] for one in told] == [
        'test "t" fails: expected given_name "a"',
        'test "t" fails: expected family_name "b"',
        'test "u" fails: expected skip "x"',
    ]


def test_a_test_of_a_section_that_is_not_there_is_told() -> None:
    text = with_test(CONTACT, "skip: x")
    text = text[: text.index("contact:\n")] + text[text.index("tests:") :]
    (told,) = problems(text)
    assert told.endswith('test "t" gives a contact, of which the mapping says nothing')


def test_broken_rules_are_told_before_any_test_runs() -> None:
    text = edited(
        "{from: name.given, required: yes}", "{from: name.gven}", with_test(PERSON, "person: {given_name: x}")
    )
    (told,) = problems(text)
    assert "unknown field" in told


# -- extends --------------------------------------------------------------------------------------------------------

EXTENDING = "version: 1\nname: other\nextends: small.yaml\n"


def wrong_in_other(text: str, small: str = TEXT) -> list[str]:
    """What is wrong with a file `other.yaml` that extends `small.yaml`."""
    return problems(text, "other.yaml", {"small.yaml": small}.__getitem__)


def test_the_inherited_tests_run_against_the_replaced_sections() -> None:
    told = wrong_in_other(EXTENDING + "membership:\n  key: [sourcedid, member]\n  role:\n    - {otherwise: teacher}\n")
    at = TEXT[: TEXT.index("name: a pupil")].count("\n") + 1
    assert told == [f'small.yaml:{at}: test "a pupil" fails: expected role "pupil", came "teacher"']


def test_problems_of_two_files_carry_their_names_and_come_in_the_order_of_reading() -> None:
    told = wrong_in_other(EXTENDING + "weather: fine\n", edited("name.given", "name.gven"))
    assert [one.split('"')[0] for one in told] == ["other.yaml:4: unknown key ", "small.yaml:8: unknown field "]


def test_a_file_that_cannot_be_included_is_told_at_its_line() -> None:
    def nowhere(name: str) -> str:
        raise UserMistake([Problem(name, "cannot be read: no such file")])

    told = problems(EXTENDING, "other.yaml", nowhere)
    assert told == ["other.yaml:3: extends: small.yaml: cannot be read: no such file"]


def test_files_that_extend_each_other_are_told() -> None:
    texts = {"a.yaml": "version: 1\nname: a\nextends: b.yaml\n", "b.yaml": "version: 1\nname: b\nextends: a.yaml\n"}
    assert problems(texts["a.yaml"], "a.yaml", texts.__getitem__) == ["b.yaml:3: extends goes round in a circle"]


def test_an_extended_file_that_is_no_yaml_is_told_by_its_own_name() -> None:
    (told,) = wrong_in_other(EXTENDING, "a: [\n")
    assert told.startswith("small.yaml:2: not readable as YAML")
