"""What the LMS should hold of a group, and the computed groups of a school."""

from __future__ import annotations

from datetime import date

import pytest

from rostersync.desire import Rules, desire_group, samlegrupper
from rostersync.desire.groups import reveals
from rostersync.model import Group, GroupFact
from tests.line.builders import IDS, NORTH, ROLES, SOUTH, TODAY, group, owner_fact, school_fact

RULES = Rules(ROLES)
WORDS = ("særskilt", "forsterket", "fritak", "bup", "døve", "alternativ opplæring")


def named(fact: GroupFact, on: date = TODAY) -> Group | None:
    return desire_group(fact, RULES, on)[0]


def test_a_class_goes_to_the_lms_with_its_names_school_and_dates() -> None:
    fact = group("8a", title="Klasse 8A", begin=date(2026, 8, 17), end=date(2027, 6, 18))
    assert named(fact) == Group("8a", "class", "8A", "Klasse 8A", "north", date(2026, 8, 17), date(2027, 6, 18))


@pytest.mark.parametrize(
    "fact",
    [
        group(standing=False),
        group(school=None),
        group(kind="grade"),
        group(kind="sfo"),
        school_fact(),
        owner_fact(),
    ],
)
def test_what_is_gone_unplaced_or_of_an_unused_kind_is_no_lms_group(fact: GroupFact) -> None:
    assert desire_group(fact, RULES, TODAY) == (None, None)


def test_a_group_is_there_before_it_begins() -> None:
    assert named(group(begin=date(2027, 8, 16)))


@pytest.mark.parametrize(
    ("on", "there"), [(date(2026, 10, 1), True), (date(2026, 11, 30), True), (date(2026, 12, 1), False)]
)
def test_a_group_stays_sixty_days_after_its_end(on: date, there: bool) -> None:
    fact = group(end=date(2026, 10, 1))
    assert (named(fact, on) is not None) is there
    assert desire_group(fact, RULES, on)[1] == (date(2026, 12, 1) if there else None)


@pytest.mark.parametrize("end", [None, date.max])
def test_a_group_without_an_end_never_changes_by_itself(end: date | None) -> None:
    desired, again = desire_group(group(end=end), RULES, TODAY)
    assert desired is not None
    assert again is None


def test_a_group_of_one_day_keeps_its_dates() -> None:
    desired = named(group(begin=TODAY, end=TODAY))
    assert desired is not None
    assert (desired.begin, desired.end) == (TODAY, TODAY)


def test_dates_that_contradict_each_other_end_no_group() -> None:
    desired, again = desire_group(group(begin=date(2026, 9, 1), end=date(2016, 9, 1)), RULES, TODAY)
    assert desired is not None
    assert (desired.begin, desired.end, again) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "title"),
    [("8A særskilt", ""), ("8A-S", "Særskilt norskopplæring"), ("FRITAK nynorsk", "x"), ("8A", "forsterketavdeling")],
)
def test_a_name_that_reveals_something_gives_way_to_the_neutral_title_and_nothing_else(name: str, title: str) -> None:
    desired = named(group(name=name, title=title))
    assert desired is not None
    assert (desired.name, desired.title) == ("Gruppe", "Gruppe")


@pytest.mark.parametrize(
    ("text", "revealing"),
    [
        ("Særskilt norsk", True),
        ("SÆRSKILT", True),
        ("særskiltgruppa", True),
        ("matematikkfritak 9B", True),
        ("9B_fritak2", True),
        ("BUP", True),
        ("døvegruppe", True),
        ("bupark", False),  # three letters count only alone
        ("vannbup", False),
        ("ifritaket", False),  # neither beginning nor end
        ("Alternativ  opplæring 10", True),
        ("opplæring", False),
        ("8A Norsk", False),
        ("", False),
    ],
)
def test_a_revealing_word_counts_alone_and_in_compounds(text: str, revealing: bool) -> None:
    assert reveals(text, WORDS) is revealing


@pytest.mark.parametrize("text", ["8A", "", "Norsk"])
def test_a_word_list_without_words_reveals_nothing(text: str) -> None:
    assert not reveals(text, ())
    assert not reveals(text, ("", "47"))


def test_a_school_has_every_samlegruppe_of_the_role_model() -> None:
    made = samlegrupper(NORTH, RULES, IDS)
    assert [(one.kind, one.name, one.title, one.school) for one in made] == [
        ("all_pupils", "Alle elever", "Alle elever", "north"),
        ("all_teachers", "Alle lærere", "Alle lærere", "north"),
        ("all_employees", "Alle ansatte", "Alle ansatte", "north"),
        ("all_guardians", "Alle foresatte", "Alle foresatte", "north"),
    ]


def test_the_samlegrupper_of_two_schools_are_different_groups() -> None:
    north, south = ({one.id for one in samlegrupper(school, RULES, IDS)} for school in (NORTH, SOUTH))
    assert len(north) == len(south) == 4
    assert not north & south
