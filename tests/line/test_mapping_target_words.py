"""What a role model says of targets: which words of theirs stand for our roles and group kinds, and what is wrong with them."""

from __future__ import annotations

import pytest

from rostersync.errors import UserMistake
from rostersync.mapping import parse_roles
from rostersync.model import RoleModel, Wording, Wordings
from tests.line.mapping_texts import ROLE_TEXT

LMS: Wordings = {
    "roles": Wording({"pupil": "role_pupil", "staff": "role_staff"}, words=("Learner", "Instructor")),
    "numbers": Wording({"pupil": "pupil_role"}, numbers=True),
    "groups": Wording({"course": "courses", "cohort": "cohorts", "none": ""}, kinds=True),
}
KINDS = ("base_class", "teaching_group", "all_pupils", "all_teachers", "all_guardians")


def model(section: str) -> RoleModel:
    return parse_roles(f"{ROLE_TEXT}targets:\n  lms:\n    {section}\n", "small.yaml", {"lms": LMS})


def problem(section: str) -> str:
    with pytest.raises(UserMistake) as refused:
        model(section)
    (one,) = refused.value.problems
    assert one.where == f"small.yaml:{ROLE_TEXT.count(chr(10)) + 3}"
    return one.text


def test_words_are_told_by_target_table_and_role() -> None:
    assert model("roles: {pupil: Learner, staff: Instructor}").targets == {
        "lms": {"roles": {"pupil": ("Learner",), "staff": ("Instructor",)}}
    }


def test_a_group_kind_may_become_several_things() -> None:
    said = ", ".join(f"{kind}: none" for kind in KINDS[1:])
    told = model(f"groups: {{base_class: [course, cohort], {said}}}").targets["lms"]["groups"]
    assert (told["base_class"], told["all_pupils"]) == (("course", "cohort"), ("none",))


def test_without_targets_the_section_is_not_looked_at() -> None:
    text = f"{ROLE_TEXT}targets:\n  whatever: {{it: says}}\n"
    assert parse_roles(text, "small.yaml").targets == {}


@pytest.mark.parametrize("table", ["roles", "numbers"])
def test_no_table_may_name_a_system_administrator(table: str) -> None:
    said = problem(
        f"{table}: {{system_administrator: Learner}}".replace("Learner", "1" if table == "numbers" else "Learner")
    )
    assert said == f"lms: {table}: a system administrator is never made by a sync; leave that line out"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("rolls: {pupil: Learner}", 'unknown key "rolls" (did you mean "roles"?)'),
        ("roles: {pupils: Learner}", 'lms: roles: unknown word "pupils" (did you mean "pupil"?)'),
        ("roles: {pupil: Lerner}", 'lms: roles: pupil: unknown word "Lerner" (did you mean "Learner"?)'),
        ("roles: {pupil: [Learner, Instructor]}", "lms: roles: pupil must be one text"),
        ("numbers: {pupil: student}", 'lms: numbers: pupil: "student" is no number, which is what the target goes by'),
        ("roles: Learner", "lms: roles must be a block of `key: value` lines"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(section: str, said: str) -> None:
    assert problem(section) == said


def test_every_group_kind_must_be_told() -> None:
    said = problem("groups: {base_class: course}")
    assert said == f"lms: groups: say what these become (course, cohort, none): {', '.join(KINDS[1:])}"


def test_an_unknown_type_of_target_is_refused() -> None:
    with pytest.raises(UserMistake, match=r'unknown key "lsm" \(did you mean "lms"\?\)'):
        parse_roles(f"{ROLE_TEXT}targets: {{lsm: {{}}}}\n", "small.yaml", {"lms": LMS})
