"""A small Feide directory for the connector's tests: a branch of its own in the one server, and a line that can break."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from rostersync.connectors import Fragment, Wanted
from rostersync.connectors.feide import FeideConnector, Settings, make
from rostersync.credentials import Secret
from rostersync.lab.ldif import SUFFIX
from rostersync.model import Record
from tests.relay import Relay
from tests.slapd import PASSWORD, READER, Slapd

from .contract import NOW, read_both_ways

PERSON = ["top", "person", "organizationalPerson", "inetOrgPerson", "eduPerson", "norEduPerson"]
URN = "urn:mace:feide.no:go:group"
CLASS_7A = f"{URN}:b::NO310000000:7A:2026-08-01:2027-06-20:student:Klasse%207A"
MATHS = f"{URN}:u:MAT0014:NO310000000:7A%2FMAT:2026-08-01:2027-06-20:student:Matematikk%20%C3%85"
KARI, GUARDIAN = "15881250036", "01818012345"
SECRETS = ("Kari", "Ødegård", KARI, GUARDIAN, "kari01", PASSWORD)


class Directory:
    """A branch with a school in it. `line` is what the connector reads it through."""

    def __init__(self, server: Slapd, folder: Path) -> None:
        self.server = server
        self.base = f"ou=b{uuid.uuid4().hex[:8]},{SUFFIX}"
        server.add(self.base, objectClass="organizationalUnit", ou=self.base[3:12])
        self.school = self.add_school("Åsen skole", "NO310000000")
        self.spool = folder / "spool"
        self.spool.mkdir(exist_ok=True)
        self.secret = folder / "password"
        self.secret.write_text(PASSWORD)
        self.secret.chmod(0o600)
        self.line = Relay(server.port)
        self._numbers = count(1)

    def close(self) -> None:
        """Hang up everything."""
        self.line.close()

    # -- what is in it ------------------------------------------------------------------------------------------------

    def add_school(self, name: str, number: str) -> str:
        """A school; gives its DN."""
        classes = ["organizationalUnit", "norEduOrgUnit"]
        return self.server.add(
            f"ou={name},{self.base}", objectClass=classes, ou=name, norEduOrgUnitUniqueIdentifier=number
        )

    def add(self, uid: str = "", **attributes: Any) -> str:
        """A person; gives her DN."""
        uid = uid or f"elev{next(self._numbers):03}"
        usual: dict[str, Any] = {
            "objectClass": PERSON,
            "uid": uid,
            "cn": "Kari Ødegård",
            "sn": "Ødegård",
            "eduPersonPrincipalName": f"{uid}@eksempel.example",
            "userPassword": "hemmelig",
            "mail": "kari@hjemme.example",
        }
        return self.server.add(f"uid={uid},{self.base}", **{name: v for name, v in (usual | attributes).items() if v})

    def add_class(self) -> None:
        """A pupil with a guardian, and her teacher, in a class and a teaching group."""
        at_school = {"eduPersonOrgUnitDN": self.school}
        self.add(
            "kari01", norEduPersonNIN=KARI, norEduPersonGuardianNIN=GUARDIAN, eduPersonAffiliation=["student", "member"],
            eduPersonEntitlement=[CLASS_7A, MATHS], **at_school,
        )  # fmt: skip
        as_teacher = [one.replace(":student:", ":faculty:") for one in (CLASS_7A, MATHS)]
        self.add("ola99", eduPersonAffiliation="faculty", eduPersonEntitlement=as_teacher, **at_school)

    def empty(self) -> None:
        """Nobody is there any more."""
        found = self.server.connection.search_s(self.base, 2, "(objectClass=person)", ["1.1"])
        for dn, _ in found:
            self.server.delete(dn)

    # -- reading it ---------------------------------------------------------------------------------------------------

    def settings(self, **keys: Any) -> Settings:
        """Settings that read this branch, through the line."""
        usual: dict[str, Any] = {
            "url": self.line.url,
            "bind_dn": READER,
            "password": Secret("file", str(self.secret), ""),
            "base": self.base,
            "page_size": 10,
            "timeout": timedelta(seconds=5),
            "pause": timedelta(),
            "guardians": True,
            "spool": self.spool,
        }
        return Settings(**(usual | keys))

    def connector(self, **keys: Any) -> FeideConnector:
        """A connector with those settings."""
        return make("feide", self.settings(**keys))

    def fragments(self, wanted: Wanted | None = None, **keys: Any) -> list[Fragment]:
        """Fetch, read both ways to the end, and drop the copy."""
        connector = self.connector(**keys)
        snapshot = connector.fetch(NOW, wanted=wanted)
        try:
            return read_both_ways(connector, snapshot, wanted)
        finally:
            connector.discard(snapshot)

    def records(self, kind: str = "person", **keys: Any) -> list[Record]:
        """The records of a kind."""
        return [one.parse() for one in self.fragments(**keys) if one.kind == kind]

    def copies(self) -> int:
        """How many private copies lie about."""
        return len(list(self.spool.iterdir()))


def directory_in(server: Slapd, folder: Path) -> Iterator[Directory]:
    """A directory, hung up afterwards."""
    made = Directory(server, folder)
    try:
        yield made
    finally:
        with suppress(OSError):
            made.close()
