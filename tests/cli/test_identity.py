"""questions, and person link, unlink and split: what a person types, and what a program is told."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from tests.cli.conftest import Desk, Told
from tests.scenarios.town import AUTUMN, SOURCE, Human, Tied

NEXT = AUTUMN + timedelta(days=1)
WHY = ("--reason", "the school says so")
KARI, PER, EVA = (f"{SOURCE}/{one}" for one in ("kari", "per", "eva"))
ON = ("--as-of", str(NEXT))


def asked(desk: Desk) -> str:
    """A second record of Kari with her number: the school system lists her twice, or somebody mistyped a digit."""
    number = desk.town.world.people["kari"].number
    desk.town.world.put(Human("kari2", "Kari", "Lund", None, number), Tied("north", "kari2"), Tied("7A", "kari2"))
    desk.town.sync(NEXT)
    return desk.town.person("kari2")


def person(told: Told) -> str:
    return str(told.document["person"])


def test_nothing_is_asked_on_a_good_day(desk: Desk) -> None:
    assert desk("questions").out == "Nothing is asked.\n"
    assert desk("questions", "--json").document == []


def test_a_question_says_about_whom_and_how_to_answer_and_names_nobody(desk: Desk) -> None:
    second = asked(desk)
    (one,) = desk("questions", "--json").document
    assert one["code"] == "recorded_twice"
    assert set(one["about"]) == {desk.town.person("kari"), second}
    assert "rostersync person link" in one["answer"]
    shown = desk("questions").out
    assert "recorded_twice" in shown
    assert second in shown
    assert "Lund" not in shown


def test_a_link_answers_the_question_and_the_older_person_survives(desk: Desk) -> None:
    second = asked(desk)
    told = desk("person", "link", second, KARI, *WHY, *ON, "--json")
    assert told.document == {"person": desk.town.person("kari"), "joined": second}
    assert desk("questions", "--json").document == []
    assert desk.journal()[-1] == ("person link", desk.town.person("kari"), f"the school says so (and {second})")
    held = desk("sync", "oslo", "--as-of", str(NEXT + timedelta(days=1)), "--json")
    assert held.code == 3
    assert [(one["kind"], one["action"]) for one in held.document["held"]] == [("person", "merge")]
    card = desk("person", second, *ON).out
    assert f"the same human as {desk.town.person('kari')}" in card


def test_unlink_answers_it_the_other_way_and_it_is_not_asked_again(desk: Desk) -> None:
    second = asked(desk)
    told = desk("person", "unlink", KARI, second, *WHY, *ON)
    assert told.out == "They stay two persons. It reaches the LMS with the next sync: rostersync sync oslo\n"
    desk.town.world.change("kari2", given="Karianne")
    desk.town.sync(NEXT + timedelta(days=1))
    assert desk("questions", "--json").document == []


def test_a_link_is_undone_by_the_ids_it_told(desk: Desk) -> None:
    linked = desk("person", "link", KARI, PER, *WHY, *ON, "--json").document
    assert set(linked.values()) == {desk.town.person("kari"), desk.town.person("per")}
    told = desk("person", "unlink", linked["person"], linked["joined"], *WHY, *ON, "--json").document
    assert told == {"persons": [linked["person"], linked["joined"]], "undone": True}
    assert desk("person", PER, *ON, "--json").document[0]["person"] == desk.town.person("per")


def test_what_is_decided_about_the_one_who_was_joined_is_decided_about_the_survivor(desk: Desk) -> None:
    linked = desk("person", "link", KARI, PER, *WHY, *ON, "--json").document
    assert person(desk("protect", linked["joined"], *WHY, *ON, "--json")) == linked["person"]


def test_a_split_takes_a_record_out_as_the_card_names_it(desk: Desk) -> None:
    number = desk.town.world.people["kari"].number
    desk.town.world.put(Human("kari2", "Kari", "Lund", desk.town.world.people["kari"].born, number))
    desk.town.world.put(Tied("north", "kari2"), Tied("7B", "kari2"))
    desk.town.sync(NEXT)
    (card,) = desk("person", KARI, *ON, "--json").document
    first, second = (claim["record"] for claim in card["claims"])
    assert f"record {second}" in desk("person", KARI, *ON).out
    told = desk("person", "split", KARI, "--record", second, "--keeps", "rest", *WHY, *ON, "--json").document
    assert told["person"] == desk.town.person("kari")
    assert {one["record"] for one in desk("person", told["new"], *ON, "--json").document[0]["claims"]} == {second}
    assert first not in desk("person", told["new"], *ON).out


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("link", KARI, KARI), "both keys mean one person already"),
        (("unlink", KARI, KARI), "no `person link` joined them: rostersync person split KEY"),
        (("split", KARI, "--record", "00000000", "--keeps", "rest"), "she has no record 00000000; she has "),
        (("link", "01911080326", KARI), "a national number may not be an argument"),
        (("link", f"{SOURCE}/nobody", KARI), "that key means nobody here"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_do(desk: Desk, command: tuple[str, ...], said: str) -> None:
    told = desk("person", *command, *WHY, *ON)
    assert told.code in (64, 78)
    assert said in told.err


def test_the_only_record_of_somebody_cannot_be_taken_out(desk: Desk) -> None:
    (card,) = desk("person", KARI, *ON, "--json").document
    (record,) = (claim["record"] for claim in card["claims"])
    told = desk("person", "split", KARI, "--record", record, "--keeps", "rest", *WHY, *ON)
    assert "one record at least must be named, and one must be left" in told.err


@pytest.mark.parametrize("about", ["link", "unlink"])
def test_every_decision_needs_a_reason(desk: Desk, about: str) -> None:
    assert desk("person", about, KARI, PER).code == 64
    assert desk.journal() == []


def test_a_pinned_person_is_joined_with_nobody(desk: Desk) -> None:
    desk("pin", "add", EVA, "--until", "2999-01-01", *WHY, *ON)
    assert "pinned; end that first: rostersync pin remove" in desk("person", "link", EVA, KARI, *WHY, *ON).err


def test_national_numbers_are_typed_at_the_prompt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [desk.town.world.people[one].number for one in ("kari", "eva")]
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{one}\n" for one in numbers)))
    told = desk("person", "link", "-", "-", *WHY, *ON, "--json").document
    assert {told["person"], told["joined"]} == {desk.town.person("kari"), desk.town.person("eva")}


@pytest.mark.parametrize("typed", [(KARI, *ON), (*ON, KARI), ("show", KARI, *ON)])
def test_the_card_is_shown_wherever_the_options_stand(desk: Desk, typed: tuple[str, ...]) -> None:
    assert f"Person {desk.town.person('kari')}" in desk("person", *typed).out
