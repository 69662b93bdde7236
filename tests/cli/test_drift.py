"""drift: what others changed in an LMS is shown, sent again on request, or let be; nobody is named."""

from __future__ import annotations

import shutil
import stat
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from rostersync.model import User
from rostersync.targets import Existing
from rostersync.targets.memory import MemoryTarget, Settings
from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE, Town

ON = ("--as-of", str(AUTUMN))
LATER = date(2999, 1, 1)
"""status knows no rehearsal: it goes by today's date."""


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a town whose LMS takes one thing at a time, after its first sync."""
    home = tmp_path_factory.mktemp("delivered")
    Town(home, target="memory").sync(AUTUMN)
    return home


@pytest.fixture
def lms(tmp_path: Path, delivered: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Somebody at the terminal of a copy of that town, in whose LMS others have been at work."""
    shutil.copytree(delivered, tmp_path / "home")
    desk = Desk(Town(tmp_path / "home", target="memory"), capsys)
    users, there = named(desk), target(desk)
    there.by_hand(None, users["Siri"].id)
    there.by_hand(replace(users["Kari"], given_name="Karin", memberships=()))
    there.seed(Existing("05810890051"))
    return desk


def target(desk: Desk) -> MemoryTarget:
    return MemoryTarget("lms", Settings(path=desk.town.home / "out" / "lms.jsonl"))


def named(desk: Desk) -> dict[str, User]:
    return {one.value.given_name: one.value for one in target(desk).snapshot() if isinstance(one.value, User)}


def test_drift_is_counted_listed_and_told_in_the_morning(lms: Desk) -> None:
    told = lms("drift", "oslo", *ON)
    assert told.code == 2
    assert "lms: compared 21 of 21 things." in told.out
    assert [line.split() for line in told.out.splitlines() if line.startswith("lms  ")] == [
        ["lms", "changed", "user", "1"],
        ["lms", "foreign", "user", "1"],
        ["lms", "lost", "user", "1"],
    ]
    listed = lms("drift", "oslo", "--last", "--list", *ON)
    assert "given_name, memberships lost" in listed.out
    assert "compared" not in listed.out
    assert not [one for one in ("Kari", "Siri", "0581") if one in told.out + listed.out]
    assert (
        "3 differ from what was delivered, and 0 that are let be: rostersync drift oslo --last --list"
        in lms("status").out
    )


def test_nothing_to_tell_is_said_in_a_line(desk: Desk) -> None:
    told = desk("drift", "oslo", *ON)
    assert told.code == 0
    assert "Nothing differs from what was delivered." in told.out
    assert "Things in the LMS" not in desk("status").out


def test_what_is_lost_or_changed_is_sent_again_by_the_next_sync(lms: Desk) -> None:
    lms("drift", "oslo", *ON)
    told = lms("drift", "oslo", "repair", "--reason", "a teacher deleted her", *ON)
    assert told.code == 0
    assert told.out.splitlines()[0] == "Marked to be sent again: 2 things."
    assert lms("plan", "oslo", *ON).code == 2
    assert lms("sync", "oslo", *ON).code == 0
    assert {"Siri", "Kari"} <= named(lms).keys()
    left = lms("drift", "oslo", "--json", *ON).document
    assert [one["what"] for one in left["drift"]] == ["foreign"]
    assert lms.journal() == [("drift repair", "oslo", "2 things: a teacher deleted her")]
    again = lms("drift", "oslo", "repair", "--reason", "again", "--json", *ON)
    assert again.document == {"sync": "oslo", "marked": [], "released": 0, "left": {}}
    assert len(lms.journal()) == 1, "what marks nothing is no decision"


