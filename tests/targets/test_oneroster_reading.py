"""Reading the users of a set that is already there, also one that another system wrote, also a broken one."""

from __future__ import annotations

import os
import random
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

from rostersync.errors import NotOurs, TargetUnavailable
from rostersync.targets import Existing
from rostersync.targets.oneroster_csv import OneRosterCsv, Settings
from tests.targets.contract import EVERYBODY, roster_of

HEADER = (
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password\r\n"
)


def row(key: str, status: str = "", enabled: str = "true", username: str = "", identifier: str = "") -> str:
    return f'{key},{status},,{enabled},s1,student,{username},,"Åse ""Lill""","Lie,\nDahl",,{identifier},,,,,,\r\n'


def found(place: Path) -> list[Existing]:
    return list(OneRosterCsv(Settings(place)).existing())


def zipped(place: Path, users: str | bytes, name: str = "users.csv") -> Path:
    with ZipFile(place / "oneroster.zip", "w", ZIP_STORED) as archive:
        archive.writestr(name, users)
    return place / "oneroster.zip"


def test_a_set_of_another_system_is_read_from_a_zip(tmp_path: Path) -> None:
    zipped(tmp_path, HEADER + row("a", "active", username="ase", identifier="05810890051") + row("b", enabled="FALSE"))
    assert found(tmp_path) == [Existing("a", "05810890051", "ase"), Existing("b", enabled=False)]


def test_a_set_of_another_system_is_read_from_open_files_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(HEADER + row("a"), newline="")
    assert found(tmp_path) == [Existing("a")]


def test_a_byte_order_mark_other_columns_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    columns = "metadata.x,identifier,sourcedId,enabledUser,username\n"
    users = b"\xef\xbb\xbf" + columns.encode() + b"1,2,3,true,4\n\n"
    (tmp_path / "users.csv").write_bytes(users)
    assert found(tmp_path) == [Existing("3", "2", "4")]
    zipped(tmp_path, users)
    assert found(tmp_path) == [Existing("3", "2", "4")]


def test_users_that_are_to_be_deleted_are_not_there(tmp_path: Path) -> None:
    zipped(tmp_path, HEADER + row("a", "tobedeleted") + row("b", "active"))
    assert [user.target_key for user in found(tmp_path)] == ["b"]


def test_the_layout_chosen_is_read_before_the_other(tmp_path: Path) -> None:
    list(OneRosterCsv(Settings(tmp_path, layout="directory")).deliver(EVERYBODY, roster_of(EVERYBODY)))
    assert len(found(tmp_path)) == 3
    zipped(tmp_path, HEADER + row("a"))
    assert len(found(tmp_path)) == 1
    assert len(list(OneRosterCsv(Settings(tmp_path, layout="directory")).existing())) == 3


def test_a_folder_that_is_not_there_or_empty_has_no_users(tmp_path: Path) -> None:
    assert found(tmp_path) == []
    assert found(tmp_path / "none") == []


# -- sets that cannot be read -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("users", "why"),
    [
        ("", "users.csv lacks the column sourcedId, username, identifier, enabledUser"),
        ("sourcedId,username,enabledUser\r\n", "users.csv lacks the column identifier"),
        (HEADER + row("a") + "b,,\r\n", "users.csv:4 has 3 columns, its header 18"),
        (HEADER + row(""), "users.csv:3 has no sourcedId"),
        (HEADER + '"a', "damaged: Error"),
        (HEADER + '"a"b,c', "damaged: Error"),
        (HEADER.encode() + b"\xe5,\r\n", "damaged: UnicodeDecodeError"),
        (HEADER.encode("utf-16"), "damaged: UnicodeDecodeError"),
    ],
)
def test_a_users_file_that_is_not_whole_is_refused_with_why(tmp_path: Path, users: str | bytes, why: str) -> None:
    path = zipped(tmp_path, users)
    with pytest.raises(NotOurs) as caught:
        found(tmp_path)
    assert str(caught.value).startswith(f"{path} is there but is no OneRoster set that can be read ({why}); put a")


def test_a_zip_with_its_files_in_a_folder_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path, HEADER + row("a"), "export/users.csv")
    with pytest.raises(NotOurs, match=r"it has no users\.csv at its top"):
        found(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"dear diary", b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "oneroster.zip").write_bytes(content)
    with pytest.raises(NotOurs, match="move it away"):
        found(tmp_path)


def test_a_zip_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path, HEADER + row("a") * 3).read_bytes()
    for length in range(len(whole)):
        (tmp_path / "oneroster.zip").write_bytes(whole[:length])
        with pytest.raises(NotOurs):
            found(tmp_path)


def test_a_damaged_zip_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    list(OneRosterCsv(Settings(tmp_path)).deliver(EVERYBODY, roster_of(EVERYBODY)))
    path = tmp_path / "oneroster.zip"
    whole = path.read_bytes()
    expected = found(tmp_path)
    chance = random.Random(20261122)
    read = 0
    for _ in range(2_000):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            assert found(tmp_path) == expected
            read += 1
        except (NotOurs, TargetUnavailable):
            pass
    assert 0 < read < 2_000


def test_no_reason_shows_what_stands_in_the_set(tmp_path: Path) -> None:
    zipped(tmp_path, HEADER + "kari.lie@måne.example,05810890051\r\n")
    with pytest.raises(NotOurs) as caught:
        found(tmp_path)
    assert "kari" not in str(caught.value)
    assert "05810890051" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_set_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = zipped(tmp_path, HEADER)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything")
    with pytest.raises(TargetUnavailable, match="let the account"):
        found(tmp_path)
