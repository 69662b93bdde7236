"""adopt: taking over the users an LMS has. resync: sending again what it lost."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from rostersync.model import User
from rostersync.targets import Existing
from rostersync.targets.memory import MemoryTarget, Settings
from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE, Town

NEXT = AUTUMN + timedelta(days=1)
ON = ("--as-of", str(AUTUMN))


@pytest.fixture
def lms(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A town planned but never delivered, whose LMS takes one object at a time and has users of its own."""
    desk = Desk(Town(tmp_path / "home", target="memory"), capsys)
    desk.town.export(AUTUMN)
    assert desk("plan", "oslo", *ON).code == 2
    return desk


def target(desk: Desk) -> MemoryTarget:
    return MemoryTarget("lms", Settings(path=desk.town.home / "out" / "lms.jsonl"))


def seed(desk: Desk, *users: Existing) -> None:
    for user in users:
        target(desk).seed(user)


def keys(desk: Desk, *lines: str) -> str:
    path = desk.town.home / "keys.csv"
    path.write_text("\n".join(["target_key,key", *lines]) + "\n", encoding="utf-8")
    return str(path)


def adopt(desk: Desk, *arguments: str) -> dict[str, object]:
    return dict(desk("adopt", "oslo", *arguments, *ON, "--json").document)


# -- adopt ----------------------------------------------------------------------------------------------------------


def test_an_lms_with_users_is_not_delivered_to_before_they_are_adopted(lms: Desk) -> None:
    seed(lms, Existing("account-7", national_number=lms.town.world.people["kari"].number))
    refused = lms("sync", "oslo", *ON)
    assert refused.code == 1
    assert "already holds users that rostersync did not create. Take them over: rostersync adopt oslo" in refused.err
    shown = lms("adopt", "oslo", *ON)
    assert shown.code == 2
    assert "1 LMS users belong to people of the sources (1 by national number)." in shown.out
    digest = shown.out.strip().rpartition(" ")[2]
    taken = lms("apply", digest, *ON)
    assert (taken.code, taken.out) == (0, "Took over 1 users. What would change now: rostersync plan oslo\n")
    assert lms("sync", "oslo", *ON).code == 0
    kari = {
        placed.value.given_name: placed for placed in target(lms).snapshot() if hasattr(placed.value, "given_name")
    }["Kari"]
    assert kari.target_key == "account-7"
    assert target(lms).double_creates == ()
    assert [(what, why) for what, _, why in lms.journal()] == [("adopt", "1 users taken over")]


def test_users_get_our_ids_as_keys_only_on_request(lms: Desk) -> None:
    seed(lms, Existing("account-7", national_number=lms.town.world.people["kari"].number))
    digest = str(adopt(lms, "--rekey")["digest"])
    taken = lms("apply", digest, *ON)
    assert taken.out.startswith("Took over 1 users, 1 of them with our id as their key.")
    assert [user.target_key for user in target(lms).existing()] == [
        user.id for (given, _), user in lms.town.known().items() if given == "Kari"
    ]


def test_an_lms_whose_users_may_be_replaced_is_a_decision_of_somebody(lms: Desk) -> None:
    seed(lms, Existing("account-7"))
    assert lms("sync", "oslo", "--new-site", *ON).code == 0
    assert lms.journal() == [("sync --new-site", "oslo", "what the LMS holds may be replaced")]


def test_a_list_says_whose_an_account_is(lms: Desk) -> None:
    seed(lms, Existing("a1"), Existing("a2"), Existing("a3"))
    listed = keys(lms, f"a1,{SOURCE}/ola", f"a2,{lms.town.person('mor')}")
    made = adopt(lms, "--keys", listed)
    assert {name: made[name] for name in ("matched", "by", "unmatched", "doubtful")} == {
        "matched": 2,
        "by": {"list": 2},
        "unmatched": 1,
        "doubtful": 0,
    }
    assert lms("apply", str(made["digest"]), *ON, "--json").document == {"adopted": 2}


