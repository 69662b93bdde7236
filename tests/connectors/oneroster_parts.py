"""Small OneRoster rosters about people who do not exist, over a service and as CSV sets."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from ssl import SSLContext
from typing import Any, Self

from rostersync.connectors import Snapshot, Wanted
from rostersync.connectors.oneroster import OneRosterConnector, Settings
from rostersync.credentials import Secret
from rostersync.lab.doubles.oneroster import OneRoster
from rostersync.lab.doubles.oneroster.rows import Collections, Entry, as_1_2
from rostersync.lab.doubles.server import Server
from rostersync.model import Record

from .contract import NOW, read_both_ways
from .documents import national_number

SECRETS = ("Hemmelig", national_number(0), "elev-1", "foresatt-1", "lærer/1")
"""Texts of the whole roster that no message may show."""

COLUMNS = {
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "courses": ("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
    "classes": (
        "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
        "termSourcedIds", "subjects", "subjectCodes", "periods", "metadata.additionalClassType",
    ),
    "users": (
        "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName", "middleName",
        "identifier", "email", "sms", "phone", "agentSourcedIds", "grades", "password", "primaryOrgSourcedId",
    ),
    "enrollments": ("classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
    "roles": (
        "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId",
    ),
}  # fmt: skip
"""Collection -> its columns in the CSV binding of 1.1, and `roles` of 1.2, after the three that all begin with."""


def entry(number: str, **more: Any) -> Entry:
    """An entry of any collection."""
    return {"sourcedId": number, "status": "active", "dateLastModified": "2026-11-20T02:00:00.000Z"} | more


def to(number: str) -> Entry:
    """A reference."""
    return {"sourcedId": number, "type": "org", "href": f"https://lunde.example/{number}"}


def user(number: str, role: str = "student", orgs: Iterable[str] = ("skole",), **more: Any) -> Entry:
    """A user as 1.1 has it."""
    names = {"givenName": "Kari", "familyName": "Hemmelig", "enabledUser": True, "username": number}
    return entry(number, role=role, orgs=[to(org) for org in orgs], **{**names, **more})


def enrollment(group: str, person: str, role: str = "student", **more: Any) -> Entry:
    """A user's place in a class."""
    told = {"class": to(group), "user": to(person), "school": to("skole"), "role": role}
    return entry(f"{person}_{group}", **{**told, **more})


def school_class(number: str, **more: Any) -> Entry:
    """A class of our school, by default a homeroom of the one term."""
    told = {"title": number, "classType": "homeroom", "course": to("fag"), "school": to("skole"), "terms": [to("høst")]}
    return entry(number, **{**told, **more})


def whole() -> dict[str, list[Entry]]:
    """A pupil with her guardian, a teacher, a school and two classes."""
    return {
        "orgs": [
            entry("eier", name="Lunde kommune", type="district", identifier="958935420"),
            entry("skole", name="Lunde skole", type="school", identifier="974589230", parent=to("eier")),
        ],
        "academicSessions": [
            entry("høst", title="Høst", type="term", startDate="2026-08-01", endDate="2026-12-31", schoolYear="2027")
        ],
        "courses": [entry("fag", title="Norsk", courseCode="NOR1260", org=to("eier"))],
        "classes": [
            school_class("7A"),
            school_class("7A_kontakt", metadata={"additionalClassType": "mentor"}),
        ],
        "users": [
            user("elev-1", agents=[to("foresatt-1")], identifier=national_number(0)),
            user("foresatt-1", "parent", ("eier",), email="bjorn@hemmelig.example", agents=[to("elev-1")]),
            user("lærer/1", "teacher", userIds=[{"type": "Feide", "identifier": "larer@lunde.example"}]),
        ],
        "enrollments": [
            enrollment("7A", "elev-1", beginDate="2026-08-17"),
            enrollment("7A", "lærer/1", "teacher", primary="true"),
            enrollment("7A_kontakt", "lærer/1", "teacher"),
        ],
    }


def one_more() -> dict[str, list[Entry]]:
    """The same, and a guardian more, who belongs nowhere yet."""
    roster = whole()
    roster["users"].append(user("foresatt-2", "parent", ()))
    return roster


# -- CSV ------------------------------------------------------------------------------------------------------------


