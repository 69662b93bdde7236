"""The quick way of reading says what the careful way says, or that it is unsure: whatever happens to a document."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from rostersync.connectors import Fragment, Snapshot, Unsure
from rostersync.connectors.pifu import Settings
from rostersync.connectors.pifu.reader import PifuReading
from rostersync.connectors.pifu.records import every_field
from rostersync.errors import SnapshotRefused
from rostersync.lab import generate

from .contract import keyed
from .documents import WHOLE, document, member, membership, person, role

SPLINTERS = (
    *(
        b"<!-- x -->",
        b"<!--",
        b"<![CDATA[<person>]]>",
        b"<?sas <group> ?>",
        b"<!DOCTYPE x>",
        b"&amp;",
        b"&#60;",
        b"&x;",
    ),
    *(b"<person>", b"</person>", b"</membership >", b"<person/>", b"<member>", b"</member>", b"</enterprise>", b"]]>"),
    *(
        b"<x:person xmlns:x='urn:x'/>",
        b"<id>",
        b"</id>",
        b"\0",
        b"\xc3",
        b"\xc3\xa6",
        b"\xe6",
        b" ",
        b"\n\n",
        b">",
        b"'",
    ),
    *(b"<comments/>", b'sourcedidtype="Old"', b"<role roletype='02'/>", b"<!ENTITY a 'b'>", b"\xef\xbb\xbf"),
)

Outcome = list[tuple[object, ...]] | None
"""What a reading said, in a form that does not depend on how members are ordered; None = it did not say anything."""


def read(path: Path, *, careful: bool) -> Outcome:
    settings = Settings(files=str(path), guardians=True)
    snapshot = Snapshot(str(path), "", None, "export.xml")
    reading = PifuReading(snapshot, keyed, every_field(), settings, careful=careful)
    try:
        return [told(one) for one in reading]
    except (Unsure, SnapshotRefused):
        return None


def told(fragment: Fragment) -> tuple[object, ...]:
    try:
        record = fragment.parse()
    except ValueError as reason:
        return fragment.kind, fragment.digest, str(reason)
    parts = sorted((one.line, one.whose, sorted(one.fields.items())) for one in record.parts)
    return fragment.kind, fragment.digest, fragment.line, record.line, record.fields, parts


def agree(path: Path, content: bytes) -> bool:
    """Whether the quick way could vouch for the document; if so, both must have said the same."""
    path.write_bytes(content)
    quick = read(path, careful=False)
    if quick is not None:
        assert quick == read(path, careful=True)
    return quick is not None


def mutated(content: bytes, seed: int) -> bytes:
    """One to three seeded accidents."""
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 4)):
        at, size = chance.randrange(len(content)), chance.randrange(1, 300)
        match chance.randrange(5):
            case 0:
                content = content[:at] + content[at + size :]
            case 1:
                content = content[:at] + content[at : at + size] + content[at:]
            case 2:
                content = content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
            case 3:
                content = content[:at] + chance.choice(SPLINTERS) + content[at:]
            case _:
                other = chance.randrange(len(content))
                content = content[:at] + content[other : other + size] + content[at + size :]
    return content


@pytest.fixture(scope="module")
def bases() -> list[bytes]:
    """Documents of several makes: compact, one element a line, deeply indented, Latin-1, under a prefix."""
    compact = document(*WHOLE, membership("7B", *(member(f"elev-{number}") for number in range(9))))
    roles = membership("7C", member("1", role("02"), role("06")), member("2"), member(" 3 "), member("å"))
    broken = compact.replace(b"><", b">\n<")
    indented = (
        document(*WHOLE, roles, person("9")).replace(b"<member>", b"\n    <member>").replace(b"<id>", b"\n\t<id>")
    )
    latin = indented.decode().replace("UTF-8", "ISO-8859-1", 1).encode("iso-8859-1", "replace")
    return [compact, broken, indented, latin]


def test_the_quick_way_vouches_for_every_make_of_sound_document(bases: list[bytes], tmp_path: Path) -> None:
    assert [agree(tmp_path / "export.xml", base) for base in bases] == [True] * len(bases)


def test_a_whole_municipality_is_the_same_both_ways(tmp_path: Path) -> None:
    made = generate(tmp_path, size="S", day=1)
    assert agree(tmp_path / "copy.xml", made.export.read_bytes())


@pytest.mark.proof
@pytest.mark.slice
def test_whatever_happens_to_a_document_both_ways_agree(bases: list[bytes], tmp_path: Path, proof_size: int) -> None:
    """20,000 mutated documents in `make proof`."""
    path = tmp_path / "export.xml"
    vouched = sum(agree(path, mutated(bases[seed % len(bases)], seed)) for seed in range(4 * proof_size))
    assert vouched > proof_size // 10, "most accidents are refused, but not all"
