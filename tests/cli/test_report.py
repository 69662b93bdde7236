"""What a run's report says, as text and as JSON, and which exit code it leads to."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from rostersync.report import to_json, to_text, worst
from tests.cli.reports import ALARM, EVERYDAY, FLOWING, HELD, REFUSED, REMOVAL, WHOLE, report

NOTHING: dict[str, Any] = {"changes": {}, "entries": (), "delivered": {}}


# -- exit codes -----------------------------------------------------------------------------------------------------


def test_the_worst_code_wins_in_the_order_of_the_contract() -> None:
    order = [78, 64, 1, 4, 3, 2, 0]
    for graver, milder in itertools.combinations(order, 2):
        assert worst([milder, graver, milder]) == graver
    assert worst([]) == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        (NOTHING, 0),
        ({"command": "plan", "delivered": {}}, 2),
        ({"command": "plan", **NOTHING}, 0),
        ({"deliver": False, "delivered": {}}, 2),
        ({"entries": (HELD,)}, 3),
        ({"command": "plan", "entries": (HELD,)}, 3),
        ({"removal": REMOVAL}, 3),
        ({"removal": replace(REMOVAL, approved=True)}, 0),
        ({"failed": 2}, 4),
        ({"parked": 1}, 4),
        ({"failed": 2, "entries": (HELD,)}, 4),
        ({"sources": (EVERYDAY, REFUSED)}, 4),
        ({"sources": (REFUSED,)}, 1),
        ({"sources": (REFUSED, REFUSED), "failed": 1}, 1),
        ({"sources": ()}, 0),
    ],
)
def test_a_report_leads_to_its_exit_code(changes: dict[str, Any], code: int) -> None:
    assert report(**changes).code == code


def test_the_verdict_is_refused_before_held_before_cleared() -> None:
    assert report().verdict == "cleared"
    assert report(entries=(HELD,)).verdict == "held"
    assert report(entries=(HELD,), sources=(REFUSED,)).verdict == "refused"
    assert report(sources=(EVERYDAY, REFUSED)).verdict == "cleared"


# -- JSON -----------------------------------------------------------------------------------------------------------


def test_the_document_has_the_shape_of_the_contract() -> None:
    document = to_json(report(entries=(HELD, ALARM), removal=REMOVAL, failed=1, failures={"timed out": 1}))
    assert document["verdict"] == "held"
    assert document["sources"] == {
        "everyday": {
            "accepted": True,
            "proof": "root closed, type full",
            "read": 2842,
            "skipped": 2800,
            "rejected": 1,
            "reasons": {"rejected person: no name": 1, "not a user of the learning platform": 32},
        }
    }
    assert document["changes"] == {"person": {"create": 3, "depart": 312}, "membership": {"create": 40}}
    assert document["removal"] == {"digest": REMOVAL.digest, "person": {"remove": 4}}
    assert document["held"] == [
        {
            "digest": HELD.digest,
            "target": "lms",
            "kind": "person",
            "action": "depart",
            "school": "974589230",
            "count": 312,
            "of": 9480,
            "limit": 100,
            "release": "rostersync approve 77aa77aa77aa --reason ...",
        }
    ]
    assert [one["kind"] for one in document["alarms"]] == ["guardianship"]
    assert (document["delivered"]["person"], document["failed"]) == ({"create": 3}, 1)
    assert msgspec.json.decode(msgspec.json.encode(document)) == document


def test_a_plan_tells_nothing_of_deliveries() -> None:
    assert {"delivered", "failed"}.isdisjoint(to_json(report(command="plan")))


def test_a_refused_source_says_how_to_release_it() -> None:
    source = to_json(report(sources=(REFUSED,)))["sources"]["everyday"]
    assert (source["accepted"], source["refused"], source["release"]) == (False, "zero persons", REFUSED.release)


# -- text -----------------------------------------------------------------------------------------------------------


def test_a_quiet_night_fits_a_few_lines() -> None:
    text = to_text(report(**NOTHING, sources=(replace(EVERYDAY, repeat=True),)))
    assert text.splitlines() == [
        "oslo: sync for 2026-11-22",
        "",
        "  everyday: the same file as last time; reading it was skipped",
        "",
        "  Nothing to change: the LMS holds what it should.",
        "",
        "  0 changes delivered, 0 objects failed.",
    ]


def test_changes_stand_in_a_table_with_users_by_that_name() -> None:
    text = to_text(report())
    assert "                    create    depart" in text
    assert "  users                  3       312" in text
    assert "  memberships           40         ." in text
    assert "accepted (root closed, type full); 2,842 elements, 2,800 unchanged, 1 rejected" in text
    assert text.index("32 x not a user") < text.index("1 x rejected person"), "the most frequent reason comes first"


def test_what_is_held_says_how_many_where_against_what_and_the_command() -> None:
    text = to_text(report(entries=(HELD, replace(HELD, school="*", limit=None, recent=0), FLOWING)))
    assert (
        "  HELD  312 x person depart at Nord skole (974589230), of 9,480, counting 2 from the six days before; "
        "the limit is 100\n        rostersync approve 77aa77aa77aa --reason ..."
    ) in text
    assert "312 x person depart at the whole owner, of 9,480; that takes an approval" in text
    assert "Sør skole" not in text
    assert text.endswith("  Plan 4f1c9a774f1c, held.")


def test_an_alarm_is_told_and_not_called_held() -> None:
    text = to_text(report(entries=(ALARM,)))
    assert "ALARM 40 x guardianship end at no school of 50: not held, because it takes access away" in text
    assert "HELD" not in text


def test_a_refused_source_tells_why_and_what_to_do() -> None:
    text = to_text(report(sources=(REFUSED,), **NOTHING))
    assert "everyday: REFUSED - zero persons" in text
    assert REFUSED.release in text
    assert "Nothing to change: the LMS holds what was accepted before." in text
    unavailable = replace(REFUSED, unavailable=True, release="", refused="in/: no such folder")
    assert "everyday: unavailable - in/: no such folder" in to_text(report(sources=(unavailable,)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"command": "plan"}, "Nothing was written to any LMS. To deliver what is cleared: rostersync sync oslo"),
        ({"deliver": False}, "Nothing was delivered: `deliver` is not true under [target] in the config."),
        ({"parked": 3}, "3 objects are parked, because the LMS has refused them again and again: rostersync status"),
        ({"failed": 2, "failures": {"the LMS said no": 2}}, "43 changes delivered, 2 objects failed.\n          2 x the LMS said no"),
        ({"removal": REMOVAL}, "4 users are due for permanent removal, which takes an approval:\n    rostersync approve 9a0b9a0b9a0b --reason ..."),
        ({"removal": replace(REMOVAL, approved=True)}, "4 users are due for permanent removal, which is approved."),
        ({"questions": 6}, "6 open questions: rostersync questions"),
        ({"pinned": 2}, "2 pinned persons were not touched: rostersync pin list"),
        ({"waiting": {"the summer": 1}, "questions": 1}, "1 change waits: the summer\n  1 open question: rostersync questions"),
        ({"pinned": 1, "failed": 1}, "1 pinned person was not touched: rostersync pin list\n  43 changes delivered, 1 object failed."),
        ({"waiting": {"the summer": 12}}, "12 changes wait: the summer"),
        ({"notes": ("a remark",)}, "  a remark"),
        ({"restored_backup": True}, "nothing ends until `rostersync state recover --reason ...`"),
    ],
)  # fmt: skip
def test_whatever_else_there_is_to_know_is_a_sentence_with_the_command(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in to_text(report(**changes))
    assert sentence not in to_text(report())


def test_the_whole_owner_is_named_as_such() -> None:
    assert "the whole owner" in to_text(report(entries=(replace(WHOLE, held=True),)))
