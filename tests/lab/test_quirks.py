"""Every quirk appears in the export, and appears only when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from rostersync.lab import HELD, QUIRKS, REFUSED, START, date_of
from rostersync.lab.district import District
from rostersync.lab.export_file import ExportFile
from rostersync.lab.numbers import valid
from rostersync.lab.pifu_writer import DistrictWriter
from rostersync.lab.world import World

NAMESPACE = b"http://pifu.no/xsd/pifu-ims_sas/pifu-ims_sas"
NUMBER = re.compile(rb'"personNIN">(\d{11})<')
Check = Callable[[bytes], bool]


def write(path: Path, *quirks: str, day: int = 2) -> bytes:
    """The export of a day of a municipality with one school, without its account."""
    today, before = date_of(day, START), date_of(day - 1, START)
    world = World(42, 1, START, today, 0.01, 0.001, 0.001, before, frozenset(quirks))
    with ExportFile(path / "export.xml", world) as export:
        export.add(DistrictWriter(District(world, 0), today))
        export.finish()
    return (path / "export.xml").read_bytes()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("plain"))


def has(*patterns: str) -> Check:
    """Whether all of some regular expressions are found."""
    return lambda export: all(re.search(pattern.encode(), export, re.DOTALL) for pattern in patterns)


def ids(element: str, export: bytes) -> list[bytes]:
    return re.findall(rb"<%s><sourcedid[^>]*><source>[^<]*</source><id>([^<]*)</id>" % element.encode(), export)


def twice(element: str, words: Callable[[list[bytes]], bool] = lambda _: True) -> Check:
    """Whether some id stands on two elements, and what these say satisfies `words`."""

    def check(export: bytes) -> bool:
        found = ids(element, export)
        repeated = {one for one in found if found.count(one) > 1} if len(found) != len(set(found)) else set()
        bodies = re.findall(rb"<%s>.*?</%s>" % (element.encode(), element.encode()), export, re.DOTALL)
        return any(words([body for body in bodies if b"<id>%s</id>" % one in body]) for one in repeated)

    return check


def same(bodies: list[bytes]) -> bool:
    return len(set(bodies)) == 1


def two_names(bodies: list[bytes]) -> bool:
    return len({re.findall(rb"<given>([^<]*)<", body)[0] for body in bodies}) == 2


def inverted(export: bytes) -> bool:
    frames = re.findall(rb"<begin>([\d-]+)</begin><end>([\d-]+)</end>", export)
    return any(begin > end for begin, end in frames)


def unknown_member(export: bytes) -> bool:
    return bool(set(ids("member", export)) - set(ids("person", export)) - _new_ids(export))


def announced_ids(export: bytes) -> bool:
    return b'sourcedidtype="Old"' in export and bool(_new_ids(export) & set(ids("member", export)))


def _new_ids(export: bytes) -> set[bytes]:
    return set(re.findall(rb'sourcedidtype="New"><source>[^<]*</source><id>([^<]*)<', export))


def ill_formed(export: bytes) -> bool:
    try:
        etree.fromstring(export, etree.XMLParser(resolve_entities=False))
    except etree.XMLSyntaxError:
        return True
    return False


def dated(export: bytes) -> date:
    return date.fromisoformat(re.findall(rb"<datetime>([\d-]{10})", export)[0].decode())


CHECKS: dict[str, Check] = {
    "namespace-0.9": lambda export: NAMESPACE + b'-0.9"' in export,
    "namespace-1.0": lambda export: NAMESPACE + b'-1.0"' in export,
    "namespace-1.1": lambda export: NAMESPACE + b'-1.1"' in export,
    "namespace-1.2": lambda export: NAMESPACE + b'-1.2"' in export,
    "prefixed-root": has("<p:enterprise xmlns:p=", "<p:person>.*</p:person>", "</p:enterprise>"),
    "ims-enterprise": has(
        'encoding="ISO-8859-1"',
        "<enterprise>",
        'roletype="Learner"',
        '<idtype idtype="1"/>',
        "<id> \\d+  </id>",
        "<group>.*<person>.*<membership>",
        "&#\\d+;",
    ),
    "indented": has("\n\t<person>\n\t\t<sourcedid>\n\t\t\t<source>[^<]*</source>\n"),
    "comments": has("<!-- <person> i en kommentar -->", "<person>.{1,50}<comments", "<membership>.{1,50}<comments"),
    "duplicate-person": twice("person", same),
    "member-nowhere": unknown_member,
    "membership-without-group": lambda export: bool(set(ids("membership", export)) - set(ids("group", export))),
    "split-membership": twice("membership"),
    "several-grouptypes": has("basisgruppe</typevalue></grouptype><grouptype>", '<relationship relation="3">'),
    "empty-timeframes": has('<begin restrict="0"></begin><end restrict="0"></end>'),
    "unknown-extensions": has("<person>.{1,2000}<pifu_eduPersonEntitlement>", "<group>.{1,2000}<pifu_eduPerson"),
    "passwords": has('useridtype="username" password="'),
    "grades-and-absence": has("<pifu_absence ", "<finalresult ", "<result>5</result>"),
    "photos": has("<photo imgtype="),
    "other-contact-types": has('type="fosterParent"', 'type="closeRelative"'),
    "no-prefixed-orgnr": has("<pifu_value>NO31\\d{7}</pifu_value>"),
    "bad-check-digits": lambda export: not all(valid(number.decode()) for number in NUMBER.findall(export)),
    "old-and-new-ids": lambda export: (
        b'sourcedidtype="Old"' in export and bool(_new_ids(export) & set(ids("member", export)))
    ),
    "person-without-name": has("<family></family><given></given>"),
    "conflicting-person": twice("person", two_names),
    "group-without-school": has('relation="1"><sourcedid><source>[^<]*</source><id>99999</id>'),
    "inverted-dates": inverted,
    "empty-groups": has("<short>Valgfag ingen valgte</short>"),
    "non-ascii-ids": has("<id>undervisningsgruppe på Bjørkebakken skole 2026: [^<]*</id>"),
    "revealing-group-name": has("<short>Særskilt norsk"),
    "missing-school": lambda export: b">skole</typevalue>" not in export,
    "zero-persons": lambda export: b"<person>" not in export and b"<membership>" not in export and b"<group>" in export,
    "wrong-school-year": lambda export: b'roletype="01"' not in export and b'roletype="02"' in export,
    "stale-date": lambda export: dated(export) < START,
    "latin1-bytes": lambda export: (
        b"L\xe6rer p\xe5 \xc5s" in export and b'encoding="UTF-8"' in export and ill_formed(export)
    ),
    "control-characters": lambda export: b"\x0b" in export and ill_formed(export),
    "truncated": lambda export: b"</enterprise>" not in export and ill_formed(export),
    "doctype": has("<!DOCTYPE enterprise SYSTEM"),
    "entity-bomb": has('<!DOCTYPE enterprise \\[<!ENTITY a "lab"><!ENTITY b "(&a;){10}">', "&e;</target>"),
}


def test_every_quirk_has_a_name_a_sentence_and_a_check() -> None:
    assert CHECKS.keys() == QUIRKS.keys()
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in QUIRKS.values())
    assert QUIRKS.keys() >= REFUSED | HELD


@pytest.mark.parametrize("quirk", QUIRKS)
def test_a_quirk_appears_when_asked_for(quirk: str, plain: bytes, tmp_path: Path) -> None:
    odd = write(tmp_path, quirk)
    assert CHECKS[quirk](odd)
    assert not CHECKS[quirk](plain)
    if quirk not in ("latin1-bytes", "control-characters", "truncated"):
        assert not ill_formed(odd)


def test_quirks_go_together(tmp_path: Path) -> None:
    together = (
        "photos",
        "passwords",
        "duplicate-person",
        "split-membership",
        "several-grouptypes",
        "empty-groups",
        "old-and-new-ids",
        "inverted-dates",
        "other-contact-types",
        "unknown-extensions",
        "member-nowhere",
    )
    odd = write(tmp_path, *together)
    assert all(CHECKS[quirk](odd) for quirk in together)
    dressed = write(tmp_path, *together, "indented", "comments", "prefixed-root", "namespace-1.1")
    assert not ill_formed(dressed)
    assert dressed.count(b"<p:photo") == odd.count(b"<photo")


def test_however_it_is_dressed_the_content_is_the_same(plain: bytes, tmp_path: Path) -> None:
    odd = etree.fromstring(write(tmp_path, "indented", "comments", "prefixed-root", "namespace-1.0"))
    texts = [element.text for element in odd.iter("{*}id", "{*}given", "{*}subrole")]
    assert texts == [element.text for element in etree.fromstring(plain).iter("{*}id", "{*}given", "{*}subrole")]


def test_letters_that_latin_1_lacks_are_still_the_same_letters(plain: bytes, tmp_path: Path) -> None:
    odd = etree.fromstring(write(tmp_path, "ims-enterprise"))
    names = {element.text for element in odd.iter("given")}
    assert names == {element.text for element in etree.fromstring(plain).iter("{*}given")}
    assert any("á" in (name or "") or "Č" in (name or "") for name in names)
