"""guardian, protect and pin: whom a decision reaches, until when, and what a program is told of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE

NEXT = AUTUMN + timedelta(days=1)
WHY = ("--reason", "a case is open")
KARI, PER, MOR, EVA = (f"{SOURCE}/{one}" for one in ("kari", "per", "mor", "eva"))
ON = ("--as-of", str(NEXT))


def sync(desk: Desk, on: date = NEXT) -> dict[str, dict[str, int]]:
    """What the sync of a day delivered, with the export that lies there."""
    told = desk("sync", "oslo", "--as-of", str(on), "--json")
    assert told.code == 0
    return dict(told.document["delivered"])


# -- whom it reaches ------------------------------------------------------------------------------------------------


def test_a_denial_is_delivered_with_the_next_sync_though_no_export_has_come(desk: Desk) -> None:
    told = desk("guardian", "deny", KARI, MOR, *WHY, *ON)
    assert (told.code, told.out) == (0, "Recorded. It reaches the LMS with the next sync: rostersync sync oslo\n")
    assert sync(desk) == {"guardianship": {"end": 1}}
    assert sync(desk) == {}


def test_a_denial_is_for_one_child_and_one_guardian(desk: Desk) -> None:
    desk("guardian", "deny", KARI, MOR, *WHY, *ON)
    sync(desk)
    known = desk.town.known()
    anne = known["Anne", "guardian"]
    assert known["Kari", "school"].guardians == ()
    assert known["Per", "school"].guardians == (anne.id,)
    assert anne.enabled


def test_denied_all_her_children_a_guardian_leaves_the_lms_by_the_clock(desk: Desk) -> None:
    for child in (KARI, PER):
        desk("guardian", "deny", child, MOR, *WHY, *ON)
    delivered = sync(desk)
    assert delivered["guardianship"] == {"end": 2}
    status = desk("status", "--json").document["targets"]["lms"]
    assert status["departed"] == 1


def test_a_protected_guardian_is_out_and_nobody_follows_through_her(desk: Desk) -> None:
    desk("protect", MOR, *WHY, *ON)
    sync(desk)
    known = desk.town.known()
    assert (known["Kari", "school"].guardians, known["Per", "school"].guardians) == ((), ())
    anne = known["Anne", "guardian"]
    assert (anne.enabled, anne.memberships, dict(anne.fields).get("email")) == (False, (), None)


def test_a_pin_holds_her_values_but_not_a_denial(desk: Desk) -> None:
    desk("pin", "add", KARI, "--until", str(NEXT), *WHY, *ON)
    desk("guardian", "deny", KARI, MOR, *WHY, *ON)
    desk.town.world.change("kari", family="Ås")
    desk.town.export(NEXT)
    assert sync(desk) == {"guardianship": {"end": 1}}
    assert desk.town.known()["Kari", "school"].family_name == "Lund"
    assert sync(desk, NEXT + timedelta(days=1)) == {"person": {"update": 1}}, "the pin's last day is over"


def test_a_decision_about_two_lmss_reaches_both(desk: Desk) -> None:
    text = desk.town.config.read_text()
    target = text[text.index("[target.lms]") : text.index("[sync.oslo]")]
    second = target.replace("target.lms", "target.archive").replace('"out"', '"out2"')
    desk.town.config.write_text(
        text.replace("[sync.oslo]", second + "[sync.oslo]").replace('["lms"]', '["lms", "archive"]')
    )
    (desk.town.home / "out2").mkdir()
    sync(desk)
    desk("guardian", "deny", KARI, MOR, *WHY, *ON)
    assert sync(desk) == {"guardianship": {"end": 2}}


# -- until when -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, 1], ids=["today", "tomorrow"])
def test_a_last_day_may_be_today_or_later(desk: Desk, days: int) -> None:
    until = str(NEXT + timedelta(days=days))
    assert desk("guardian", "deny", KARI, MOR, "--until", until, *WHY, *ON).code == 0
    assert desk("pin", "add", KARI, "--until", until, *WHY, *ON).code == 0


@pytest.mark.parametrize("command", [("guardian", "deny", KARI, MOR), ("pin", "add", KARI)], ids=["a denial", "a pin"])
def test_a_last_day_that_has_passed_is_refused_and_nothing_is_decided(desk: Desk, command: tuple[str, ...]) -> None:
    told = desk(*command, "--until", str(AUTUMN), *WHY, *ON)
    assert (told.code, told.err) == (64, f"--until {AUTUMN} has passed already; give today or a later date\n")
    assert (desk.journal(), desk("pin", "list", "--json").document) == ([], [])


def test_a_new_decision_takes_the_place_of_the_old_one(desk: Desk) -> None:
    for until in ("2026-12-01", "2027-02-01"):
        desk("pin", "add", KARI, "--until", until, "--reason", f"until {until}", *ON)
    (pin,) = desk("pin", "list", "--json").document
    assert (pin["until"], pin["reason"]) == ("2027-02-01", "until 2027-02-01")
    assert [why for _, _, why in desk.journal()] == ["until 2026-12-01", "until 2027-02-01"]


# -- what is told of it ---------------------------------------------------------------------------------------------


def test_each_decision_is_one_document_of_ids(desk: Desk) -> None:
    kari, mor = desk.town.person("kari"), desk.town.person("mor")
    pair = {"pupil": kari, "guardian": mor}
    told = [
        desk(*command, *WHY, *ON, "--json").document
        for command in (
            ("guardian", "deny", KARI, MOR, "--until", "2027-01-01"),
            ("guardian", "allow", KARI, MOR),
            ("protect", KARI),
            ("unprotect", KARI),
            ("pin", "add", KARI, "--until", "2027-01-01"),
            ("pin", "remove", KARI),
        )
    ]
    assert told == [
        pair | {"denied": True, "until": "2027-01-01"},
        pair | {"denied": False, "until": None},
        {"person": kari, "level": "withhold"},
        {"person": kari, "level": ""},
        {"person": kari, "until": "2027-01-01"},
        {"person": kari, "until": None},
    ]
    assert [what for what, _, _ in desk.journal()] == [
        "guardian deny", "guardian allow", "protect", "unprotect", "pin add", "pin remove",
    ]  # fmt: skip


def test_the_pupil_comes_first_and_the_wrong_way_round_says_so(desk: Desk) -> None:
    desk("guardian", "deny", KARI, MOR, *WHY, *ON)
    told = desk("guardian", "allow", MOR, KARI, *WHY, *ON)
    assert told.code == 64
    assert "that guardian is not denied that pupil; PUPIL comes first: rostersync person KEY shows it" in told.err
    assert len(desk.journal()) == 1


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("unprotect", KARI), "that person is not protected: rostersync person KEY shows what is decided about her"),
        (("pin", "remove", KARI), "that person is not pinned: rostersync pin list"),
        (("protect", f"{SOURCE}/nobody"), "that key means nobody here"),
        (("protect", KARI, "--level", "hide"), "'hide' is not 'withhold'"),
        (("pin", "add", KARI), "Missing option '--until'"),
    ],
)
def test_what_cannot_be_decided_is_answered_and_not_journalled(
    desk: Desk, command: tuple[str, ...], sentence: str
) -> None:
    told = desk(*command, *WHY, *ON)
    assert (told.code, sentence in told.err) == (64, True)
    assert desk.journal() == []


def test_pins_are_listed_with_who_set_them_and_which_have_run_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "kristin")
    desk("pin", "add", KARI, "--until", str(NEXT), *WHY, *ON)
    desk("pin", "add", EVA, "--until", "2027-01-01", *WHY, *ON)
    lines = {line[:32]: line for line in desk("pin", "list", "--as-of", str(NEXT + timedelta(days=1))).out.splitlines()}
    kari, eva = lines[desk.town.person("kari")], lines[desk.town.person("eva")]
    assert "has run out" in kari
    assert "has run out" not in eva
    assert all("kristin" in line and "a case is open" in line for line in (kari, eva))