def write_zip(
    path: Path, roster: Collections, *, how: str = "bulk", version: str = "1.1", changed: datetime | None = None
) -> Path:
    """Write a set as a zip file, at rest since an hour unless told otherwise."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in csv_files(roster, how=how, version=version).items():
            archive.writestr(name, content)
    return rest(path, changed)


def write_folder(
    path: Path, roster: Collections, *, how: str = "bulk", version: str = "1.1", changed: datetime | None = None
) -> Path:
    """Write a set as a folder of files."""
    path.mkdir(exist_ok=True)
    for name, content in csv_files(roster, how=how, version=version).items():
        (path / name).write_bytes(content)
        rest(path / name, changed)
    return rest(path, changed)


def rest(path: Path, changed: datetime | None = None) -> Path:
    """Let a file be as old as that."""
    moment = changed.timestamp() if changed else NOW.timestamp() - 3600
    os.utime(path, (moment, moment))
    return path


def csv_files(roster: Collections, *, how: str = "bulk", version: str = "1.1") -> dict[str, bytes]:
    """File name -> content. A delta has only the collections that the roster has."""
    rows = {name: [_row(name, one, how) for one in several] for name, several in roster.items()}
    if version == "1.2":
        rows["roles"] = [row for one in roster.get("users", ()) for row in _roles(one, how)]
        rows["users"] = [
            row | {"role": "", "orgSourcedIds": "", "primaryOrgSourcedId": row["orgSourcedIds"].partition(",")[0]}
            for row in rows.get("users", ())
        ]
    told = {"manifest.version": "1.0", "oneroster.version": version}
    told |= {f"file.{name}": how if name in rows else "absent" for name in COLUMNS}
    files = {f"{name}.csv": _csv(COLUMNS[name], several) for name, several in rows.items()}
    manifest = [{"propertyName": name, "value": value} for name, value in told.items()]
    return {"manifest.csv": _csv((), manifest, first=("propertyName", "value")), **files}


def _csv(
    columns: tuple[str, ...],
    rows: Iterable[Mapping[str, str]],
    first: tuple[str, ...] = ("sourcedId", "status", "dateLastModified"),
) -> bytes:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, (*first, *columns), restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def _row(collection: str, one: Entry, how: str) -> dict[str, str]:
    row = {name: _text(value) for name, value in one.items()}
    row |= {f"{name}SourcedId": _text(value) for name, value in one.items()}
    row |= {f"{name[:-1]}SourcedIds": _text(value) for name, value in one.items()}
    row |= {f"metadata.{name}": value for name, value in one.get("metadata", {}).items()}
    row["userIds"] = ",".join(f"{{{part['type']}:{part['identifier']}}}" for part in one.get("userIds", ()))
    if how == "bulk":
        row["status"] = row["dateLastModified"] = ""
    return row


def _roles(one: Entry, how: str) -> Iterable[dict[str, str]]:
    for org in one["orgs"]:
        number = org["sourcedId"]
        yield {
            "sourcedId": f"{one['sourcedId']}_{number}",
            "status": one["status"] if how == "delta" else "",
            "userSourcedId": one["sourcedId"],
            "roleType": "primary",
            "role": one["role"],
            "orgSourcedId": number,
        }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, dict):
        return str(value.get("sourcedId", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- a service ------------------------------------------------------------------------------------------------------


class Service:
    """A service on loopback with a connector that reads it, from `with` to the end of the block."""

    secret = "secret of the lab"

    def __init__(
        self,
        folder: Path,
        version: str = "v1p1",
        *,
        settings: Mapping[str, object] | None = None,
        tls: SSLContext | None = None,
        **double: Any,
    ) -> None:
        self.spool = folder / "spool"
        self.spool.mkdir(parents=True)
        self._secret = folder / "client.secret"
        self._secret.write_text(self.secret)
        self._secret.chmod(0o600)
        self._is_new = "v1p2" in version
        self.double = OneRoster({}, version=version, **double)  # type: ignore[arg-type]
        self.faults = self.double.faults
        self.server = Server(self.double, faults=self.faults, tls=tls)
        self._settings = settings or {}
        self.waits: list[float] = []
        self.offer(whole())

    def offer(self, roster: Collections) -> None:
        """Have the service tell this roster, without faults."""
        self.faults.clear()
        self.double.entries = dict(as_1_2(roster) if self._is_new else roster)

    def made(self, **more: object) -> OneRosterConnector:
        """A connector with settings of its own. It does not wait, but notes how long it would."""
        url = self.server.url
        values: dict[str, object] = {
            "url": f"{url}{self.double.base}",
            "token_url": f"{url}/token" if self._is_new else "",
            "client_id": "rostersync",
            "client_secret": Secret("file", str(self._secret), "client_secret"),
            "spool": self.spool,
            "guardians": True,
            "timeout": timedelta(seconds=2),
            "patience": timedelta(0),
        }
        return OneRosterConnector("vis", Settings(**{**values, **self._settings, **more}), wait=self.waits.append)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        self.server.__enter__()
        self.connector = self.made()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.__exit__(*error)

    def asked(self, path: str = "") -> int:
        """How many requests there have been for addresses with this text in them."""
        return sum(path in one.path for one in self.server.asked)

    def snapshot(self, cursor: str = "", **more: object) -> Snapshot:
        """What a connector with these settings fetches."""
        return self.made(**more).fetch(NOW, (), cursor)

    def records(self, **more: object) -> list[Record]:
        """The records of what is offered."""
        return records_of(self.made(**more))


def records_of(connector: OneRosterConnector, wanted: Wanted | None = None) -> list[Record]:
    """The records of what a connector finds."""
    snapshot = connector.fetch(NOW)
    try:
        return [one.parse() for one in read_both_ways(connector, snapshot, wanted)]
    finally:
        connector.discard(snapshot)


def only(records: Iterable[Record], kind: str, **fields: str) -> Record:
    """The one record of a kind with these texts."""
    (found,) = [
        record
        for record in records
        if record.kind == kind and all(record.fields.get(name) == (text,) for name, text in fields.items())
    ]
    return found
