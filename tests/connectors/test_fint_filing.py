"""The pigeonholes in which FINT's entries are put together, and the note that one reading leaves for the next."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rostersync.connectors.fint.asking import Page
from rostersync.connectors.fint.filing import HOLES, Filing, Shelves, hole_of, opened
from rostersync.connectors.fint.gathering import Evidence
from rostersync.connectors.fint.note import Note
from rostersync.connectors.fint.sorting import Sorter

KEYS = st.binary(min_size=1, max_size=6).filter(lambda key: not {b"\t"[0], b"\n"[0]} & set(key))
LINES = st.lists(st.tuples(KEYS, st.sampled_from([b"", b"a", b"b", b"c\tc", "å".encode()])), max_size=40)


def filed(steps: list[tuple[str, list[tuple[bytes, bytes]]]], forgotten: tuple[str, ...] = ()) -> dict[str, object]:
    """What lies on each shelf after these lines were filed: key -> rests."""
    with tempfile.NamedTemporaryFile() as file:
        filing = Filing(file)  # type: ignore[arg-type]
        for shelf, lines in steps:
            filing.file(shelf, [(key, key + b"\t" + rest) for key, rest in lines])
        for shelf in forgotten:
            filing.forget(shelf)
        filing.close()
        with opened(Path(file.name)) as shelves:
            return {shelf: everything(shelves, shelf) for shelf, _ in steps}


def everything(shelves: Shelves, shelf: str) -> dict[bytes, list[bytes]]:
    found: dict[bytes, list[bytes]] = {}
    for hole in range(HOLES):
        for key, rests in shelves.by_key(shelf, hole).items():
            assert hole_of(key) == hole
            found[key] = rests
    return found


def by_hand(lines: list[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """The same, worked out as simply as can be."""
    return {key: sorted({rest for other, rest in lines if other == key}) for key, _ in lines}


# -- pigeonholes ------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(LINES, LINES)
def test_what_was_filed_is_found_by_its_key_each_line_once_and_in_order(
    some: list[tuple[bytes, bytes]], others: list[tuple[bytes, bytes]]
) -> None:
    found = filed([("person", some), ("elev", others)])
    assert found == {"person": by_hand(some), "elev": by_hand(others)}


@settings(max_examples=30, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_their_repetition_makes_a_difference(
    lines: list[tuple[bytes, bytes]], random: object
) -> None:
    shuffled = [*lines, *lines]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert filed([("person", shuffled)]) == filed([("person", lines)])


def test_a_shelf_that_is_forgotten_is_empty_and_can_be_filled_anew() -> None:
    line = [(b"k", b"a")]
    assert filed([("person", line), ("elev", line)], ("person",)) == {"person": {}, "elev": {b"k": [b"a"]}}


def test_a_shelf_that_nobody_filled_is_empty(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as stream:
        Filing(stream).close()
    with opened(tmp_path / "file") as shelves:
        assert list(shelves.entries("person")) == []
        assert shelves.pairs("klassemedlemskap", 0) == {}


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"), opened(tmp_path / "nowhere"):
        pass


# -- memberships by pattern, or entry by entry --------------------------------------------------------------------------


def membership(group: str, stay: str, relation: str = "klasse", more: str = "") -> bytes:
    """A membership entry as FINT writes it."""
    host = "https://api.felleskomponent.no/utdanning/elev"
    return (
        f'{{{more}"_links":{{"{relation}":[{{"href":"{host}/{relation}/systemid/{group}"}}],'
        f'"elevforhold":[{{"href":"{host}/elevforhold/systemid/{stay}"}}],'
        f'"self":[{{"href":"{host}/{relation}medlemskap/systemid/{group}_{stay}"}}]}}}}'
    ).encode()


def sorted_out(entries: list[bytes], name: str = "klassemedlemskap") -> dict[bytes, list[bytes]]:
    """Group -> the elevforhold of its members, as the sorter files them."""
    body = b'{"_embedded":{"_entries":[' + b",".join(entries) + b"]}}"
    with tempfile.NamedTemporaryFile() as file:
        filing = Filing(file)  # type: ignore[arg-type]
        Sorter(filing, families=False).file(name, Page(entries, body, len(entries)))
        filing.close()
        with opened(Path(file.name)) as shelves:
            pairs = [pair for hole in range(HOLES) for pair in shelves.pairs(name, hole).items()]
    return {key: sorted(holders) for key, (holders, _) in pairs}


PLACES = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 9)), min_size=1, max_size=12, unique=True)


@settings(max_examples=40, deadline=None)
@given(PLACES)
def test_the_quick_way_files_what_the_careful_way_does(places: list[tuple[str, int]]) -> None:
    """An odd entry on a page has all of it decoded, entry by entry."""
    plain = [membership(group, f"s{stay}") for group, stay in places]
    odd = b'{"_links":{"klasse":null,"elevforhold":[],"self":[]}}'
    quick, careful = sorted_out(plain), sorted_out([*plain, odd])
    assert careful.pop(b"alone") == [b""]
    assert quick == careful
    assert quick == {
        f"systemid/{group}".encode(): sorted(f"systemid/s{stay}".encode() for other, stay in places if other == group)
        for group, _ in places
    }


@pytest.mark.parametrize(
    "entry",
    [
        membership("A", "s1").replace(b"systemid", b"systemId"),
        membership("A", "s1").replace(b"https://api.felleskomponent.no", b"https://beta.felleskomponent.no"),
        membership("A", "s1").replace(b"https://api.felleskomponent.no/", b"/"),
        membership("A", "s1").replace(b"klasse/systemid/A", b"klasse/systemid/%41"),
        membership("A", "s1", more='"gyldighetsperiode":null,'),
        membership("A", "s1").replace(b'":[', b'": [ ').replace(b"/", rb"\/"),
    ],
    ids=["capitals", "host", "bare", "escaped", "null", "slashes"],
)
def test_however_a_link_is_written_the_membership_lies_with_its_group(entry: bytes) -> None:
    assert sorted_out([entry, membership("B", "s2")]) == {
        b"systemid/A": [b"systemid/s1"],
        b"systemid/B": [b"systemid/s2"],
    }


def test_a_text_that_looks_like_a_link_is_none() -> None:
    """Somebody wrote an address into a description: the pattern finds it, and so the page is read carefully."""
    stray = '"beskrivelse":"https://x/utdanning/elev/klasse/systemid/B",'
    assert sorted_out([membership("A", "s1", more=stray)]) == {b"systemid/A": [b"systemid/s1"]}


def test_in_model_3_a_class_is_a_basisgruppe() -> None:
    entry = membership("A", "s1", "basisgruppe")
    assert sorted_out([entry]) == {b"systemid/A": [b"systemid/s1"]}


def test_a_relation_in_both_models_counts_once_and_as_the_newer() -> None:
    host = "https://api.felleskomponent.no/utdanning/elev"
    both = membership("A", "s1").replace(
        b'"elevforhold"', f'"basisgruppe":[{{"href":"{host}/basisgruppe/systemid/A"}}],"elevforhold"'.encode()
    )
    assert sorted_out([both]) == {b"systemid/A": [b"systemid/s1"]}


# -- the note ---------------------------------------------------------------------------------------------------------


def test_a_note_comes_back_as_it_was_left() -> None:
    evidence = {"person": Evidence("1790000000000", 4, "ab" * 32)}
    note = Note(datetime(2026, 10, 5, 4, 30, tzinfo=UTC), "4", "way", ("pupils", "staff"), "cd" * 32, evidence)
    assert Note.of(note.cursor) == note


@pytest.mark.parametrize("cursor", ["", "no JSON", "[]", '{"full_at": "yesterday"}', '{"resources": []}', "null"])
def test_what_is_no_note_says_nothing(cursor: str) -> None:
    assert Note.of(cursor) == Note()
