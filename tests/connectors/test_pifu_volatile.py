"""Elements that change every night and mean nothing: a source can have them left out of what makes a fragment new."""

from __future__ import annotations

from pathlib import Path

import pytest

from rostersync.errors import UserMistake

from .contract import NOW, read_both_ways
from .documents import DropFolder, document, person


def stamped(at: str) -> bytes:
    """A document in which every person tells when she was exported."""
    stamp = f"<person><exported at='{at}'>{at}<by>SAS</by></exported><seen on='{at}'/>"
    return document(*(one.replace("<person>", stamp, 1) for one in (person("1"), person("2"))))


def digests(folder: DropFolder, content: bytes) -> list[bytes]:
    folder.drop(content)
    snapshot = folder.connector.fetch(NOW)
    try:
        return [one.digest for one in read_both_ways(folder.connector, snapshot)]
    finally:
        folder.connector.discard(snapshot)


def test_without_it_a_stamp_makes_every_fragment_new(folder: DropFolder) -> None:
    assert not set(digests(folder, stamped("monday"))) & set(digests(folder, stamped("tuesday")))


def test_what_differs_in_nothing_else_is_the_same_fragment(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, volatile=("exported", "seen"))
    assert digests(folder, stamped("monday")) == digests(folder, stamped("tuesday"))


def test_any_other_difference_still_makes_it_new(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, volatile=("exported", "seen"))
    one, other = digests(folder, stamped("monday")), digests(folder, stamped("monday").replace(b"<id>2<", b"<id>3<"))
    assert (one[0] == other[0], one[1] == other[1]) == (True, False)


def test_an_element_whose_name_only_begins_so_is_no_such_element(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, volatile=("export",))
    assert not set(digests(folder, stamped("monday"))) & set(digests(folder, stamped("tuesday")))


def test_the_setting_itself_is_a_part_of_the_digest(folder: DropFolder, tmp_path: Path) -> None:
    other = DropFolder(tmp_path, volatile=("unheard",))
    assert not set(digests(folder, stamped("monday"))) & set(digests(other, stamped("monday")))


@pytest.mark.parametrize("name", ["status", "member", "timeframe", "pifu_hasContactPerson", "sourcedid"])
def test_what_decides_access_cannot_be_left_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserMistake, match=f'"{name}" decides who has access'):
        DropFolder(tmp_path, volatile=(name,))


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserMistake) as mistake:
        DropFolder(tmp_path, volatile=("<exported>", "role", "fine"))
    assert len(mistake.value.problems) == 2
