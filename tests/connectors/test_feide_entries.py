"""What becomes of an entry: tidy texts in one order, whatever the server and its owner make of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from rostersync.connectors import Wanted
from rostersync.connectors.feide.fields import ENTITLEMENT, FIELDS, asked
from rostersync.connectors.feide.rows import Tidying, plain_dn
from rostersync.errors import SnapshotRefused
from rostersync.model import Record

from .contract import NOW, keyed
from .directory import CLASS_7A, GUARDIAN, KARI, MATHS, URN, Directory

LOGIN: Wanted = {"person": frozenset({"id", "eduPersonPrincipalName", "norEduPersonNIN"})}


def only(directory: Directory) -> Record:
    """The one person there."""
    (found,) = directory.records()
    return found


# -- what is asked for -------------------------------------------------------------------------------------------------


def test_passwords_names_and_mail_can_not_even_be_asked_for() -> None:
    every = asked(FIELDS, guardians=True).persons
    assert not {"userPassword", "mail", "mobile", "cn", "sn", "givenName", "displayName"} & set(every)
    assert not [name for name in every if "*" in name or "+" in name]


def test_only_what_the_mapping_wants_is_asked_for() -> None:
    ask = asked(LOGIN, guardians=True)
    assert {"eduPersonPrincipalName", "norEduPersonNIN", "entryUUID"} <= set(ask.persons)
    assert not {ENTITLEMENT, "norEduPersonGuardianNIN", "uid"} & set(ask.persons)
    assert ask.schools == ()


def test_what_is_not_asked_for_does_not_lie_in_the_copy(directory: Directory) -> None:
    directory.add_class()
    connector = directory.connector()
    snapshot = connector.fetch(NOW, wanted=LOGIN)
    content = Path(snapshot.path).read_bytes()
    connector.discard(snapshot)
    assert KARI.encode() in content
    for absent in ("hjemme.example", "Ødegård", "hemmelig", GUARDIAN, "7A"):
        assert absent.encode() not in content


@pytest.mark.parametrize("guardians", [True, False])
def test_guardians_leave_the_source_only_where_the_config_says_so(directory: Directory, guardians: bool) -> None:
    directory.add_class()
    contacts = [part for one in directory.records(guardians=guardians) for part in one.parts]
    assert [one.fields for one in contacts] == ([{"contact": (GUARDIAN,), "type": ("guardian",)}] if guardians else [])


# -- texts -------------------------------------------------------------------------------------------------------------


def test_norwegian_letters_slashes_and_colons_come_through(directory: Directory) -> None:
    directory.add("b/åse:1", norEduPersonLIN="Eksempel.example:LocalNin:å/1:2")
    fields = only(directory).fields
    assert fields["uid"] == ("b/åse:1",)
    assert fields["norEduPersonLIN.localnin"] == ("å/1:2",)


def test_letters_put_together_in_two_ways_are_one_letter(directory: Directory) -> None:
    directory.add("x", norEduPersonLIN="r:localnin:a\u030ase")
    assert only(directory).fields["norEduPersonLIN.localnin"] == ("åse",)


@pytest.mark.parametrize("text", ["no colon", "r:localnin:", "r:localnin", ":", "::"])
def test_a_local_number_in_no_known_form_is_none(directory: Directory, text: str) -> None:
    directory.add("x", norEduPersonLIN=text)
    assert [name for name in only(directory).fields if name.startswith("norEduPersonLIN.")] == []


def test_several_values_stand_in_one_order_whatever_the_servers(directory: Directory) -> None:
    directory.add("x", norEduPersonLIN=["r:fin:2", "r:fin:1", "r:localnin:3"])
    fields = only(directory).fields
    assert fields["norEduPersonLIN.fin"] == ("1", "2")
    assert fields["norEduPersonLIN.localnin"] == ("3",)


def test_the_order_of_attributes_and_values_does_not_change_a_row() -> None:
    one = Tidying(["uid", "cn"]).row("person", "x", {"uid": [b"b", b"a"], "CN": [b" x "]})
    other = Tidying(["uid", "cn"]).row("person", "y", {"cn": [b"x", b"x"], "UID": [b"a", b"b"]})
    assert one == other
    assert list(one.texts) == ["cn", "uid"]


def test_what_is_no_utf_8_is_left_out_and_counted() -> None:
    tidying = Tidying(["uid", "cn"])
    row = tidying.row("person", "x", {"uid": [b"\xe6\xf8\xe5", b"kari"], "cn": [b"\xff"]})
    assert row.texts == {"uid": ("kari",)}
    assert tidying.unreadable == {"uid": 1, "cn": 1}


def test_blank_values_are_none() -> None:
    assert Tidying(["uid"]).row("person", "x", {"uid": [b"", b"  ", b"\0"]}).texts == {}


def test_values_in_another_language_and_unasked_attributes_are_passed_over() -> None:
    given = {"cn;lang-se": [b"x"], "userPassword": [b"secret"], "cn": [b"y"]}
    assert Tidying(["cn"]).row("person", "x", given).texts == {"cn": ("y",)}


def test_a_part_of_an_attributes_values_proves_nothing() -> None:
    with pytest.raises(SnapshotRefused, match="only some of the values of eduPersonEntitlement"):
        Tidying([ENTITLEMENT]).row("person", "x", {f"{ENTITLEMENT};range=0-1499": [b"x"]})


@pytest.mark.parametrize(
    ("given", "id_"),
    [
        ({"entryUUID": [b"u"], "nsUniqueId": [b"n"]}, ("u",)),
        ({"objectGUID": [b"\x00\xff"]}, ("00ff",)),
        ({"nsuniqueid": [b"n"]}, ("n",)),
    ],
)
def test_each_kind_of_server_has_its_own_name_for_an_entrys_id(
    given: dict[str, list[bytes]], id_: tuple[str, ...]
) -> None:
    assert Tidying(["entryUUID", "objectGUID", "nsUniqueId"]).row("person", "x", given).texts == {"id": id_}


def test_an_entry_keeps_its_id_when_it_is_renamed(directory: Directory) -> None:
    dn = directory.add("før")
    before = only(directory).fields
    directory.server.connection.rename_s(dn, "uid=etter")
    after = only(directory).fields
    assert before["id"] == after["id"]
    assert (before["uid"], after["uid"]) == (("før",), ("etter",))


def test_a_dn_is_compared_by_what_it_says() -> None:
    assert plain_dn("OU=Åsen  skole, DC=example") == plain_dn("ou=Åsen  skole,dc=EXAMPLE")
    assert plain_dn("no dn") == "no dn"


# -- groups ------------------------------------------------------------------------------------------------------------


def rosters(directory: Directory) -> dict[str, list[tuple[str, ...]]]:
    """Group key -> its members' roles."""
    found = directory.records("membership")
    return {one.fields["group"][0]: sorted(part.fields.get("role", ()) for part in one.parts) for one in found}


