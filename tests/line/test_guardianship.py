"""The one decision on guardianship: no proof, no link."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from rostersync.desire import guardianship
from rostersync.desire.guardianship import Standing, Ward, adults, decide, followed, lapsed, ward_of
from rostersync.desire.ties import TieReader
from rostersync.model import Card, Consent, ContactFact, Local, OwnClaim
from rostersync.schoolyear import Policy
from tests.line.builders import ROLES, SOUTH, TODAY, claim, contact, group, owner_fact, pupil, school_fact, tie

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
GROWN = "2008-05-06"


def ward(card: Card, on: date = TODAY) -> Ward:
    return ward_of(card, TieReader(ROLES, Policy()), on)


def standing(card: Card, on: date = TODAY, adult: str = "mother") -> Standing:
    return decide(ward(card, on), adult, on)


def named(*contacts: ContactFact, **changes: object) -> Card:
    return pupil("pupil", *(contacts or (contact(),)), **changes)  # type: ignore[arg-type]


# -- what is proven -------------------------------------------------------------------------------------------------


def test_a_guardian_of_an_active_pupil_stands_on_the_source_that_says_so() -> None:
    assert standing(named()) == Standing(True, sources=frozenset({"everyday"}))


def test_any_one_source_that_proves_it_is_enough() -> None:
    card = Card(
        "pupil",
        (claim("everyday", contact(present=True), rejected=True), claim("visma", contact(source="visma"))),
        (tie(group()), tie(group("8b"), source="visma")),
    )
    assert standing(card).sources == {"visma"}


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        (named(contact("father")), guardianship.UNNAMED),
        (named(contact(kind="question", because="foster parent")), guardianship.UNNAMED),
        (named(contact(present=False)), guardianship.ADULT_ABSENT),
        (named(contact(protected=True)), guardianship.WITHHELD),
        (named(local=Local(protected="withhold")), guardianship.WITHHELD),
        (named(present=False), guardianship.WARD_ABSENT),
        (named(left="inactive"), guardianship.LEFT),
        (named(rejected=True), guardianship.REJECTED),
        (named(ties=()), guardianship.INACTIVE),
        (named(ties=[tie(group(), "teacher")]), guardianship.INACTIVE),
        (named(ties=[tie(owner_fact(), "pupil")]), guardianship.INACTIVE),
        (named(ties=[tie(group(), left="switched off")]), guardianship.INACTIVE),
        (named(ties=[tie(group(standing=False))]), guardianship.INACTIVE),
        (named(ties=[tie(group(kind="sfo"))]), guardianship.INACTIVE),
        (named(ties=[tie(group(), source="sits")]), guardianship.INACTIVE),
        (named(ties=[tie(group(), end=YESTERDAY)]), guardianship.OVER),
        (named(ties=[tie(group(), begin=TOMORROW)]), guardianship.INACTIVE),
        (named(ties=[tie(group(), end=YESTERDAY), tie(group("9"), left="moved")]), guardianship.INACTIVE),
        (named(ties=[tie(group(), end=YESTERDAY), tie(group("9"), left="moved", end=YESTERDAY)]), guardianship.OVER),
        (named(ties=[tie(group(), end=YESTERDAY), tie(group("v"), left="moved", source="sits")]), guardianship.OVER),
        (named(contact("pupil"), contact()), None),
    ],
)
def test_every_missing_proof_has_its_reason(card: Card, expected: Standing | None) -> None:
    assert standing(card) == (expected or Standing(True, sources=frozenset({"everyday"})))


def test_a_tie_in_another_source_proves_nothing() -> None:
    """The pupil is active at SITS, but it is Everyday that names the mother, and there the pupil's time is over."""
    card = named(ties=[tie(group(), end=YESTERDAY), tie(group("v"), source="sits")])
    assert standing(card) == guardianship.OVER


def test_a_tie_to_the_school_itself_is_proof_too() -> None:
    assert standing(named(ties=[tie(school_fact())])).stands


def test_nobody_is_her_own_guardian() -> None:
    assert standing(named(contact("pupil")), adult="pupil") == guardianship.HERSELF


