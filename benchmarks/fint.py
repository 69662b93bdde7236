"""A FINT county read again unchanged, as ratios to decoding all of it with json.loads in the same run.

    python benchmarks/fint.py --pupils 60000

The county is served by a process of its own over a real socket, gzipped, and every figure is a whole process: CPU seconds
(user and system) and peak memory. The yardstick downloads the same pages with the same client and only decodes them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rostersync.connectors.fint import FintConnector, Settings
from rostersync.connectors.fint.asking import Fint
from rostersync.connectors.fint.resources import RESOURCES
from rostersync.lab.doubles.fint import Cache
from rostersync.lab.doubles.server import Asked, Server, Told

HOST = "https://api.felleskomponent.no"
SUBJECTS, IN_CLASS = 10, 25
PAGE = 10_000


# -- the county -----------------------------------------------------------------------------------------------------------


def link(path: str, key: str, field: str = "systemid") -> dict[str, str]:
    """A link to an entry."""
    return {"href": f"{HOST}/{path}/{field}/{key}"}


def entry(path: str, key: str, told: dict[str, Any], **links: list[dict[str, str]]) -> dict[str, Any]:
    """An entry with its identifier and its self link."""
    field = "fodselsnummer" if path.endswith("person") else "systemid"
    system = {} if field == "fodselsnummer" else {"systemId": {"identifikatorverdi": key}}
    return {**told, **system, "_links": {**links, "self": [link(path, key, field)]}}


class County:
    """Entries by path, made as they are asked for."""

    def __init__(self, pupils: int) -> None:
        self.pupils = pupils
        self.schools = max(1, pupils // 1000)
        self.classes = max(1, pupils // IN_CLASS)
        self.staff = max(1, pupils // 9)

    def resources(self) -> Iterator[tuple[str, Iterator[dict[str, Any]]]]:
        """Every path that is read, with its entries."""
        elev, timeplan = "utdanning/elev", "utdanning/timeplan"
        yield "utdanning/utdanningsprogram/skole", self._schools()
        yield f"{elev}/person", self._persons(f"{elev}/person")
        yield f"{elev}/elev", self._pupils()
        yield f"{elev}/elevforhold", self._stays()
        yield (
            "utdanning/kodeverk/elevkategori",
            iter([entry("utdanning/kodeverk/elevkategori", "2", {"navn": "heltid"})]),
        )
        period = {"gyldighetsperiode": PERIOD, "navn": "2026"}
        yield "utdanning/kodeverk/termin", iter([entry("utdanning/kodeverk/termin", "T", period)])
        yield "utdanning/kodeverk/skolear", iter([entry("utdanning/kodeverk/skolear", "Y", period)])
        for name, path, each in (
            ("klasse", f"{elev}/klasse", 1),
            ("undervisningsgruppe", f"{timeplan}/undervisningsgruppe", SUBJECTS),
            ("kontaktlarergruppe", f"{elev}/kontaktlarergruppe", 1),
        ):
            yield path, self._groups(path, each)
            yield f"{path}medlemskap", self._memberships(name, path, each)
        yield f"{elev}/undervisningsforhold", self._posts()
        yield f"{elev}/skoleressurs", self._staff()
        personal = "administrasjon/personal"
        yield (
            f"{personal}/personalressurs",
            (
                entry(
                    f"{personal}/personalressurs",
                    f"P{n}",
                    {},
                    person=[link(f"{personal}/person", number(3, n), "fodselsnummer")],
                )
                for n in range(self.staff)
            ),
        )
        yield f"{personal}/person", (self._human(f"{personal}/person", number(3, n)) for n in range(self.staff))

    def _schools(self) -> Iterator[dict[str, Any]]:
        for n in range(self.schools):
            number_ = {"organisasjonsnummer": {"identifikatorverdi": f"31{n:07d}"}}
            yield entry("utdanning/utdanningsprogram/skole", f"S{n}", {"navn": f"Skole {n} videregående", **number_})

    def _human(self, path: str, key: str, **links: list[dict[str, str]]) -> dict[str, Any]:
        told = {
            "fodselsnummer": {"identifikatorverdi": key},
            "navn": {"fornavn": f"Fornavn {key[:4]}", "etternavn": f"Etternavn {key[4:]}"},
            "fodselsdato": "2009-03-04T12:00:00Z",
            "kontaktinformasjon": {"epostadresse": f"x{key}@epost.example", "mobiltelefonnummer": "+4700000000"},
            "bostedsadresse": {"adresselinje": ["Storgata 1"], "postnummer": "9999", "poststed": "Lysvik"},
        }
        return entry(path, key, told, **links)

    def _persons(self, path: str) -> Iterator[dict[str, Any]]:
        for n in range(self.pupils):
            parents = [link(path, number(2, n // 2 * 2 + one), "fodselsnummer") for one in (0, 1)]
            yield self._human(path, number(1, n), foreldre=parents, elev=[link("utdanning/elev/elev", f"E{n}")])
        for n in range(self.pupils):
            children = [link(path, number(1, n // 2 * 2 + one), "fodselsnummer") for one in (0, 1)]
            yield self._human(path, number(2, n), foreldreansvar=children)

    def _pupils(self) -> Iterator[dict[str, Any]]:
        path = "utdanning/elev/elev"
        for n in range(self.pupils):
            told = {
                "elevnummer": {"identifikatorverdi": str(n)},
                "feidenavn": {"identifikatorverdi": f"e{n}@lysvik.example"},
            }
            person = [link("utdanning/elev/person", number(1, n), "fodselsnummer")]
            yield entry(
                path, f"E{n}", {**told, "gjest": False}, person=person, elevforhold=[link(f"{path}forhold", f"F{n}")]
            )

    def _stays(self) -> Iterator[dict[str, Any]]:
        path = "utdanning/elev/elevforhold"
        for n in range(self.pupils):
            yield entry(
                path,
                f"F{n}",
                {"gyldighetsperiode": PERIOD, "hovedskole": True, "beskrivelse": ""},
                elev=[link("utdanning/elev/elev", f"E{n}")],
                skole=[link("utdanning/utdanningsprogram/skole", f"S{n % self.schools}")],
                kategori=[link("utdanning/kodeverk/elevkategori", "2")],
                undervisningsgruppemedlemskap=[
                    link("utdanning/timeplan/undervisningsgruppemedlemskap", f"M{n}-{subject}")
                    for subject in range(SUBJECTS)
                ],
            )

    def _groups(self, path: str, each: int) -> Iterator[dict[str, Any]]:
        for n in range(self.classes):
            for subject in range(each):
                told = {"navn": f"{n}-{subject}", "beskrivelse": f"Gruppe {n}-{subject}"}
                school = [link("utdanning/utdanningsprogram/skole", f"S{n % self.schools}")]
                terms = [link("utdanning/kodeverk/termin", "T")]
                yield entry(path, f"G{n}-{subject}", told, skole=school, termin=terms)

    def _memberships(self, name: str, path: str, each: int) -> Iterator[dict[str, Any]]:
        for n in range(self.pupils):
            for subject in range(each):
                group = [link(path, f"G{n // IN_CLASS % self.classes}-{subject}")]
                stay = [link("utdanning/elev/elevforhold", f"F{n}")]
                yield entry(
                    f"{path}medlemskap",
                    f"M{n}-{subject}",
                    {"gyldighetsperiode": PERIOD},
                    **{name: group, "elevforhold": stay},
                )

    def _posts(self) -> Iterator[dict[str, Any]]:
        for n in range(self.staff):
            groups = [
                link("utdanning/timeplan/undervisningsgruppe", f"G{n * 3 % self.classes}-{one}") for one in range(4)
            ]
            school = [link("utdanning/utdanningsprogram/skole", f"S{n % self.schools}")]
            person = [link("utdanning/elev/skoleressurs", f"R{n}")]
            yield entry(
                "utdanning/elev/undervisningsforhold",
                f"U{n}",
                {},
                skoleressurs=person,
                skole=school,
                undervisningsgruppe=groups,
            )

    def _staff(self) -> Iterator[dict[str, Any]]:
        for n in range(self.staff):
            told = {"feidenavn": {"identifikatorverdi": f"r{n}@lysvik.example"}}
            person = [link("administrasjon/personal/personalressurs", f"P{n}")]
            yield entry("utdanning/elev/skoleressurs", f"R{n}", told, personalressurs=person)


PERIOD = {"start": "2026-08-17T12:00:00Z", "slutt": "2027-06-18T12:00:00Z"}


def number(kind: int, n: int) -> str:
    """Eleven digits of nobody: month 81, no check digits."""
    return f"{kind:02d}81{n:07d}"


# -- the server, in a process of its own ------------------------------------------------------------------------------------


class Pages:
    """Answers from pages made beforehand, so that the server is not what is waited for."""

    def __init__(self, county: County) -> None:
        self.caches: dict[str, Cache] = {}
        for path, entries in county.resources():
            self.caches[path] = Cache(path)
            self.caches[path].full_sync(entries, 1)

    def answer(self, asked: Asked) -> Told:
        """The reply to a request."""
        path = asked.path.strip("/")
        if path.endswith("/cache/size"):
            cache = self.caches.get(path.removesuffix("/cache/size"))
            return Told(status=404) if cache is None else Told(json.dumps({"size": len(cache)}).encode())
        if path.endswith("/last-updated"):
            return Told(b'{"lastUpdated": 1}')
        offset, size = int(asked.one("offset", "0")), int(asked.one("size", "0"))
        return Told(self.caches[path].page(offset, size, link=f"{HOST}/{path}"))


def serve(pupils: int) -> None:
    """Serve until killed; the address is the first line."""
    with Server(Pages(County(pupils))) as server:
        print(server.url, flush=True)
        sys.stdin.read()


# -- what is measured --------------------------------------------------------------------------------------------------------


def keyed(content: bytes) -> bytes:
    """A keyed digest such as the store gives."""
    return hashlib.blake2b(content, key=b"of the benchmark", digest_size=16).digest()


def bodies(url: str) -> Iterable[bytes]:
    """Every page, downloaded as the connector does."""
    fint = Fint("fint", Settings(url=url))
    for resource in RESOURCES:
        size = fint.size(resource) or 0
        for offset in range(0, size, PAGE):
            yield fint.body(resource, offset, PAGE)
    fint.close()


def part(name: str, url: str) -> None:
    """One measured process: tells its CPU seconds without starting, its peak memory, and a count."""
    began, count = time.process_time(), 0
    if name in ("download", "json.loads"):
        for body in bodies(url):
            count += len(body) if name == "download" else len(json.loads(body)["_embedded"]["_entries"])
    else:
        connector = FintConnector("fint", Settings(url=url, guardians=True, page_size=PAGE, full_every=None))
        note = Path(tempfile.gettempdir()) / "fint-benchmark-note"
        cursor = note.read_text() if name == "again" else ""
        snapshot = connector.fetch(datetime.now(UTC), (), cursor)
        note.write_text(snapshot.cursor)
        if name != "again":
            for fragment in connector.read(snapshot, keyed, connector.fields):
                count += 1
                if name == "first":
                    fragment.parse()
        connector.discard(snapshot)
    peak = next(
        int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    print(json.dumps([time.process_time() - began, peak / 1024, count]))


def measured(name: str, url: str) -> tuple[float, float, int]:
    """Run one part in a process of its own."""
    said = subprocess.run([sys.executable, __file__, "--part", name, "--url", url], check=True, capture_output=True)
    cpu, peak, count = json.loads(said.stdout)
    return cpu, peak, count


def main() -> None:
    """Serve a county, measure, print a table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pupils", type=int, default=60_000)
    arguments.add_argument("--part", help=argparse.SUPPRESS)
    arguments.add_argument("--url", help=argparse.SUPPRESS)
    asked = arguments.parse_args()
    if asked.part == "serve":
        serve(asked.pupils)
    elif asked.part:
        part(asked.part, asked.url)
    else:
        table(asked.pupils)


