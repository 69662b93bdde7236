"""Towns that read one source each over HTTPS, so that the same trouble on the line can be tried with every connector."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rostersync.lab.doubles.certificates import Authority
from rostersync.lab.doubles.feide_groups import FeideGroups
from rostersync.lab.doubles.fint import ACCOUNT, FintDouble
from rostersync.lab.doubles.isi import IsiDouble
from rostersync.lab.doubles.oneroster import OneRoster
from rostersync.lab.doubles.oneroster.rows import as_1_2
from rostersync.lab.doubles.server import Asked, Double, Server, Told
from rostersync.lab.doubles.sits import SERVICES, Sits
from rostersync.lab.slapd import free_port
from rostersync.report import RunReport
from tests.conftest import ROOT
from tests.connectors.fint_county import ADA, PERSON, County
from tests.connectors.oneroster_parts import user, whole
from tests.connectors.sits_exports import employee, member, student
from tests.connectors.test_feide_groups import REALM, SCHOOL, group
from tests.connectors.test_feide_groups import member as singer
from tests.scenarios.test_sits import AdultSchool, AdultTown
from tests.scenarios.town import Town

PASSWORD = "of no use anywhere else"
CHOIR = f"fc:gogroup:{REALM}:u:NO974589230:kor:2026-08-01:2027-07-31"


@dataclass(frozen=True)
class Line:
    """A town, the double behind its source, and how its people change there. `proof` is the file with the password."""

    town: Town
    double: Double
    change: Callable[[], object]
    proof: Path
    port: int
    authority: Authority

    def server(self, tls: Authority | None = None, *names: str, ended: bool = False) -> Server:
        """The double, with a certificate that is good, or of another authority, for other names, or has ended."""
        context = (tls or self.authority).tls(*names, ended=ended)
        return Server(self.double, port=self.port, tls=context, faults=getattr(self.double, "faults", None))

    def run(self, on: date) -> RunReport:
        """The school system exports what it has, where it has anything to export, and it is synced."""
        self.town.export(on)
        return self.town.run(on)


class Shelf:
    """A web server with the export of a town; it wants a password."""

    def __init__(self, export: Path) -> None:
        self._export = export

    def answer(self, asked: Asked) -> Told:
        if "cm9zdGVyc3luYzpv" not in asked.headers.get("authorization", ""):
            return Told(status=401)
        return Told(self._export.read_bytes(), kind="application/xml")


def line(kind: str, home: Path) -> Line:
    """A town that reads this type of source from a port of its own."""
    port, authority = free_port(), Authority(home, datetime.now(UTC))
    town, double, change, source, secret = MAKES[kind](home, f"https://127.0.0.1:{port}")
    proof = home / "password"
    proof.write_text(secret)
    proof.chmod(0o600)
    text = town.config.read_text()
    begin, end = text.index("[source."), text.index("[target.lms]")
    more = f'{source}\nca = "{authority.pem}"\ntimeout = "1s"\npatience = "0s"\n'
    kept = text[begin:end] if kind == "feide_groups" else ""
    names = '["everyday", "line"]' if kept else '["line"]'
    rest = text[end:].replace('["everyday"]', names).replace('["sits"]', names)
    town.config.write_text(f"{text[:begin]}{kept}[source.line]\n{more}{rest}")
    return Line(town, double, change, proof, port, authority)


Made = tuple[Town, Double, Callable[[], object], str, str]


def _pifu(home: Path, url: str) -> Made:
    town = Town(home)
    source = (
        f'type = "pifu"\nmapping = "{ROOT}/mappings/ist-everyday.yaml"\nsettle = "0s"\n'
        f'files = "{url.replace("://", "://rostersync@")}/export.xml"\npassword = {{ file = "password" }}'
    )
    return town, Shelf(town.export_path), lambda: town.world.change("per", family="Moe"), source, PASSWORD


def _isi(home: Path, url: str) -> Made:
    town = Town(home)
    source = (
        f'type = "isi"\nmapping = "{ROOT}/mappings/ist-everyday.yaml"\nendpoint = "{url}/isi"\npartner = "LAB"\n'
        'customer = "LYSVIK"\npassword = { file = "password" }\nparams = ["validate=J"]\npoll = "1s"\nready_within = "0s"'
    )
    double = IsiDouble(town.export_path, password=PASSWORD, late=0)
    return town, double, lambda: town.world.change("per", family="Moe"), source, PASSWORD


def _fint(home: Path, url: str) -> Made:
    county, moments = County(), iter(range(1_790_000_000_000, 1_800_000_000_000, 1000))
    double = FintDouble(lambda: next(moments))
    double.full_sync(deepcopy(county.entries))

    def change() -> None:
        county.find(PERSON, ADA)["navn"]["etternavn"] = "Lund"
        double.full_sync(deepcopy(county.entries))

    source = (
        f'type = "fint"\nmapping = "{ROOT}/mappings/visma-inschool.yaml"\nurl = "{url}"\n'
        f'token_url = "{url}/nidp/oauth/nam/token"\naccount = {{ file = "password" }}'
    )
    return Town(home), double, change, source, json.dumps(ACCOUNT)


def _oneroster(home: Path, url: str) -> Made:
    double = OneRoster(as_1_2(whole()), version="rostering/v1p2", secret=PASSWORD)

    def change() -> None:
        roster = whole()
        roster["users"].append(user("ny", givenName="Nyinnflyttet"))
        double.entries = dict(as_1_2(roster))

    source = (
        f'type = "oneroster"\nmapping = "{ROOT}/mappings/oneroster.yaml"\nurl = "{url}{double.base}"\n'
        f'token_url = "{url}/token"\nclient_id = "rostersync"\nclient_secret = {{ file = "password" }}'
    )
    return Town(home), double, change, source, PASSWORD


def _sits(home: Path, url: str) -> Made:
    school = AdultSchool([student("2000/1")], [employee("7/1")], [member("2000/1"), member("7/1", "lærer")])
    double = Sits(school, password=PASSWORD)
    source = (
        f'type = "sits"\nmapping = "{ROOT}/mappings/sits.yaml"\nschools = "schools.csv"\npassword = {{ file = "password" }}\n'
        f'layout = "{ROOT}/mappings/layouts/sits-rws.yaml"\nfiles = "{url.replace("://", "://rostersync@")}{SERVICES}"'
    )
    return AdultTown(home), double, lambda: school.students.append(student("2001/1", fornavn="Ny")), source, PASSWORD


def _feide_groups(home: Path, url: str) -> Made:
    town = Town(home)
    for one in ("kari", "per"):
        town.world.change(one, feide=f"{one}@{REALM}")
    choir = [singer(f"kari@{REALM}")]
    groups = {
        SCHOOL: (group(SCHOOL, "Nord skole"), []),
        CHOIR: (group(CHOIR, "Kor", go_type="u", parent=SCHOOL), choir),
    }
    source = (
        f'type = "feide_groups"\nmapping = "{ROOT}/mappings/feide-groups.yaml"\nrealm = "{REALM}"\nurl = "{url}/groups/v1"\n'
        f'token_url = "{url}/oauth/token"\nclient_id = "rostersync"\nclient_secret = {{ file = "password" }}'
    )
    return town, FeideGroups(groups, secret=PASSWORD), lambda: choir.append(singer(f"per@{REALM}")), source, PASSWORD


MAKES: Mapping[str, Callable[[Path, str], Made]] = {
    "pifu": _pifu,
    "isi": _isi,
    "fint": _fint,
    "oneroster": _oneroster,
    "sits": _sits,
    "feide_groups": _feide_groups,
}
"""Type of source -> what makes its town. A Feide directory speaks LDAP: tests/scenarios/test_feide.py."""