def test_groups_are_gathered_from_their_members(directory: Directory) -> None:
    directory.add_class()
    groups = {one.fields["group"][0]: one.fields for one in directory.records("group")}
    assert groups["u:NO310000000:7a%2Fmat:2026"] == {
        "group": ("u:NO310000000:7a%2Fmat:2026",),
        "type": ("u",),
        "grep": ("MAT0014",),
        "name": ("Matematikk Å",),
        "parent": ("NO310000000",),
        "begin": ("2026-08-01",),
        "end": ("2027-06-20",),
    }
    assert groups["NO310000000"]["name"] == ("Åsen skole",)
    assert rosters(directory) == {
        "NO310000000": [("faculty",), ("member",), ("student",)],
        "b:NO310000000:7a:2026": [("faculty",), ("student",)],
        "u:NO310000000:7a%2Fmat:2026": [("faculty",), ("student",)],
    }


def test_members_are_named_by_the_id_of_their_entry(directory: Directory) -> None:
    directory.add_class()
    ids = {one.fields["id"][0] for one in directory.records()}
    assert {part.whose for one in directory.records("membership") for part in one.parts} == ids


def test_members_with_other_dates_and_spellings_are_in_one_group_of_the_year(directory: Directory) -> None:
    directory.add("a", eduPersonEntitlement=CLASS_7A)
    late = CLASS_7A.replace("2026-08-01", "2027-01-05").replace(":7A:", ":7a:").replace("7A:", "7A:", 1)
    directory.add("b", eduPersonEntitlement=late.replace("2027-06-20", "2027-06-30").replace("no3", "NO3"))
    (group,) = [one.fields for one in directory.records("group") if one.fields["type"] == ("b",)]
    assert (group["begin"], group["end"]) == (("2026-08-01",), ("2027-06-30",))
    assert list(rosters(directory)) == ["b:NO310000000:7a:2026"]


def test_an_unknown_type_of_group_is_told_and_harms_nobody(directory: Directory) -> None:
    directory.add("a", eduPersonEntitlement=[MATHS, MATHS.replace(":u:", ":p:"), MATHS.replace(":u:", ":15881250036:")])
    with capture_logs() as told:
        assert list(rosters(directory)) == ["u:NO310000000:7a%2Fmat:2026"]
    assert told[-1]["event"] == "source.groups_passed_over"
    assert told[-1]["unknown_types"] == {"p": 1, "?": 1}
    assert KARI not in str(told)


@pytest.mark.parametrize(
    "value",
    [
        f"{URN}:b::NO1:7A:2026-08-01:2027-06-20:student",
        f"{URN}:b::NO1:7A:snart:2027-06-20:student:x",
        f"{URN}:b::NO1::2026-08-01:2027-06-20:student:x",
        f"{URN}:b:::7A:2026-08-01:2027-06-20:student:x",
        f"{URN}:",
    ],
)
def test_a_group_value_in_no_known_form_is_told_and_makes_no_group(directory: Directory, value: str) -> None:
    directory.add("a", eduPersonEntitlement=[value, "urn:mace:feide.no:go:grep:uuid:x", "urn:other"])
    with capture_logs() as told:
        assert rosters(directory) == {}
    assert told[-1]["unreadable"] == 1
    assert "7A" not in str(told)


def test_a_school_that_nobody_describes_gives_no_membership(directory: Directory) -> None:
    directory.add("a", eduPersonAffiliation="student", eduPersonOrgUnitDN="ou=ukjent,dc=lysvik,dc=example")
    assert rosters(directory) == {}


def test_a_copy_damaged_on_disk_is_refused_when_read_carefully(directory: Directory) -> None:
    directory.add("a")
    connector = directory.connector()
    snapshot = connector.fetch(NOW, wanted=LOGIN)
    content = bytearray(Path(snapshot.path).read_bytes())
    content[4] = 0xC1
    Path(snapshot.path).write_bytes(content)
    with pytest.raises(SnapshotRefused, match="is damaged"):
        list(connector.read(snapshot, keyed, LOGIN, careful=True))
    connector.discard(snapshot)
