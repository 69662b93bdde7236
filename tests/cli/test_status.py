"""status: what an IT officer looks at in the morning, and what it tells her to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.store.refusals import Refusal
from tests.cli.conftest import Desk
from tests.scenarios.test_guardians import decide
from tests.scenarios.town import AUTUMN, Human, Tied

NEXT = AUTUMN + timedelta(days=1)
GO = '[sync.oslo.departed.pupil]\nsuspend_after = "0d"\nremove_after = "1d"\n'


def status(desk: Desk) -> dict[str, Any]:
    """The whole status, as a program reads it."""
    told = desk("status", "--json")
    assert (told.code, told.err) == (0, "")
    return dict(told.document)


def test_its_document_has_one_shape(desk: Desk) -> None:
    told = status(desk)
    assert set(told) == {
        "sources", "targets", "questions", "refused", "pinned", "drift", "restored_backup", "last"
    }  # fmt: skip
    assert set(told["targets"]["lms"]) == {"objects", "departed", "suspended", "next", "refused"}
    assert {"accepted_digest", "taken_at", "accepted_at", "proof", "retired", "counts"} <= set(
        told["sources"]["everyday"]
    )
    assert set(told["last"]["oslo"]) == {
        "id",
        "sync",
        "command",
        "started_at",
        "finished_at",
        "code",
        "held",
        "removal",
    }


def test_a_quiet_morning_is_a_short_text(desk: Desk) -> None:
    text = desk("status").out
    for word in ("everyday", "2026-10-05 02:00", "2026-10-05 06:30", "root closed, type full", "lms"):
        assert word in text
    assert "Last sync of oslo: 2026-10-05 06:30, exit 0 (run " in text
    for word in ("HELD", "Refused", "pinned", "removal:", "restored backup"):
        assert word not in text


def test_a_source_that_was_never_read_and_a_sync_that_never_ran_are_said_so(desk: Desk) -> None:
    text = desk.town.config.read_text()
    source = text[text.index("[source.everyday]") : text.index("[target.lms]")].replace("everyday]", "visma]")
    sync = text[text.index("[sync.oslo]") :].replace("[sync.oslo]", "[sync.viken]")
    desk.town.config.write_text(text.replace("[target.lms]", source + "[target.lms]") + sync)
    told = desk("status").out
    (visma,) = (line for line in told.splitlines() if line.startswith("visma"))
    assert visma.split() == ["visma", "never"]
    assert "viken has never run. Begin with: rostersync plan viken" in told
    assert status(desk)["last"]["viken"] is None


def test_a_run_that_did_not_finish_is_to_be_run_again(desk: Desk) -> None:
    store = desk.town.store()
    store.runs.start("r", "oslo", "sync", datetime(2026, 10, 8, 4, 30, tzinfo=UTC))
    store.close()
    assert "Last sync of oslo (2026-10-08 06:30) did not finish: run it again." in desk("status").out


def test_a_refused_export_is_told_with_its_reason_and_the_command_until_one_is_accepted(desk: Desk) -> None:
    ties = list(desk.town.world.ties)
    desk.town.world.ties.clear()
    refused = desk.town.sync(NEXT).sources[0]
    text = desk("status").out
    assert f"Refused: everyday, {refused.refused}" in text
    assert f"release: rostersync source accept everyday {refused.digest[:12]} --reason ..." in text
    (one,) = status(desk)["refused"]
    assert (one["source"], one["code"], one["releasable"], one["digest"]) == ("everyday", "zero", True, refused.digest)
    desk.town.world.ties = ties
    desk.town.world.change("kari", family="Ås")
    desk.town.sync(NEXT + timedelta(days=1))
    assert "Refused" not in desk("status").out


def test_what_cannot_be_released_offers_no_command(desk: Desk) -> None:
    whole = desk.town.export(NEXT).read_text()
    desk.town.export(NEXT, whole[: len(whole) // 2])
    desk.town.run(NEXT)
    text = desk("status").out
    assert "Refused: everyday, " in text
    assert "source accept" not in text


def test_what_is_no_export_at_all_is_told_too_though_nobody_can_release_it(desk: Desk) -> None:
    desk.town.export(NEXT, "<enterprise>")
    assert desk("sync", "oslo", "--as-of", str(NEXT)).code == 1
    lines = desk("status").out.splitlines()
    assert any(line.startswith("  Refused: everyday, ") for line in lines)
    assert not any("source accept" in line for line in lines)


def test_a_retired_source_is_told_as_such_although_the_config_forgot_it(desk: Desk) -> None:
    desk("source", "retire", "everyday", "--reason", "the contract has ended")
    (line,) = (line for line in desk("status").out.splitlines() if line.startswith("everyday"))
    assert line.rstrip().endswith("retired")
    assert status(desk)["sources"]["everyday"]["retired"] is True


def test_pinned_people_are_counted_with_the_command_that_lists_them(desk: Desk) -> None:
    decide(desk.town, "pin", "kari", until=NEXT)
    assert "1 pinned persons: rostersync pin list" in desk("status").out
    assert status(desk)["pinned"] == 1


def test_who_is_due_for_removal_is_told_with_the_command_that_works(desk: Desk) -> None:
    desk.town.config.write_text(desk.town.config.read_text() + GO)
    desk.town.world.drop("siri")
    desk.town.export(NEXT)
    on = ("--as-of", str(NEXT))
    assert desk("sync", "oslo", *on).code == 0
    later = ("--as-of", str(NEXT + timedelta(days=1)))
    assert desk("sync", "oslo", *later).code == 3
    (line,) = (line for line in desk("status").out.splitlines() if "due for permanent removal" in line)
    count, command = line.split(" due for permanent removal: rostersync ")
    assert count.strip() == "1"
    assert desk(*command.replace("...", "").split(), "she moved", *later).code == 0
    assert desk("sync", "oslo", "--as-of", str(NEXT + timedelta(days=2))).code == 0
    assert "due for permanent removal" not in desk("status").out
    assert status(desk)["last"]["oslo"]["removal"]["person"] == {"remove": 0}


def test_what_is_suspended_and_what_comes_next_is_counted_per_lms(desk: Desk) -> None:
    desk.town.config.write_text(desk.town.config.read_text() + GO.replace('"0d"', '"3d"'))
    for days, leaver in ((0, "siri"), (1, "per")):
        desk.town.world.drop(leaver)
        desk.town.export(NEXT + timedelta(days=days))
        desk("sync", "oslo", "--as-of", str(NEXT + timedelta(days=days)))
    told = status(desk)["targets"]["lms"]
    assert (told["departed"], told["suspended"], told["next"]) == (2, 0, str(NEXT + timedelta(days=3)))
    desk("sync", "oslo", "--as-of", str(NEXT + timedelta(days=3)))
    told = status(desk)["targets"]["lms"]
    assert (told["departed"], told["suspended"]) == (1, 1)


@pytest.mark.parametrize("changed", [{"email": "ny@home.example"}, {"family": "Ås"}])
def test_whatever_happened_the_status_names_nobody(desk: Desk, changed: dict[str, str]) -> None:
    desk.town.world.change("kari", **changed).put(Human("liv", "Liv", "Holm"), Tied("north", "liv", "05"))
    desk.town.sync(NEXT)
    told = desk("status").out + desk("status", "--json").out
    names = {word for one in desk.town.world.people.values() for word in (one.given, one.family, one.number) if word}
    assert [name for name in names if name in told] == []
    assert "1 x suggested_role: " in told


def test_what_an_lms_does_not_take_is_shown_with_its_reason_and_what_to_do(desk: Desk) -> None:
    known = Refusal("ab" * 16, 3, "user", "cd" * 16, "the name is taken; change it", AUTUMN, times=3)
    with desk.town.store() as store:
        store.refusals.add("lms", [known, *(replace(known, id=f"{number:032x}", times=1) for number in range(12))])
    told = desk("status").out
    assert f"1 parked, refused by lms: the name is taken; change it\n    user {'ab' * 16}, since 2026-10-05" in told
    assert "12 refused by lms: the name is taken; change it" in told
    assert "and 2 more: rostersync status --json" in told
    assert "`drift SYNC repair` or `resync SYNC`" in told
    refused = status(desk)["targets"]["lms"]["refused"]
    assert (len(refused), sum(one["parked"] for one in refused)) == (13, 1)