@pytest.mark.parametrize("other", [{"run": "r1"}, {"run": "r2"}])
def test_a_source_whose_records_contradict_each_other_proves_nothing(other: dict[str, str]) -> None:
    """Not even where the older record counts: two pupils may hide under one key."""
    claims = (claim("everyday", contact(), birth_date="2014-05-06"), claim(first=1, birth_date="2014-06-05", **other))
    assert standing(Card("pupil", claims, (tie(group()),))) == guardianship.DISPUTED


def test_the_source_that_came_nearest_gives_the_reason() -> None:
    claims = (
        claim("everyday", contact(), rejected=True),
        claim("visma", contact(source="visma")),
    )
    card = Card("pupil", claims, (tie(group(), source="visma", end=YESTERDAY),))
    assert standing(card) == standing(Card("pupil", claims[::-1], card.ties)) == guardianship.OVER


# -- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "stands"),
    [
        (date(2026, 8, 10), False),  # the pupil's own lead
        (date(2026, 8, 16), False),
        (date(2026, 8, 17), True),
        (date(2027, 7, 2), True),  # the pupil's grace
        (date(2027, 7, 3), False),
    ],
)
def test_guardians_come_in_on_the_first_school_day_and_leave_with_the_pupil(on: date, stands: bool) -> None:
    card = named(ties=[tie(group(), begin=date(2026, 8, 17), end=date(2027, 6, 18))])
    assert standing(card, on).stands is stands


@pytest.mark.parametrize(
    ("on", "stands"), [(date(2032, 5, 5), True), (date(2032, 5, 6), False), (date(2033, 1, 1), False)]
)
def test_a_guardianship_ends_on_the_eighteenth_birthday_itself(on: date, stands: bool) -> None:
    assert standing(named(), on).stands is stands
    assert standing(named(), on) == (guardianship.GROWN_UP if not stands else standing(named(), on))


@pytest.mark.parametrize(("on", "stands"), [(date(2026, 2, 27), True), (date(2026, 2, 28), False)])
def test_a_pupil_born_on_leap_day_grows_up_the_day_before_march(on: date, stands: bool) -> None:
    assert standing(named(birth_date="2008-02-29"), on).stands is stands


def test_a_pupil_without_a_known_birth_date_keeps_her_guardians() -> None:
    assert standing(named(birth_date="")).stands
    assert ward(named(birth_date="")).grown_up_on == date.max


def test_a_birth_date_comes_from_a_genuine_number_where_the_source_has_none() -> None:
    assert standing(named(birth_date="", national_number="01829012355")) == guardianship.GROWN_UP


def test_a_birth_date_is_remembered_from_a_source_that_has_the_pupil_no_more() -> None:
    claims = (claim("everyday", contact()), claim("visma", birth_date=GROWN, present=False))
    assert standing(Card("pupil", claims, (tie(group()),))) == guardianship.GROWN_UP


def test_a_birth_date_so_late_that_eighteen_is_off_the_calendar_is_no_mishap() -> None:
    assert standing(named(birth_date="9990-01-01")).stands


@pytest.mark.parametrize(
    ("consent", "stands"),
    [
        (Consent("mother", "signed", TODAY), True),
        (Consent("mother", "signed"), True),
        (Consent("", "signed", TOMORROW), True),
        (Consent("mother", "signed", YESTERDAY), False),
        (Consent("father", "signed"), False),
    ],
)
def test_a_grown_up_pupil_may_let_a_guardian_stay(consent: Consent, stands: bool) -> None:
    assert standing(named(birth_date=GROWN, local=Local(consents=(consent,)))).stands is stands


@pytest.mark.parametrize(
    ("denied", "stands"),
    [
        (("mother", None), False),
        (("mother", TODAY), False),
        (("mother", YESTERDAY), True),
        (("father", None), True),
    ],
)
def test_a_denial_holds_to_its_last_day(denied: tuple[str, date | None], stands: bool) -> None:
    assert standing(named(local=Local(denied=(denied,)))).stands is stands


def test_a_denial_beats_a_consent() -> None:
    local = Local(denied=(("mother", None),), consents=(Consent("mother", "signed"),))
    assert standing(named(birth_date=GROWN, local=local)) == guardianship.DENIED