def test_a_list_may_name_people_by_national_number_for_it_is_a_file(lms: Desk) -> None:
    seed(lms, Existing("a1"))
    assert adopt(lms, "--keys", keys(lms, f"a1,{lms.town.world.people['eva'].number}"))["matched"] == 1


def test_a_list_with_mistakes_is_answered_line_by_line(lms: Desk) -> None:
    listed = keys(
        lms, "a1,lab.example/nobody", f",{SOURCE}/ola", f"a2,{SOURCE}/per", f"a2,{SOURCE}/ola", f"a3,{SOURCE}/per", "a4"
    )
    told = lms("adopt", "oslo", "--keys", listed, *ON)
    assert told.code == 78
    assert told.err.splitlines() == [
        "keys.csv:2: the key means nobody; give one of our ids, a source key or a national number",
        "keys.csv:3: the target_key is empty",
        "keys.csv:5: a line above has that target_key already",
        "keys.csv:6: a line above gives that person an LMS user already",
        "keys.csv:7: the key means nobody; give one of our ids, a source key or a national number",
    ]
    (lms.town.home / "keys.csv").write_text("account;person\n")
    assert (
        'keys.csv:1: the first line must name the columns: "target_key,key"'
        in lms("adopt", "oslo", "--keys", listed).err
    )
    missing = lms("adopt", "oslo", "--keys", str(lms.town.home / "none.csv"))
    assert (missing.code, "none.csv: cannot be read: No such file or directory" in missing.err) == (78, True)


def test_a_number_that_two_accounts_carry_tells_nothing(lms: Desk) -> None:
    number = lms.town.world.people["kari"].number
    seed(lms, Existing("a1", national_number=number), Existing("a2", national_number=number))
    made = adopt(lms)
    assert (made["matched"], made["doubtful"], made["unmatched"]) == (0, 2, 0)
    assert lms("adopt", "oslo", *ON).code == 0
    resolved = adopt(lms, "--keys", keys(lms, f"a2,{SOURCE}/kari"))
    assert (resolved["matched"], resolved["doubtful"]) == (1, 1)


def test_a_teacher_who_is_a_mother_keeps_her_one_account_as_a_teacher(lms: Desk) -> None:
    lms.town.world.change("siri", guardians=("eva",))
    lms.town.plan(AUTUMN)
    seed(lms, Existing("a1", national_number=lms.town.world.people["eva"].number))
    made = adopt(lms)
    assert (made["matched"], made["doubtful"]) == (1, 0)
    lms("apply", str(made["digest"]), *ON)
    assert {name for name, face in lms.town.known() if face == "school"} == {"Eva"}


def test_an_adoption_is_void_when_the_lms_or_the_list_has_changed(lms: Desk) -> None:
    seed(lms, Existing("a1"))
    listed = keys(lms, f"a1,{SOURCE}/ola")
    digest = str(adopt(lms, "--keys", listed)["digest"])
    keys(lms, f"a1,{SOURCE}/per")
    told = lms("apply", digest, *ON)
    assert told.code == 64
    assert "have changed since that adoption was shown; look again: rostersync adopt oslo" in told.err
    assert lms.town.known() == {}
    approval = lms("approve", digest, "--reason", "r")
    assert (approval.code, f"needs no approval: rostersync apply {digest[:12]}" in approval.err) == (64, True)


def test_after_a_lost_state_the_same_users_are_found_again_by_our_own_ids(desk: Desk) -> None:
    before = desk.town.known()
    for leftover in desk.town.home.glob("state.db*"):
        leftover.unlink()
    assert desk("plan", "oslo", *ON).code == 2
    made = adopt(desk)
    assert (made["matched"], made["by"]) == (7, {"our id": 7})
    desk("apply", str(made["digest"]), *ON)
    assert desk("sync", "oslo", *ON).code == 0
    assert desk.town.known() == before