def table(pupils: int) -> None:
    """Measure everything and print it."""
    command = [sys.executable, __file__, "--part", "serve", "--pupils", str(pupils)]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        url = server.stdout.readline().strip()
        download, memory, size = measured("download", url)
        loads, loads_memory, entries = measured("json.loads", url)
        decoding = loads - download
        print(
            f"{pupils:,} pupils: {entries:,} entries, {size / 1e6:.0f} MB; download alone {download:.1f} s, {memory:.0f} MB"
        )
        print(f"{'':<44}{'CPU s':>8}{'ratio':>8}{'peak MB':>9}")
        print(f"{'download and json.loads (1.0)':<44}{loads:>8.1f}{1:>8.2f}{loads_memory:>9.0f}")
        for name, words in (
            ("first", "everything new: fetched, read, decoded"),
            ("reordered", "same records, other bytes: fetched, read, digested"),
            ("again", "unchanged: recognised when fetched"),
        ):
            cpu, peak, _ = measured(name, url)
            print(
                f"{words:<44}{cpu:>8.1f}{cpu / loads:>8.2f}{peak:>9.0f}   without download {(cpu - download) / decoding:.2f}"
            )
    finally:
        server.stdin.close()
        server.wait(timeout=10)
        server.stdout.close()


if __name__ == "__main__":
    os.environ.setdefault("TMPDIR", tempfile.gettempdir())
    main()