def test_a_finding_is_let_be_until_a_day_by_person_or_by_the_lists_id(lms: Desk) -> None:
    until = ("--until", str(LATER), "--reason", "her class asked for it")
    found = lms("drift", "oslo", "--json", *ON).document["drift"]
    stranger = next(one["id"] for one in found if one["what"] == "foreign")
    assert lms("drift", "oslo", "ignore", f"{SOURCE}/kari", *until, *ON).code == 0
    assert lms("drift", "oslo", "ignore", stranger[:8], *until, *ON).code == 0
    listed = lms("drift", "oslo", "--last", "--list", *ON)
    assert listed.out.count("her class asked for it") == 2
    assert "1 differ from what was delivered, and 2 that are let be" in lms("status").out
    assert "1 left alone: let be" in lms("drift", "oslo", "repair", "--reason", "r", *ON).out
    after = str(LATER + timedelta(days=1))
    ended = lms("drift", "oslo", "--last", "--json", "--as-of", after).document["drift"]
    assert [one["ignored_until"] for one in ended] == [None, None]
    assert [what for what, _, _ in lms.journal()] == ["drift ignore", "drift ignore", "drift repair"]


def test_a_reason_that_names_somebody_is_masked_for_programs(lms: Desk) -> None:
    lms("drift", "oslo", *ON)
    lms("drift", "oslo", "ignore", f"{SOURCE}/kari", "--until", str(LATER), "--reason", "mor@home.example asked", *ON)
    assert "mor@home" not in lms("drift", "oslo", "--last", "--json", *ON).out


def test_the_keys_of_strangers_go_into_a_private_file_that_adopt_reads(lms: Desk) -> None:
    path = lms.town.home / "foreign.csv"
    told = lms("drift", "oslo", "--foreign", str(path), *ON)
    assert "0581" not in told.out
    assert path.read_bytes() == b"target_key,key\r\n05810890051,\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = lms("drift", "oslo", "--foreign", str(path), *ON)
    assert (again.code, "File exists" in again.err) == (1, True)


def test_a_walk_tells_how_far_it_has_come(lms: Desk) -> None:
    config = lms.town.config
    config.write_text(config.read_text().replace('path = "out/lms.jsonl"', 'path = "out/lms.jsonl"\nwalked = 4'))
    first = lms("drift", "oslo", "--calls", "4", *ON)
    assert "lms: compared 14 of 21 things, in 4 calls. The next look goes on there" in first.out
    rest = lms("drift", "oslo", "--json", *ON).document
    assert rest["targets"][0]["round"]["ended_at"]
    assert {one["what"] for one in rest["drift"]} == {"lost", "changed"}
    assert "in 6 calls. That ends a round" in lms("drift", "oslo", *ON).out


def test_a_set_that_somebody_wrote_into_is_found_and_written_again(desk: Desk) -> None:
    path = desk.town.home / "out" / "oneroster.zip"
    with zipfile.ZipFile(path) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    good = path.read_bytes()
    texts["users.csv"] = texts["users.csv"].replace("anne@home.example", "other@home.example")
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
    told = desk("drift", "oslo", "--json", *ON)
    assert [(one["what"], one["aspects"]) for one in told.document["drift"]] == [("changed", "email")]
    assert desk("drift", "oslo", "repair", "--reason", "the LMS's import changed it", *ON).code == 0
    assert desk("sync", "oslo", *ON).code == 0
    assert path.read_bytes() == good
    assert desk("drift", "oslo", *ON).code == 0


def test_an_lms_that_lost_everything_is_told_apart_from_drift(lms: Desk) -> None:
    (lms.town.home / "out" / "lms.jsonl").unlink()
    told = lms("drift", "oslo", *ON)
    assert told.code == 0
    assert "the LMS shows nothing at all" in told.out
    assert "rostersync resync oslo --all" in told.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("ignore", "lab.example/nobody", "--until", str(LATER), "--reason", "r"), "that key means nobody here"),
        (("ignore", f"{SOURCE}/eva", "--until", str(LATER), "--reason", "r"), "nothing was found of that: rostersync"),
        (("ignore", f"{SOURCE}/eva", "--until", "2020-01-01", "--reason", "r"), "--until 2020-01-01 has passed"),
        (("ignore", f"{SOURCE}/eva", "--reason", "r"), "Missing option '--until'"),
        (("repair",), "Missing option '--reason'"),
        (("--last", "--foreign", "f.csv"), "--foreign needs to read the LMS"),
        (("mend",), "No such command 'mend'"),
    ],
)
def test_what_cannot_be_done_says_what_can(lms: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    told = lms("drift", "oslo", *arguments, *(ON if arguments != ("mend",) else ()))
    assert told.code == 64
    assert sentence in told.err
    assert lms.journal() == []
