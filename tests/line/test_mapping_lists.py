"""The owner's local lists: grants and consents."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.errors import UserMistake
from rostersync.mapping import ConsentEntry, GrantEntry, parse_consents, parse_grants
from rostersync.model import Consent, Grant
from tests.line.mapping_texts import PATIENT, edited, problems_of, told_at

GRANTS = """\
version: 1
grants:
  - person: everyday.example/9001
    role: super_user
    school: NO 974589230
    reason: IKT contact of the school
    from: 2026-08-01
    to: 2027-07-31
  - {person: rektor@oslo.example, role: school_leader, school: 974589230, reason: headteacher, to: 2027-07-31}
"""

CONSENTS = """\
version: 1
consents:
  - pupil: everyday.example/1001
    guardian: everyday.example/2001
    reason: consent of 1 September, in the archive
    to: 2027-06-30
  - {pupil: kari@oslo.example, reason: for both parents, to: 2027-06-30}
"""


def test_grants_are_read() -> None:
    assert parse_grants(GRANTS, "grants.yaml") == [
        GrantEntry(
            "everyday.example/9001",
            Grant("super_user", "974589230", "IKT contact of the school", date(2026, 8, 1), date(2027, 7, 31)),
        ),
        GrantEntry("rektor@oslo.example", Grant("school_leader", "974589230", "headteacher", None, date(2027, 7, 31))),
    ]


def test_consents_are_read() -> None:
    assert parse_consents(CONSENTS, "consents.yaml") == [
        ConsentEntry(
            "everyday.example/1001",
            "everyday.example/2001",
            Consent("", "consent of 1 September, in the archive", date(2027, 6, 30)),
        ),
        ConsentEntry("kari@oslo.example", "", Consent("", "for both parents", date(2027, 6, 30))),
    ]


def test_a_list_may_be_empty() -> None:
    assert parse_grants("version: 1\ngrants: []\n", "g.yaml") == []
    assert parse_consents("version: 1\nconsents: []\n", "c.yaml") == []


PERSON = "person: everyday.example/9001"
WRONG_GRANTS = [
    ("version: 1", "§version: 2", 'version "2" is not known to this program'),
    ("grants:\n", "§grant:\n", 'unknown key "grant" (did you mean "grants"?)'),
    (
        PERSON,
        '§person: "15881250036"',
        "a grant: person is a national number; use our id, the source key or the Feide id",
    ),
    (PERSON, "§person: 158812 50036", "a grant: person is a national number; use our id"),
    (PERSON, "§person: 201512345678", "a grant: person is a national number; use our id"),
    (PERSON, "§person:", "a grant: `person` is empty"),
    (PERSON, "§person: [a, b]", "a grant: person must be one text"),
    (f"{PERSON}\n    role", "§role", "a grant needs `person`"),
    ("role: super_user", "§role: superuser", 'unknown role to grant "superuser" (did you mean "super_user"?)'),
    (
        "role: super_user",
        "§role: system_administrator",
        'unknown role to grant "system_administrator"; known: school_leader',
    ),
    (
        "school: NO 974589230",
        "§school: Eksempel skole",
        "a grant: school must be an organisation number of nine digits",
    ),
    ("school: NO 974589230", "§skole: 974589230", 'unknown key "skole"'),
    ("    reason: IKT contact of the school\n", "    reason: §\n", "a grant: `reason` is empty"),
    ("from: 2026-08-01", "§from: 1. august", "from is not a date in the form YYYY-MM-DD"),
    ("to: 2027-07-31\n  -", "§to: 2027-06-31\n  -", "to is not a date in the form YYYY-MM-DD"),
    ("to: 2027-07-31\n  -", "§to: 2026-07-31\n  -", "`to` lies before `from`"),
    (", to: 2027-07-31}", "§}", "a grant needs `to`"),
    (", reason: headteacher", "§", "a grant needs `reason`"),
    (
        "  - {person: rektor",
        "  - §nobody\n  - {person: rektor",
        "an entry of grants must be a block of `key: value` lines",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), WRONG_GRANTS, ids=[f"{new} - {text}" for _, new, text in WRONG_GRANTS]
)
def test_a_mistake_in_grants_is_told_with_its_line(old: str, new: str, message: str) -> None:
    text, line = told_at(edited(old, new, GRANTS))
    told = problems_of(lambda: parse_grants(text, "g.yaml"))
    assert any(one.startswith(f"g.yaml:{line}: {message}") for one in told), (line, told)


GUARDIAN = "guardian: everyday.example/2001"
WRONG_CONSENTS = [
    ("pupil: everyday.example/1001", "§pupil: 15881250036", "a consent: pupil is a national number; use our id"),
    (GUARDIAN, "§guardian: 158812-50036", "a consent: guardian is a national number; use our id"),
    (GUARDIAN, "§parent: everyday.example/2001", 'unknown key "parent"'),
    ("reason: consent of 1 September, in the archive", "reason: §", "a consent: `reason` is empty"),
    (", reason: for both parents", "§", "a consent needs `reason`"),
    ("parents, to: 2027-06-30}", "parents§}", "a consent needs `to`"),
    ("parents, to: 2027-06-30}", "parents, to: §snart}", "to is not a date in the form YYYY-MM-DD"),
    ("{pupil: kari@oslo.example, ", "§{", "a consent needs `pupil`"),
]


@pytest.mark.parametrize(
    ("old", "new", "message"), WRONG_CONSENTS, ids=[f"{new} - {text}" for _, new, text in WRONG_CONSENTS]
)
def test_a_mistake_in_consents_is_told_with_its_line(old: str, new: str, message: str) -> None:
    text, line = told_at(edited(old, new, CONSENTS))
    told = problems_of(lambda: parse_consents(text, "c.yaml"))
    assert any(one.startswith(f"c.yaml:{line}: {message}") for one in told), (line, told)


def test_all_mistakes_are_told_at_once() -> None:
    text = edited("super_user", "x", edited("headteacher", '""', GRANTS))
    assert len(problems_of(lambda: parse_grants(text, "g.yaml"))) == 2


@PATIENT
@given(st.from_regex(r"[0-9]{11,12}", fullmatch=True), st.sampled_from(("", " ", "-")))
def test_no_message_repeats_a_key(number: str, between: str) -> None:
    key = f"{number[:6]}{between}{number[6:]}"
    with pytest.raises(UserMistake) as raised:
        parse_grants(edited(PERSON, f'person: "{key}"', GRANTS), "g.yaml")
    assert number not in str(raised.value)
    assert key not in str(raised.value)
