"""A document that is not wholly sound, wholly there and a full export is refused, and the refusal quotes nothing."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from xml.parsers import expat

import pytest

from rostersync.connectors import Snapshot
from rostersync.connectors.pifu import Settings
from rostersync.connectors.pifu.reader import PifuReading
from rostersync.errors import SnapshotRefused

from .contract import NOW, keyed
from .documents import (
    SECRETS,
    V1,
    V1_1,
    V1_2,
    WHOLE,
    DropFolder,
    document,
    group,
    member,
    membership,
    person,
    properties,
    role,
)

SOUND = document(*WHOLE)
SMALL = document(person("elev-1", given="Hemmelig"), membership("7A", member("elev-1"))).rstrip()
ALL_KEYS = ["person"] * 3 + ["group"] * 2 + ["membership"] * 2


def kinds(path: Path, settings: Settings) -> list[str]:
    """The kinds of the fragments in a file, read past the drop folder."""
    reading = PifuReading(
        Snapshot(str(path), "", None, "export.xml"), keyed, {"person": frozenset({"email"})}, settings, careful=True
    )
    return [fragment.kind for fragment in reading]


def refusal(folder: DropFolder, content: bytes) -> str:
    """What is said of a refused document; that it quotes nothing of it is looked at here, once for all."""
    folder.drop(content)
    with pytest.raises(SnapshotRefused) as caught:
        folder.records()
    error = caught.value
    assert error.reason == "no proof"
    assert not error.releasable
    told = f"{error} {error.__cause__!r} {error.__context__!r}"
    assert not [secret for secret in SECRETS if secret in told]
    return str(error)


# -- what proves completeness ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", [V1, V1_1, V1_2, "http://imsglobal.org/IMS_EPv1p1", ""])
def test_every_namespace_is_read(folder: DropFolder, namespace: str) -> None:
    assert [record.kind for record in folder.records(document(*WHOLE, namespace=namespace))] == ALL_KEYS


def test_a_prefix_in_place_of_a_default_namespace_changes_nothing(folder: DropFolder) -> None:
    plain = folder.records(SOUND)
    text = SOUND.decode().replace("</", "</p:").replace("<", "<p:").replace("<p:/p:", "</p:").replace("<p:?", "<?")
    assert folder.records(text.replace("xmlns=", "xmlns:p=").encode()) == plain


def test_the_order_of_the_elements_does_not_matter(folder: DropFolder) -> None:
    turned = folder.records(document(*reversed(WHOLE)))
    assert sorted(record.kind for record in turned) == sorted(ALL_KEYS)


def test_a_header_at_the_end_is_a_header(folder: DropFolder) -> None:
    assert len(folder.records(document(*WHOLE, properties(), head="", namespace=""))) == len(WHOLE)


def test_elements_of_those_names_inside_an_extension_are_no_fragments(folder: DropFolder) -> None:
    nested = "<enterprise><properties><type>delta</type></properties><person/><group/></enterprise>"
    records = folder.records(document(person("1", extension=nested), person("2")))
    assert [record.fields["sourcedid"] for record in records] == [("sas.lunde.example/1",), ("sas.lunde.example/2",)]


def test_comments_instructions_and_white_space_after_the_root_are_harmless(folder: DropFolder) -> None:
    assert len(folder.records(SOUND + b"\n<!-- laget av SAS -->\n<?sas ferdig?>\n\n")) == len(WHOLE)


def test_the_proof_says_what_was_proved(folder: DropFolder) -> None:
    for content, proof in (
        (SOUND, "root closed, type full"),
        (document(head=properties(kind=""), namespace=""), "root closed, no type, read as full"),
    ):
        folder.drop(content)
        reading = folder.connector.read(folder.connector.fetch(NOW), keyed, folder.connector.fields, careful=True)
        list(reading)
        assert reading.proof == proof


# -- what is refused ------------------------------------------------------------------------------------------------


def test_a_truncated_file_is_refused_at_every_byte(folder: DropFolder) -> None:
    for length in range(len(SMALL)):
        refusal(folder, SMALL[:length])
    assert len(folder.records(SMALL)) == 2


@pytest.mark.parametrize("encoding", ["UTF-16", "ISO-8859-1"])
def test_declared_encodings_are_read_and_refused_when_truncated(folder: DropFolder, encoding: str) -> None:
    plain = folder.records(SOUND)
    whole = SOUND.decode().rstrip().replace("UTF-8", encoding, 1).encode(encoding)
    assert folder.records(whole) == plain
    for length in range(0, len(whole), 97):
        refusal(folder, whole[:length])


@pytest.mark.parametrize("kind", ["delta", "event", "melding", "Refresh", "fullt"])
@pytest.mark.parametrize("namespace", [V1, ""])
def test_anything_but_a_full_export_is_refused(folder: DropFolder, kind: str, namespace: str) -> None:
    told = refusal(folder, document(*WHOLE, head=properties(kind=kind), namespace=namespace))
    assert "export everything" in told
    assert ":3:" in told


def test_an_export_of_no_stated_type_is_full_in_plain_ims_only(folder: DropFolder) -> None:
    assert "type is missing" in refusal(folder, document(*WHOLE, head=properties(kind="")))
    assert len(folder.records(document(*WHOLE, head=properties(kind=""), namespace=""))) == len(WHOLE)


def test_a_second_header_that_is_not_full_refuses_the_file(folder: DropFolder) -> None:
    refusal(folder, document(*WHOLE, properties(kind="delta")))


def test_a_file_without_a_header_is_refused(folder: DropFolder) -> None:
    assert "has no properties" in refusal(folder, document(*WHOLE, head=""))


def test_another_datasource_is_refused_when_one_is_demanded(tmp_path: Path) -> None:
    folder = DropFolder(tmp_path, datasource="sas.annen.example")
    assert 'not "sas.annen.example"' in refusal(folder, SOUND)
    assert len(folder.records(document(*WHOLE, head=properties(datasource="sas.annen.example")))) == len(WHOLE)


def inside(text: bytes) -> bytes:
    """The sound document with something put into a given name, on line 4."""
    return SOUND.replace(b"<given>", b"<given>" + text, 1)


DEEP = b"<a>" * 10_000 + b"</a>" * 10_000
BOMB = b'<!DOCTYPE enterprise [<!ENTITY a0 "ha">%s]>' % b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 10)
)
NASTY = {
    "empty": (b"", "is empty"),
    "white space": (b" \n ", "is not XML"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "is not XML"),
    "an error page": (b"<html><body>502</body></html>", "root element is not enterprise"),
    "Latin-1 under a declaration of UTF-8": (inside("Åse Ødegård".encode("latin-1")), ":4:.*Latin-1"),
    "a surrogate": (inside(b"\xed\xa0\x80"), ":4:.*bytes that do not fit"),
    "a control character": (inside(b"\x0b"), ":4:.*XML forbids"),
    "NUL": (inside(b"\0"), ":4:.*XML forbids"),
    "a reference to a control character": (inside(b"&#11;"), ":4:.*XML forbids"),
    "an unknown entity": (inside(b"&Hemmelig;"), ":4:.*entity"),
    "a bare ampersand": (inside(b"Hemmelig & S\xc3\xb8nn"), ":4:"),
    "an unclosed tag": (inside(b"<Hemmelig>"), ":4:.*tags do not match"),
    "an undeclared prefix": (inside(b"<Hemmelig:x/>"), ":4:.*prefix"),
    "a namespace that is none": (document(*WHOLE, namespace="urn:a}b"), "not well-formed"),
    "an attribute twice": (inside(b"<x Hemmelig='1' Hemmelig='2'/>"), ":4:.*not well-formed"),
    "10,000 levels": (inside(DEEP), ":4:.*nests deeper"),
    "a text of 11 MB": (inside(b"x" * 11_000_000), ":4:.*longer text"),
    "an attribute of 11 MB": (inside(b"<x y='" + b"x" * 11_000_000 + b"'/>"), "longer text"),
    "text behind the root": (SOUND + b"Hemmelig", "follows the end"),
    "a second document": (SOUND + SOUND, "follows the end|before its XML declaration"),
    "NUL behind the root": (SOUND + b"\0" * 5000, "follows the end"),
    "text far behind the root": (SOUND + b" " * 100_000 + b"Hemmelig", "follows the end"),
    "an unfinished comment behind the root": (SOUND + b"<!-- Hemmelig", "ends too early"),
    "a blank line before the declaration": (b"\n" + SOUND, "before its XML declaration"),
    "an unknown encoding": (SOUND.replace(b"UTF-8", b"Hemmelig", 1), "encoding that nobody knows"),
    "a header that never ends": (b"<enterprise><!--" + b"x" * (2 << 20), "no header"),
    "a DOCTYPE": (
        SOUND.replace(b"<ent", b'<!DOCTYPE enterprise PUBLIC "-//x" "http://lunde.example/x.dtd">\n<ent', 1),
        "DOCTYPE",
    ),
    "an empty DOCTYPE": (SOUND.replace(b"<ent", b"<!DOCTYPE enterprise><ent", 1), "DOCTYPE"),
    "an entity of its own": (
        SOUND.replace(b"<ent", b"<!DOCTYPE enterprise [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><ent", 1),
        "DOCTYPE",
    ),
    "an entity bomb": (SOUND.replace(b"<ent", BOMB + b"<ent", 1).replace(b"<given>", b"<given>&a9;", 1), "DOCTYPE"),
    "an entity bomb in the root": (SOUND.replace(b"<enterprise", BOMB + b"<enterprise x='&a9;'", 1), "."),
}


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_file_is_refused_with_its_place_and_without_its_content(folder: DropFolder, name: str) -> None:
    content, expected = NASTY[name]
    assert re.search(expected, refusal(folder, content))


def test_a_doctype_refusal_says_how_to_get_rid_of_it(folder: DropFolder) -> None:
    assert "xmllint --nonet --dropdtd" in refusal(folder, NASTY["a DOCTYPE"][0])


def test_a_document_that_says_utf_8_and_is_utf_16_goes_by_its_byte_order_mark(folder: DropFolder) -> None:
    assert len(folder.records(SOUND.decode().encode("utf-16"))) == len(WHOLE)


# -- a second opinion -----------------------------------------------------------------------------------------------


def second_opinion(content: bytes) -> list[str] | None:
    """The kinds of the top-level elements according to another parser; None when it finds the document ill-formed."""
    parser, depth, found = expat.ParserCreate(namespace_separator="}"), [0], list[str]()

    def start(name: str, _: object) -> None:
        depth[0] += 1
        local = name.rpartition("}")[2]
        if depth[0] == 2 and local in ("person", "group", "membership"):
            found.append(local)

    def end(_: str) -> None:
        depth[0] -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, UnicodeDecodeError):
        return None
    return found


def mutated(rng: random.Random, content: bytes) -> bytes:
    """The content with one thing changed that transfers, disks and exporters change."""
    place, length = rng.randrange(len(content)), rng.randrange(1, 40)
    piece = content[place : place + length]
    other = rng.randrange(len(content))
    return rng.choice(
        [
            content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :],
            content[:place] + rng.choice([b"<", b">", b"&", b"\0", b"\xff", b"'", b"/"]) + content[place + 1 :],
            content[:place] + content[place + length :],
            content[:place] + piece + content[place:],
            content[:place] + b"\0" * length + content[place + length :],
            content[:other] + piece + content[other:],
            content[:place] + content[other:],
        ]
    )


def check_mutations(folder: Path, seed: int, rounds: int) -> None:
    """Whatever is read to the end is what another parser sees too; whatever is refused quotes nothing."""
    path, settings, rng = folder / "mutated.xml", Settings(files=""), random.Random(seed)
    source = document(*WHOLE, group("7B"), membership("7B", member("elev-1", role("01"))))
    for _ in range(rounds):
        content = mutated(rng, source)
        path.write_bytes(content)
        try:
            found = kinds(path, settings)
        except SnapshotRefused as refused:
            told, found = str(refused), []
        else:
            told = ""
            assert found == second_opinion(content), f"seed {seed}"
        assert not [secret for secret in SECRETS if secret in told], f"seed {seed}"


def test_a_mutated_file_is_refused_or_read_as_another_parser_reads_it(tmp_path: Path) -> None:
    check_mutations(tmp_path, seed=20261122, rounds=500)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(int(os.environ.get("ROSTERSYNC_PROOF", "4"))))
def test_many_mutated_files_are_refused_or_read_as_another_parser_reads_them(tmp_path: Path, seed: int) -> None:
    check_mutations(tmp_path, seed, rounds=5_000)


@pytest.mark.parametrize("mask", [0x01, 0x80])
def test_a_flipped_bit_at_any_byte_is_refused_or_changes_no_structure(tmp_path: Path, mask: int) -> None:
    path, settings = tmp_path / "flipped.xml", Settings(files="")
    for place in range(len(SMALL)):
        content = SMALL[:place] + bytes([SMALL[place] ^ mask]) + SMALL[place + 1 :]
        path.write_bytes(content)
        try:
            found = kinds(path, settings)
        except SnapshotRefused:
            continue
        assert found == second_opinion(content)