# -- resync ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def delivered(lms: Desk) -> Desk:
    """The same town, delivered."""
    assert lms("sync", "oslo", *ON).code == 0
    return lms


def names(desk: Desk) -> dict[str, str]:
    """Our id of everything the LMS holds -> a name to know it by."""
    values = [placed.value for placed in target(desk).snapshot()]
    return {value.id: value.given_name if isinstance(value, User) else value.name for value in values}


def sent(desk: Desk, *arguments: str) -> set[str]:
    """What one resync sent, by name."""
    before = target(desk).calls
    assert desk("resync", "oslo", *arguments).code == 0
    told = target(desk).calls
    return {names(desk)[id_] for (id_, asked), count in told.items() if count > before.get((id_, asked), 0)}


def test_everything_is_sent_again_to_an_lms_that_lost_it(delivered: Desk) -> None:
    there = names(delivered)
    (delivered.town.home / "out" / "lms.jsonl").unlink()
    assert delivered("plan", "oslo", *ON).code == 0, "nobody has noticed"
    told = delivered("resync", "oslo", "--all", "--json")
    assert (told.code, told.document["failed"], told.document["sent"]) == (0, 0, len(there))
    assert names(delivered) == there


def test_one_person_group_or_school_is_sent_again_and_nothing_else(delivered: Desk) -> None:
    assert sent(delivered, "--person", f"{SOURCE}/kari") == {"Kari"}
    assert sent(delivered, "--group", f"{SOURCE}/7B") == {"7B", "Ola", "Eva", "Jon"}
    southern = sent(delivered, "--school", "970944443")
    assert southern >= {"Sør skole", "1S", "Siri", "Jon"}
    assert not southern & {"Nord skole", "7A", "Kari", "Eva", "Anne"}
    assert sent(delivered, "--all") == set(names(delivered).values())
    whats = [(what, about) for what, about, _ in delivered.journal()]
    assert whats[0] == ("resync person", delivered.town.person("kari"))
    assert [what for what, _ in whats] == ["resync person", "resync group", "resync school", "resync all"]


def test_a_whole_set_is_written_again(desk: Desk) -> None:
    out = desk.town.home / "out"
    shutil.rmtree(out)
    out.mkdir(mode=0o700)
    assert desk("resync", "oslo", "--all").out == "Sent again: 21 objects; 0 failed.\n"
    assert len(desk.town.set().users) == 7


def test_failures_are_counted_by_reason(delivered: Desk) -> None:
    config = delivered.town.config
    config.write_text(
        config.read_text().replace('path = "out/lms.jsonl"', 'path = "out/lms.jsonl"\nfail = ["every:2"]')
    )
    told = delivered("resync", "oslo", "--all")
    assert told.code == 4
    assert "10 x made to fail by every:2" in told.out
    assert delivered("resync", "oslo", "--all", "--json").document["failures"] == {"made to fail by every:2": 10}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ((), 64, "say what to send again: one of --person KEY, --group KEY, --school ORGNR, --all"),
        (("--all", "--school", "970944443"), 64, "say what to send again"),
        (("--school", "1"), 64, "no school has the number 1; the schools are: 970944443, 974589230"),
        (("--group", "lab.example/9Z"), 64, "no group that an LMS holds has that key"),
        (("--person", "lab.example/nobody"), 64, "that key means nobody here"),
    ],
)
def test_what_cannot_be_sent_again_says_what_can(
    desk: Desk, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    told = desk("resync", "oslo", *arguments)
    assert told.code == code
    assert sentence in told.err
    assert desk.journal() == []


def test_nothing_is_sent_to_a_target_that_is_not_delivered_to(desk: Desk) -> None:
    desk.town.config.write_text(desk.town.config.read_text().replace("deliver = true", "deliver = false"))
    told = desk("resync", "oslo", "--all")
    assert (told.code, "no target of oslo has `deliver = true`" in told.err) == (78, True)
