"""person and group, guardian, protect and pin: one human at a time."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from tests.cli.conftest import Desk
from tests.scenarios.town import AUTUMN, SOURCE, Tied, Town

NEXT = AUTUMN + timedelta(days=1)
WHY = ("--reason", "a case is open")
KARI, MOR = f"{SOURCE}/kari", f"{SOURCE}/mor"


def type_in(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def number_of(town: Town, person: str) -> str:
    return town.world.people[person].number


# -- the card -------------------------------------------------------------------------------------------------------


def test_the_card_shows_every_value_with_its_source_and_mapping_line_and_what_follows(desk: Desk) -> None:
    text = desk("person", KARI, "--as-of", str(NEXT)).out
    kari, mor = desk.town.person("kari"), desk.town.person("mor")
    assert f"Person {kari} in sync oslo, on {NEXT}" in text
    lines = [line for line in text.splitlines() if "given_name" in line]
    assert lines[0].split()[:2] == ["given_name", "Kari"]
    assert "ist-everyday.yaml:" in lines[0]
    assert f"guardian {mor}  has access" in text
    assert "pupil; Nord skole (pupil)" in text
    assert "in 7A (pupil) and 1 samlegruppe" in text
    assert "no guardian user: no active pupil" in text
    assert ", active" in text.split("What the targets hold")[1]


def test_the_card_says_why_not(desk: Desk) -> None:
    desk.town.world.change("kari", status="inaktiv").change("ola", contact_type="fosterParent").untie("per", "7A")
    desk.town.world.put(Tied("7A", "per", status="0"))
    desk.town.sync(NEXT)
    kari = desk("person", KARI, "--as-of", str(NEXT)).out
    assert "no school user: " in kari
    assert "does not count: " in desk("person", f"{SOURCE}/per", "--as-of", str(NEXT)).out
    mor = desk("person", MOR, "--as-of", str(NEXT)).out
    assert f"pupil    {desk.town.person('kari')}  no access: " in mor
    desk.town.world.drop("siri")
    desk.town.sync(NEXT + timedelta(days=1))
    siri = desk("person", f"{SOURCE}/siri", "--as-of", str(NEXT + timedelta(days=1))).out
    assert "gone from the last accepted snapshot; these are the last good values" in siri
    assert f"departed since {NEXT + timedelta(days=1)}: absent" in siri


def test_the_card_shows_what_was_decided_here(desk: Desk) -> None:
    desk("guardian", "deny", KARI, MOR, "--until", "2999-01-01", *WHY)
    desk("pin", "add", KARI, "--until", "2999-02-02", *WHY)
    text = desk("person", KARI).out
    assert f"guardian {desk.town.person('mor')} denied until 2999-01-01" in text
    assert "pinned until 2999-02-02" in text
    assert "no access: denied here" in text
    desk("protect", KARI, *WHY)
    assert "protected: withhold" in desk("person", KARI).out
    assert desk.town.person("kari") not in desk("person", MOR).out, "what is protected is not named on another's card"


def test_looking_is_journalled_before_anything_is_shown(desk: Desk) -> None:
    desk("person", KARI)
    desk("person", KARI, "--json")
    assert desk.journal() == [("person shown", desk.town.person("kari"), "looked at the card")] * 2


def test_the_card_as_json_tells_where_values_come_from_but_not_the_values(desk: Desk) -> None:
    (card,) = desk("person", KARI, "--json").document
    (claim,) = card["claims"]
    assert claim["fields"]["given_name"].startswith("ist-everyday.yaml:")
    assert card["guardianships"] == [
        {"pupil": desk.town.person("kari"), "adult": desk.town.person("mor"), "stands": True, "reason": ""}
    ]
    assert [(user["face"], user["role"], user["memberships"]) for user in card["users"]] == [("school", "pupil", 2)]


def test_a_person_can_be_looked_at_while_a_sync_runs(desk: Desk) -> None:
    from rostersync.store.lease import lease

    settings = desk.town.settings().state
    with lease(settings.url, settings.base, 0, "rostersync sync"):
        assert desk("person", KARI).code == 0
        busy = desk("protect", KARI, *WHY)
    assert busy.code == 1
    assert "the state is in use by process" in busy.err
    assert "give --wait 10m to queue behind it" in busy.err


# -- keys -----------------------------------------------------------------------------------------------------------


def test_a_key_is_our_id_a_users_id_a_source_key_or_what_follows_its_slash(desk: Desk) -> None:
    kari = desk.town.person("kari")
    user = desk.town.known()["Kari", "school"].id
    for key in (kari, user, KARI, "kari"):
        (card,) = desk("person", key, "--json").document
        assert card["person"] == kari


def test_a_national_number_is_read_from_stdin(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    number = number_of(desk.town, "kari")
    for typed in (number, f"{number[:6]} {number[6:]}", KARI):
        type_in(monkeypatch, typed)
        (card,) = desk("person", "-", "--json").document
        assert card["person"] == desk.town.person("kari")


def test_two_keys_are_read_from_two_lines(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch, number_of(desk.town, "kari"), number_of(desk.town, "mor"))
    denied = desk("guardian", "deny", "-", "-", *WHY, "--json").document
    assert (denied["pupil"], denied["guardian"]) == (desk.town.person("kari"), desk.town.person("mor"))


@pytest.mark.parametrize(
    "command",
    [
        ["person"],
        ["group"],
        ["protect", *WHY],
        ["trash", "restore", *WHY],
        ["resync", "oslo", "--person"],
        ["resync", "oslo", "--group"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_national_number_is_never_taken_as_an_argument(desk: Desk, command: list[str]) -> None:
    number = number_of(desk.town, "kari")
    for typed in (number, f"{number[:6]} {number[6:]}", f"lab.example/{number}", f"group_{number}_8A", f"'{number}'"):
        told = desk(*command, typed)
        assert told.code == 64
        assert "a national number may not be an argument" in told.err
        assert number not in told.err + told.out


def test_no_key_at_all_is_said_to_be_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(monkeypatch)
    told = desk("person", "-")
    assert told.code == 64
    assert "no key came from stdin" in told.err


def test_a_key_that_means_nobody_says_what_a_key_is(desk: Desk) -> None:
    told = desk("person", "lab.example/nobody")
    assert told.code == 64
    assert told.err == (
        "that key means nobody here: give one of our ids, a source key (source/id) or a Feide id of somebody in an "
        "accepted snapshot; - asks for a number\n"
    )
    assert desk.journal() == []


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_tells_where_it_stands_and_how_many_are_in_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (group,) = desk("group", "lab.example/7A", "--json").document
    assert (group["school"], group["members"], group["standing"], group["in_lms"]) == ("974589230", 3, True, True)
    assert desk("group", group["group"], "--json").document == [group]
    text = desk("group", "lab.example/7A").out
    assert "3 people tied to it; still in the last accepted snapshot" in text
    assert "in the LMS: as 7A" in text
    type_in(monkeypatch, "lab.example/7A")
    assert desk("group", "-", "--json").document == [group]
    assert desk("group", "lab.example/9Z").code == 64


# -- guardians ------------------------------------------------------------------------------------------------------


def test_a_denied_guardian_loses_the_pupil_with_the_next_sync_and_an_allowed_one_gets_her_back(desk: Desk) -> None:
    denied = desk("guardian", "deny", KARI, MOR, "--reason", "a court order", "--as-of", str(NEXT))
    assert (denied.code, "It reaches the LMS with the next sync: rostersync sync oslo" in denied.out) == (0, True)
    assert desk("sync", "oslo", "--as-of", str(NEXT)).code == 0
    assert desk.town.known()["Kari", "school"].guardians == ()
    assert desk.town.known()["Per", "school"].guardians != ()
    assert desk("guardian", "allow", KARI, MOR, "--reason", "the order was lifted").code == 0
    desk("sync", "oslo", "--as-of", str(NEXT))
    assert len(desk.town.known()["Kari", "school"].guardians) == 1
    kari, mor = desk.town.person("kari"), desk.town.person("mor")
    assert desk.journal() == [
        ("guardian deny", kari, f"a court order (guardian {mor})"),
        ("guardian allow", kari, f"the order was lifted (guardian {mor})"),
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("deny", KARI, KARI), "PUPIL and GUARDIAN are the same person"),
        (("allow", KARI, MOR), "that guardian is not denied that pupil"),
        (("deny", KARI, MOR, "--until", "2020-01-01"), "--until 2020-01-01 has passed already"),
        (("deny", KARI, MOR, "--until", "1.2.2030"), '"1.2.2030" is no date; write it as YYYY-MM-DD'),
    ],
)
def test_a_denial_that_makes_no_sense_is_refused(desk: Desk, arguments: tuple[str, ...], sentence: str) -> None:
    told = desk("guardian", *arguments, *WHY)
    assert told.code == 64
    assert sentence in told.err
    assert desk.journal() == []


# -- protected persons and pins -------------------------------------------------------------------------------------


def test_a_protected_person_is_out_with_the_next_sync(desk: Desk) -> None:
    assert desk("protect", KARI, "--level", "withhold", *WHY).code == 0
    desk("sync", "oslo", "--as-of", str(NEXT))
    assert not desk.town.known()["Kari", "school"].enabled
    assert desk("unprotect", KARI, *WHY).out.startswith("The protection has ended. The LMS user stays suspended")
    desk("sync", "oslo", "--as-of", str(NEXT))
    assert not desk.town.known()["Kari", "school"].enabled
    assert [what for what, _, _ in desk.journal()] == ["protect", "unprotect"]
    again = desk("unprotect", KARI, *WHY)
    assert (again.code, "that person is not protected" in again.err) == (64, True)


def test_a_pinned_person_is_not_touched_until_the_pin_is_gone(desk: Desk) -> None:
    assert desk("pin", "add", KARI, "--until", str(NEXT), *WHY, "--as-of", str(AUTUMN)).out == f"Pinned until {NEXT}.\n"
    (pin,) = desk("pin", "list", "--json").document
    assert (pin["person"], pin["until"], pin["reason"]) == (desk.town.person("kari"), str(NEXT), "a case is open")
    desk.town.world.change("kari", given="Karianne")
    desk.town.export(NEXT)
    desk("sync", "oslo", "--as-of", str(NEXT))
    assert ("Kari", "school") in desk.town.known()
    assert "has run out" in desk("pin", "list", "--as-of", str(NEXT + timedelta(days=1))).out
    assert desk("pin", "remove", KARI, *WHY).code == 0
    desk("sync", "oslo", "--as-of", str(NEXT))
    assert ("Karianne", "school") in desk.town.known()
    assert desk("pin", "list").out == "Nobody is pinned.\n"
    assert "that person is not pinned" in desk("pin", "remove", KARI, *WHY).err
    assert [what for what, _, _ in desk.journal()] == ["pin add", "pin remove"]


def test_a_reason_is_mandatory_and_may_hold_anything(desk: Desk) -> None:
    assert desk("pin", "add", KARI, "--until", "2999-01-01").code == 64
    empty = desk("pin", "add", KARI, "--until", "2999-01-01", "--reason", "  ")
    assert (empty.code, "whoever reads the journal must understand why" in empty.err) == (64, True)
    odd = "case [/red] :smile: [bold]26/1234"
    assert desk("pin", "add", KARI, "--until", "2999-01-01", "--reason", odd).code == 0
    assert odd in desk("pin", "list").out
    assert odd in desk("journal", "list").out


def test_a_number_in_a_reason_is_not_told_to_programs(desk: Desk) -> None:
    number = number_of(desk.town, "kari")
    desk("pin", "add", KARI, "--until", "2999-01-01", "--reason", f"{number} asked for it")
    assert number not in desk("pin", "list", "--json").out + desk("journal", "list", "--json").out
    assert number in desk("journal", "list").out
    about = desk("journal", "list", "--about", desk.town.person("kari"), "--json").document
    assert [one["what"] for one in about] == ["pin add"]
    assert desk("journal", "list", "--about", "nobody").out == "The journal is empty.\n"
