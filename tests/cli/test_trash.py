"""trash: what an administrator decides about departed users, and what the next sync makes of it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from rostersync.model import Life, User
from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE, Town

GONE = AUTUMN + timedelta(days=1)
OUT = GONE + timedelta(days=30)
LATER = OUT + timedelta(days=1)
SIRI, KARI = f"{SOURCE}/siri", f"{SOURCE}/kari"
WHY = ("--reason", "the school asked for it")


@pytest.fixture
def out(desk: Desk) -> Desk:
    """A desk in whose town Siri was dropped from the export, and is suspended by now."""
    desk.town.world.drop("siri")
    desk.town.sync(GONE)
    desk.town.sync(OUT)
    assert not user(desk.town).enabled
    return desk


def user(town: Town, name: str = "Siri") -> User:
    return town.known()[name, "school"]


def row(desk: Desk, on: date = LATER) -> dict[str, Any]:
    """Siri's line of the list; her guardian has lost his only pupil of that school and is no part of this."""
    (found,) = (one for one in desk("trash", "list", "--as-of", str(on), "--json").document if one["face"] == "school")
    return dict(found)


def life(town: Town, name: str = "Siri") -> Life:
    store = town.store()
    try:
        known = store.known.get("lms", user(town, name).id)
        assert known is not None
        return known.life
    finally:
        store.close()


# -- list -----------------------------------------------------------------------------------------------------------


def test_the_list_tells_why_since_when_and_what_comes_next(desk: Desk) -> None:
    assert desk("trash", "list").out == "The trash is empty.\n"
    desk.town.world.drop("siri")
    desk.town.sync(GONE)
    siri = row(desk, GONE)
    assert siri == {
        "target": "lms",
        "user": user(desk.town).id,
        "face": "school",
        "state": "departed",
        "reason": "absent",
        "departed": str(GONE),
        "suspended": "",
        "next": f"suspend from {OUT}",
    }
    assert user(desk.town).id in desk("trash", "list").out
    assert desk("trash", "list", "--state", "suspended", "--json").document == []


def test_whoever_is_suspended_stays_while_the_owner_removes_nobody(out: Desk) -> None:
    assert (row(out)["state"], row(out)["suspended"], row(out)["next"]) == ("suspended", str(OUT), "stays")


# -- restore --------------------------------------------------------------------------------------------------------


def test_whom_no_source_has_is_let_in_again_with_a_new_grace_period(out: Desk) -> None:
    told = out("trash", "restore", SIRI, "--reason", "her move was a mistake", "--as-of", str(LATER))
    assert (told.code, told.out) == (0, "Recorded for one user. The next sync goes by it: rostersync sync oslo\n")
    assert row(out)["next"] == "restored by the next sync"
    report = out("sync", "oslo", "--as-of", str(LATER), "--json").document
    assert report["delivered"]["person"] == {"restore": 1}
    assert user(out.town).enabled
    assert out.town.set().users[user(out.town).id]["enabledUser"] == "true"
    assert (row(out)["state"], row(out)["next"]) == ("departed", f"suspend from {LATER + timedelta(days=30)}")
    assert out("sync", "oslo", "--as-of", str(LATER), "--json").document["changes"] == {}
    out.town.run(LATER + timedelta(days=30))
    assert not user(out.town).enabled, "her new grace period is over"
    assert ("trash restore", user(out.town).id, "her move was a mistake") in out.journal()


def test_whom_a_source_has_is_restored_with_todays_values(desk: Desk) -> None:
    desk("protect", KARI, *WHY)
    desk.town.sync(GONE)
    assert not user(desk.town, "Kari").enabled
    barred = desk("trash", "restore", KARI, *WHY)
    assert (barred.code, "that person is protected; end that first: rostersync unprotect KEY" in barred.err) == (
        64,
        True,
    )
    desk("unprotect", KARI, *WHY)
    desk.town.world.change("kari", given="Karianne")
    desk.town.sync(GONE + timedelta(days=1))
    assert not user(desk.town, "Kari").enabled, "a protection that has ended brings nobody back by itself"
    assert desk("trash", "restore", KARI, *WHY).code == 0
    desk.town.sync(GONE + timedelta(days=2))
    back = user(desk.town, "Karianne")
    assert back.enabled
    assert len(back.memberships) == 2
    assert len(back.guardians) == 1
    assert life(desk.town, "Karianne") == Life()


