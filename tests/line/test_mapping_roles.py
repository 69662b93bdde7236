"""The role model: what it says, and what is wrong with it."""

from __future__ import annotations

import pytest

from rostersync.mapping import parse_roles
from rostersync.model import RoleModel, Samlegruppe
from tests.line.mapping_texts import ROLE_TEXT, ROLES, edited, problems_of, told_at


def test_a_role_model_says_what_the_file_says() -> None:
    assert (
        RoleModel(
            name="small",
            ties={"pupil": "pupil", "teacher": "staff", "substitute": "staff", "leader": "staff"},
            suggests={"leader": "school_leader"},
            release={
                "system_administrator": (),
                "super_user": (),
                "school_leader": (),
                "staff": ("national_number", "login"),
                "pupil": ("national_number", "login"),
                "guardian": ("email",),
            },
            groups={
                "base_class": frozenset(("pupil", "staff", "guardian")),
                "teaching_group": frozenset(("pupil", "staff")),
            },
            samlegrupper=(
                Samlegruppe("all_pupils", "Alle elever", frozenset(("pupil",)), "pupil"),
                Samlegruppe("all_teachers", "Alle lærere", frozenset(("teacher", "substitute")), "staff"),
                Samlegruppe("all_guardians", "Alle foresatte", frozenset(), "guardian", guardians=True),
            ),
            revealing=("særskilt", "fritak"),
            neutral_title="Gruppe",
            digest=ROLES.digest,
        )
        == ROLES
    )


def test_the_digest_follows_the_text() -> None:
    assert parse_roles(ROLE_TEXT, "other.yaml").digest == ROLES.digest
    assert parse_roles(ROLE_TEXT + "# more\n", "small.yaml").digest != ROLES.digest


def test_released_fields_are_in_the_order_of_the_field_words() -> None:
    text = edited("staff: [national_number, login]", "staff: [login, email, national_number]", ROLE_TEXT)
    assert parse_roles(text, "r.yaml").release["staff"] == ("national_number", "login", "email")


def test_what_may_be_left_out_may_be_left_out() -> None:
    text = ROLE_TEXT[: ROLE_TEXT.index("revealing:")]
    text = text.replace("suggests:\n  leader: school_leader\n", "")
    model = parse_roles(text, "r.yaml")
    assert (model.suggests, model.revealing, model.neutral_title) == ({}, (), "")


