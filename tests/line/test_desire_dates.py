"""What a date took, and until when an answer holds."""

from __future__ import annotations

from datetime import date

import pytest

from rostersync.model import (
    Card,
    Face,
    Local,
)
from tests.line.builders import (
    IDS,
    SOUTH,
    TODAY,
    contact,
    group,
    guardian,
    pupil,
    teacher,
    tie,
)
from tests.line.wanting import (
    DENIED,
    MOTHER,
    PROTECTED,
    TOMORROW,
    YESTERDAY,
    gone,
    granted,
    wanted,
)

# -- what was known beforehand --------------------------------------------------------------------------------------


def test_what_a_date_took_is_told_apart_from_what_a_source_took() -> None:
    own = [tie(group("8a")), tie(group("ended"), end=YESTERDAY), tie(group("moved"), left="switched off")]
    assert wanted(pupil(ties=own)).lapsed == ("ended",)


def test_a_group_that_ended_on_its_own_date_has_lapsed_too() -> None:
    assert wanted(pupil(ties=[tie(group("8a")), tie(group("ended", end=YESTERDAY))])).lapsed == ("ended",)


def test_a_group_she_is_still_in_has_not_lapsed() -> None:
    assert wanted(pupil(ties=[tie(group("8a")), tie(group("8a"), end=YESTERDAY)])).lapsed == ()


def test_what_a_source_took_has_not_lapsed_though_an_older_tie_did() -> None:
    """Last year's class ended on its date; that she is out of the school today is the source's doing."""
    own = [tie(group("7a"), end=YESTERDAY), tie(group("8a"), left="switched off")]
    assert wanted(pupil(ties=own)).lapsed == ("7a",)


def test_a_guardian_of_a_pupil_whom_a_source_took_out_has_not_lapsed_from_the_school() -> None:
    ward = pupil(
        "a", contact(), ties=[tie(group("7a"), end=YESTERDAY), tie(group("8a"), left="moved"), tie(group("s", SOUTH))]
    )
    assert wanted(guardian("mother", ward)).lapsed == ("7a",)


def test_the_samlegruppe_of_a_school_she_left_on_time_has_lapsed_with_it() -> None:
    own = [tie(group("8a")), tie(group("s", SOUTH), end=YESTERDAY)]
    assert set(wanted(pupil(ties=own)).lapsed) == {"s", IDS.samlegruppe("south", "all_pupils")}


def test_a_guardian_s_link_and_groups_lapse_on_the_eighteenth_birthday() -> None:
    grown = pupil("pupil", contact(), birth_date="2008-11-23")
    assert wanted(grown).lapsed == (MOTHER,)
    assert set(wanted(guardian("mother", grown)).lapsed) == {"8a", IDS.samlegruppe("north", "all_guardians")}
    assert wanted(pupil("pupil", contact(), local=DENIED)).lapsed == ()


@pytest.mark.parametrize(
    ("card", "face", "by_date"),
    [
        (pupil(ties=[tie(group(), end=YESTERDAY)]), "school", True),
        (pupil(ties=[tie(group(), end=YESTERDAY), tie(group("9"), left="moved")]), "school", False),
        (pupil(ties=[tie(group(), end=YESTERDAY), tie(group("9"), end=YESTERDAY, left="moved")]), "school", True),
        (pupil(ties=[tie(group(), end=YESTERDAY), tie(group("9", kind="grade"), left="unused")]), "school", True),
        (pupil(ties=[tie(group(), end=YESTERDAY), tie(group("9", standing=False))]), "school", False),
        (pupil(ties=[tie(group(), left="moved")]), "school", False),
        (pupil(ties=()), "school", False),
        (pupil(left="inactive", ties=[tie(group(), end=YESTERDAY)]), "school", False),
        (pupil(present=False, ties=[tie(group(), end=YESTERDAY)]), "school", False),
        (guardian("mother", pupil("a", contact(), birth_date="2008-11-23")), "guardian", True),
        (guardian("mother", pupil("a", contact(), ties=[tie(group(), end=YESTERDAY)])), "guardian", True),
        (
            guardian(
                "mother", pupil("a", contact(), ties=[tie(group(), end=YESTERDAY), tie(group("9"), left="moved")])
            ),
            "guardian",
            False,
        ),
        (guardian("mother", pupil("a", contact(), local=DENIED)), "guardian", False),
        (guardian("mother"), "guardian", False),
    ],
)
def test_who_went_by_nothing_but_a_date_is_marked_so(card: Card, face: Face, by_date: bool) -> None:
    assert gone(card, face).by_date is by_date


# -- until when the answer holds ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("card", "again"),
    [
        (pupil(), None),
        (pupil("p", contact()), date(2032, 5, 6)),
        (teacher(), None),
        (teacher("t", tie(group(), "teacher", end=TODAY)), TOMORROW),
        (teacher("t", tie(group(), "teacher", end=date(2027, 6, 18))), date(2027, 8, 18)),
        (teacher("t", tie(group(), "teacher", begin=date(2027, 1, 4))), date(2026, 12, 5)),
        (pupil(ties=[tie(group(), begin=date(2027, 1, 4))]), date(2026, 12, 28)),
        (teacher(local=granted(end=TODAY)), TOMORROW),
        (teacher(local=granted(begin=TODAY)), None),
        (teacher(local=granted(begin=TOMORROW)), TOMORROW),
        (pupil("p", contact(), local=Local(denied=(("mother", TODAY),))), TOMORROW),
        (guardian("mother", pupil("p", contact(), birth_date="2008-12-01")), date(2026, 12, 1)),
        (guardian("mother", pupil("p", contact(), ties=[tie(group(), begin=TOMORROW)])), TOMORROW),
        (guardian("mother"), None),
        (pupil(local=PROTECTED), None),
    ],
)
def test_the_next_change_is_the_first_date_on_which_the_answer_can_differ(card: Card, again: date | None) -> None:
    assert wanted(card).next_change_on == again