def test_protected_without_a_source_she_can_still_be_brought_back_after_unprotect(out: Desk) -> None:
    out("protect", SIRI, *WHY)
    out.town.run(LATER)
    out("unprotect", SIRI, *WHY)
    out("trash", "restore", SIRI, *WHY)
    out.town.run(LATER)
    assert user(out.town).enabled
    assert life(out.town).state == "departed"


def test_a_restore_that_waits_is_undone_by_a_protection(out: Desk) -> None:
    out("trash", "restore", SIRI, *WHY)
    out("protect", SIRI, *WHY)
    out.town.run(LATER)
    assert not user(out.town).enabled
    assert life(out.town).reason == "protected"


# -- hold and extend ------------------------------------------------------------------------------------------------


def test_a_hold_stops_the_clock_and_the_return_until_it_ends(desk: Desk) -> None:
    desk.town.world.drop("siri")
    desk.town.sync(GONE)
    assert desk("trash", "hold", SIRI, "--reason", "a case is open").code == 0
    desk.town.sync(OUT)
    assert user(desk.town).enabled
    assert row(desk)["next"] == "held: a case is open"
    assert desk("trash", "hold", SIRI, "--end", "--reason", "the case is closed").code == 0
    desk.town.sync(LATER)
    assert not user(desk.town).enabled
    assert [what for what, _, _ in desk.journal()] == ["trash hold", "trash hold end"]
    again = desk("trash", "hold", SIRI, "--end", *WHY)
    assert (again.code, "that user is not held" in again.err) == (64, True)


def test_a_held_user_is_neither_restored_nor_removed(out: Desk) -> None:
    out("trash", "hold", SIRI, *WHY)
    for command in ("restore", "remove"):
        told = out("trash", command, SIRI, *WHY)
        assert (told.code, "that user is held; end that first: rostersync trash hold KEY --end" in told.err) == (
            64,
            True,
        )
    out.town.world.put(*small_siri())
    out.town.sync(LATER)
    assert not user(out.town).enabled


def small_siri() -> list[Any]:
    from tests.scenarios.town import small_world

    world = small_world()
    return [world.people["siri"], *(tie for tie in world.ties if tie.person == "siri")]


def test_an_extension_gives_more_time_before_the_next_step(desk: Desk) -> None:
    desk.town.world.drop("siri")
    desk.town.sync(GONE)
    until = OUT + timedelta(days=10)
    assert desk("trash", "extend", SIRI, "--to", str(until), *WHY, "--as-of", str(GONE)).code == 0
    assert row(desk, GONE)["next"] == f"suspend from {until}"
    desk.town.sync(OUT)
    assert user(desk.town).enabled
    desk.town.sync(until)
    assert not user(desk.town).enabled
    past = desk("trash", "extend", SIRI, "--to", str(GONE), *WHY, "--as-of", str(until))
    assert (past.code, "gives no more time" in past.err) == (64, True)


# -- remove and confirm ---------------------------------------------------------------------------------------------


def test_a_removal_waits_for_the_approval_of_its_digest_and_then_she_is_gone(out: Desk) -> None:
    siri = user(out.town).id
    assert out("trash", "remove", SIRI, "--reason", "she asked to be erased").code == 0
    assert row(out)["next"] == f"remove from {OUT}"
    plan = out("sync", "oslo", "--as-of", str(LATER), "--json")
    assert (plan.code, plan.document["removal"]["person"]) == (3, {"remove": 1})
    assert siri in out.town.set().users, "nothing is removed before somebody has approved it"
    assert "1 due for permanent removal: rostersync approve" in out("status").out
    digest = plan.document["removal"]["digest"]
    still = out("apply", digest, "--as-of", str(LATER))
    assert (still.code, "which takes an approval" in still.out) == (3, True)
    approved = out("approve", digest[:10], "--reason", "checked with the principal", "--as-of", str(LATER))
    assert "Approved for 7 days: permanent removal of 1 users." in approved.out
    assert siri in out.town.set().users
    done = out("apply", digest, "--as-of", str(LATER), "--json")
    assert (done.code, done.document["delivered"]) == (0, {"person": {"remove": 1}})
    assert siri not in out.town.set().users
    assert out("trash", "list", "--json").document == []
    whats = [what for what, _, _ in out.journal()]
    assert whats == ["trash remove", "apply removal", "approve removal", "apply removal"]