GUARDIANS = "all_guardians: {title: Alle foresatte, guardians: yes, role: guardian}"
MISTAKES = [
    ("version: 1", "§version: 9", 'version "9" is not known to this program'),
    ("name: small", "§nam: small", 'unknown key "nam" (did you mean "name"?)'),
    ("version: 1\nname: small", "§version: 1", "a role model needs `name`"),
    ("name: small", "§name: ", "a role model: `name` is empty"),
    ("groups:\n  base_class", "§group:\n  base_class", 'unknown key "group" (did you mean "groups"?)'),
    ("  teacher: staff", "  teacher: §staf", 'unknown role of teacher "staf" (did you mean "staff"?)'),
    (
        "  teacher: staff",
        "  teacher: §school_leader",
        'unknown role of teacher "school_leader"; known: pupil, staff',
    ),
    ("  leader: school_leader", "  leader: §staff", 'unknown role of leader "staff"; known: school_leader, super_user'),
    (
        "  leader: school_leader",
        "  §leadr: school_leader",
        'suggests: unknown tie word "leadr" (did you mean "leader"?)',
    ),
    ("  guardian: [email]", "  §gardian: [email]", 'release: unknown role "gardian" (did you mean "guardian"?)'),
    ("release:\n  system_administrator: []\n", "§release:\n", "release says nothing of system_administrator; write"),
    ("guardian: [email]", "guardian: [§e-mail]", 'release: guardian: unknown word "e-mail" (did you mean "email"?)'),
    (
        "guardian: [email]",
        "guardian: §[given_name]",
        "release: guardian: leave out given_name and family_name; they always go",
    ),
    ("  base_class:", "  §base_clas:", 'groups: unknown group kind "base_clas" (did you mean "base_class"?)'),
    (
        "teaching_group: [pupil, staff]",
        "teaching_group: [§pupils]",
        'groups: teaching_group: unknown word "pupils" (did',
    ),
    ("ties: [pupil], role", "ties: [§elev], role", 'all_pupils: ties: unknown word "elev"'),
    (
        GUARDIANS,
        "§all_guardians: {title: F, role: guardian}",
        "all_guardians gathers either the holders of some `ties`, or",
    ),
    (
        GUARDIANS,
        "§all_guardians: {title: F, role: guardian, guardians: yes, ties: [pupil]}",
        "all_guardians gathers either",
    ),
    (GUARDIANS, "all_guardians: §{guardians: yes, role: guardian}", "all_guardians needs `title`"),
    (GUARDIANS, "all_guardians: §{guardians: yes, title: F}", "all_guardians needs `role`"),
    (GUARDIANS, "all_guardians: §{guardians: yes, title: F, role: foresatt}", 'unknown all_guardians: role "foresatt"'),
    (GUARDIANS, "all_guardians: {title: F, guardians: §ja, role: guardian}", "guardians must be yes or no"),
    (GUARDIANS, "all_guardians: §all", "all_guardians must be a block of `key: value` lines"),
    (
        GUARDIANS,
        "all_guardians: {§titel: F, guardians: yes, role: guardian}",
        'unknown key "titel" (did you mean "title"?)',
    ),
    (
        "[Særskilt, fritak]\nneutral_title: Gruppe",
        "§[Særskilt]",
        "revealing words need a `neutral_title` for their groups",
    ),
    ("expect: {role: staff", "expect: {§rol: staff", 'unknown key "rol" (did you mean "role"?)'),
    (
        "- name: a substitute",
        "- §name: a pupil\n    given: {tie: pupil}\n  - name: a substitute",
        "a test needs `expect`",
    ),
    ("given: {tie: substitute}", "given: {tie: §vikar}", 'unknown tie word "vikar"'),
    ("given: {tie: substitute}", "given: {§ti: substitute, tie: pupil}", 'unknown key "ti" (did you mean "tie"?)'),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES, ids=[f"{new} - {text}" for _, new, text in MISTAKES])
def test_a_mistake_is_told_with_its_line(old: str, new: str, message: str) -> None:
    text, line = told_at(edited(old, new, ROLE_TEXT))
    told = problems_of(lambda: parse_roles(text, "r.yaml"))
    assert any(one.startswith(f"r.yaml:{line}: {message}") for one in told), (line, told)


@pytest.mark.parametrize(
    ("given", "expect", "said"),
    [
        ("tie: teacher", "role: pupil", "expected role pupil, came staff"),
        (
            "tie: teacher",
            "samlegrupper: [all_pupils, all_teachers]",
            "expected samlegrupper all_pupils, all_teachers, came all",
        ),
        ("tie: teacher", "suggests: school_leader", "expected suggests school_leader, came nothing"),
        ("tie: leader", "suggests: []", "expected suggests nothing, came school_leader"),
        ("role: guardian", "release: []", "expected release nothing, came email"),
        ("role: guardian", "groups: teaching_group", "expected groups teaching_group, came base_class"),
    ],
)
def test_a_failing_test_is_told_with_its_line(given: str, expect: str, said: str) -> None:
    text, line = told_at(f"{ROLE_TEXT}  - §name: t\n    given: {{{given}}}\n    expect: {{{expect}}}\n")
    (told,) = problems_of(lambda: parse_roles(text, "r.yaml"))
    assert told.startswith(f'r.yaml:{line}: test "t" fails: {said}')


def test_all_problems_are_told_at_once() -> None:
    text = edited("  teacher: staff", "  teacher: x", edited("guardian: [email]", "guardian: [mail]", ROLE_TEXT))
    assert len(problems_of(lambda: parse_roles(text, "r.yaml"))) == 2


def test_an_empty_role_model_is_told() -> None:
    assert problems_of(lambda: parse_roles("", "r.yaml")) == ["r.yaml:1: the file is empty"]