# -- how it fell ----------------------------------------------------------------------------------------------------


def verdicts() -> Iterator[tuple[str, Standing]]:
    for name, value in vars(guardianship).items():
        if isinstance(value, Standing):
            yield name, value


def test_only_what_a_calendar_could_tell_fell_by_date() -> None:
    assert {name for name, one in verdicts() if one.by_date} == {"GROWN_UP", "OVER"}


def test_mere_absence_revokes_nothing() -> None:
    revoked = {name for name, one in verdicts() if one.revoked}
    assert revoked == {"WITHHELD", "HERSELF", "DENIED", "GROWN_UP", "DISPUTED", "REJECTED"}


def test_only_protection_is_told_to_nobody() -> None:
    assert {name for name, one in verdicts() if one.silent} == {"WITHHELD"}


def test_no_verdict_stands_without_a_source() -> None:
    assert not any(one.stands for _, one in verdicts())


# -- what a guardian follows ----------------------------------------------------------------------------------------


def test_a_guardian_follows_the_pupil_s_open_ties_of_the_proving_source() -> None:
    own = [
        tie(group("8a")),
        tie(group("8b", SOUTH)),
        tie(group("over"), end=YESTERDAY),
        tie(group("coming"), begin=TOMORROW),
        tie(group("sits"), source="sits"),
        tie(group("helps"), "teacher"),
    ]
    seen = ward(named(ties=own))
    assert [one.group.id for one in followed(seen, decide(seen, "mother", TODAY), TODAY)] == ["8a", "8b"]
    assert [one.group.id for one in lapsed(seen, decide(seen, "mother", TODAY), TODAY)] == ["over"]


def test_a_guardian_of_a_grown_up_follows_nothing_and_lost_all_by_date() -> None:
    seen = ward(named(birth_date=GROWN, ties=[tie(group("8a"), begin=TODAY), tie(group("coming"), begin=TOMORROW)]))
    grown = decide(seen, "mother", TODAY)
    assert followed(seen, grown, TODAY) == ()
    assert [one.group.id for one in lapsed(seen, grown, TODAY)] == ["8a"]


def test_a_guardian_of_a_pupil_whose_time_is_over_lost_all_by_date() -> None:
    seen = ward(named(ties=[tie(group("over"), end=YESTERDAY), tie(group("v"), source="sits")]))
    assert [one.group.id for one in lapsed(seen, decide(seen, "mother", TODAY), TODAY)] == ["over"]


def test_a_denied_guardian_lost_nothing_by_date() -> None:
    seen = ward(named(local=Local(denied=(("mother", None),)), ties=[tie(group("over"), end=YESTERDAY)]))
    assert lapsed(seen, decide(seen, "mother", TODAY), TODAY) == ()


# -- around the decision --------------------------------------------------------------------------------------------


def test_everyone_named_as_guardian_is_asked_about_once_in_order() -> None:
    claims: tuple[OwnClaim, ...] = (
        claim("everyday", contact("mother"), contact("uncle", kind="question")),
        claim("visma", contact("father"), contact("mother")),
    )
    assert adults(ward(Card("pupil", claims))) == ["father", "mother"]


@pytest.mark.parametrize(
    ("card", "again"),
    [
        (named(), date(2032, 5, 6)),
        (named(birth_date=""), date.max),
        (named(birth_date=GROWN), date.max),
        (named(birth_date="", national_number="01829012355"), date(2027, 1, 1)),
        (named(local=Local(denied=(("mother", TODAY),))), TOMORROW),
        (named(local=Local(denied=(("mother", YESTERDAY),))), date(2032, 5, 6)),
        (named(birth_date=GROWN, local=Local(consents=(Consent("", "signed", TODAY),))), TOMORROW),
        (named(ties=[tie(group(), end=TODAY)]), TOMORROW),
        (named(ties=[tie(group(), begin=TOMORROW)]), TOMORROW),
    ],
)
def test_the_decision_holds_until_the_next_date_that_matters(card: Card, again: date) -> None:
    assert ward(card).next_change_on == again