def test_a_removal_approved_for_another_list_of_people_is_void(desk: Desk) -> None:
    out = desk
    out.town.world.drop("siri", "ola")
    out.town.sync(GONE)
    out.town.sync(OUT)
    out("trash", "remove", SIRI, *WHY)
    digest = out("plan", "oslo", "--as-of", str(LATER), "--json").document["removal"]["digest"]
    out("approve", digest, *WHY, "--as-of", str(LATER))
    out("trash", "remove", f"{SOURCE}/ola", *WHY)
    told = out("sync", "oslo", "--as-of", str(LATER), "--json").document
    assert told["removal"]["person"] == {"remove": 2}
    assert told["removal"]["digest"] != digest
    assert user(out.town).id in out.town.set().users


def test_whom_a_source_still_has_is_not_removed(desk: Desk) -> None:
    desk("protect", KARI, *WHY)
    desk.town.sync(GONE)
    barred = desk("trash", "remove", KARI, *WHY)
    assert "that person is protected" in barred.err
    desk("unprotect", KARI, *WHY)
    told = desk("trash", "remove", KARI, *WHY)
    assert told.code == 64
    assert "a source still has that person, who would be back the next day" in told.err


def test_only_what_was_handed_over_is_confirmed(out: Desk) -> None:
    told = out("trash", "confirm", SIRI, *WHY)
    assert told.code == 64
    assert told.err == ("that takes a user who is handed_over, and this one is suspended: rostersync trash list\n")
    store = out.town.store()
    siri = user(out.town).id
    store.known.set_life("lms", siri, replace(life(out.town), state="handed_over"))
    store.close()
    assert row(out)["next"] == "trash confirm, once deleted there"
    assert out("trash", "confirm", SIRI, "--reason", "deleted by hand").code == 0
    assert out("trash", "list", "--json").document == []
    assert ("trash confirm", siri, "deleted by hand") in out.journal()


# -- whom it takes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("restore", KARI), "that takes a user who is suspended, and this one is active"),
        (("remove", KARI), "that takes a user who is suspended, and this one is active"),
        (("hold", KARI), "that takes a user who is departed or suspended, and this one is active"),
        (("restore", f"{SOURCE}/nobody"), "that key means nobody here"),
        (("extend", KARI, "--to", "tomorrow"), '"tomorrow" is no date'),
        (("extend", KARI), "Missing option '--to'"),
    ],
)
def test_what_cannot_be_done_to_somebody_says_what_can(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    told = desk("trash", *arguments, *WHY)
    assert told.code == 64
    assert sentence in told.err
    assert desk.journal() == []


def test_a_pinned_person_is_not_moved(out: Desk) -> None:
    out("pin", "add", SIRI, "--until", "2999-01-01", *WHY)
    told = out("trash", "restore", SIRI, *WHY)
    assert (told.code, "that person is pinned, so no sync touches her" in told.err) == (64, True)


def test_a_users_id_means_that_user_and_a_persons_key_both_of_hers(desk: Desk) -> None:
    desk.town.world.change("siri", guardians=("eva",)).drop("far")
    desk.town.sync(GONE)
    desk.town.world.drop("siri", "eva")
    desk.town.sync(GONE + timedelta(days=1))
    eva = desk.town.known()["Eva", "school"].id
    held = desk("trash", "hold", eva, *WHY, "--json").document["users"]
    assert held == [{"target": "lms", "user": eva}]
    both = desk("trash", "hold", f"{SOURCE}/eva", *WHY, "--json").document["users"]
    assert {one["user"] for one in both} == {eva, desk.town.known()["Eva", "guardian"].id}
    assert "Recorded for 2 users." in desk("trash", "hold", f"{SOURCE}/eva", *WHY).out
