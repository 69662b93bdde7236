"""A Moodle double on a server of its own, a target that delivers to it, and a look into it from outside."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from rostersync.credentials import Secret
from rostersync.lab.doubles.moodle import Moodle as Double
from rostersync.lab.doubles.moodle.tables import SERVICE, Account
from rostersync.lab.doubles.server import Server
from rostersync.targets.moodle import Moodle, Settings
from rostersync.targets.moodle.site import Site

from .contract import Seen, SeenUser

TOKEN = "a synthetic token"
PARENT = 9
"""The role that a guardian has over a pupil, as the double has it."""


class Town:
    """One double, its server, and the targets that were made for it."""

    def __init__(self, home: Path, server: Server, double: Double) -> None:
        self.server = server
        self.double = double
        self.secret = home / "token"
        self.secret.write_text(TOKEN)
        self.secret.chmod(0o600)
        self.adopted: dict[int, str] = {}
        self._targets: list[Moodle] = []

    def settings(self, **settings: Any) -> Settings:
        given = {
            "url": self.server.url,
            "token": Secret("file", str(self.secret), "rostersync.toml:1"),
            "guardian_role": PARENT,
            "national_number": "fodselsnummer",
            "delete": ("user", "course", "cohort"),
            "rekey": True,
            "patience": timedelta(),
        }
        return Settings(**(given | settings))

    def target(self, **settings: Any) -> Moodle:
        made = self.settings(**settings)
        self._targets.append(Moodle("lms", made, Site("lms", made, paced=True, wait=lambda _: None)))
        return self._targets[-1]

    def close(self) -> None:
        for target in self._targets:
            target.close()

    # -- looking ------------------------------------------------------------------------------------------------------

    def account(self, idnumber: str) -> Account:
        [found] = [one for one in self.double.site.tables.living() if one.idnumber == idnumber]
        return found

    def seed(self, username: str, **values: Any) -> Account:
        """An account that somebody else made."""
        tables = self.double.site.tables
        one = Account(tables.number(), username, f"{username}@example.no", "En", "Annen", **values)
        tables.accounts[one.id] = one
        return one

    def roles(self, idnumber: str, course: str) -> set[int]:
        """An account's roles in a course."""
        tables, user = self.double.site.tables, self.account(idnumber).id
        [where] = [one.id for one in tables.courses.values() if one.idnumber == course]
        return {one.role for one in tables.assigned if (one.user, one.level, one.instance) == (user, "course", where)}

    def links(self) -> set[tuple[str, str]]:
        """(guardian, ward) by ID number."""
        tables = self.double.site.tables
        both = [(one.user, one.instance) for one in tables.assigned if (one.level, one.role) == ("user", PARENT)]
        return {(tables.accounts[a].idnumber, tables.accounts[b].idnumber) for a, b in both}

    def seen(self) -> Seen:
        """Everything, as the contract wants to see it."""
        tables = self.double.site.tables
        people = {one.id: one for one in tables.living() if one.id > SERVICE}
        names = {key: self.adopted.get(key, one.idnumber) for key, one in people.items()}
        courses = {one.id: one.idnumber for one in tables.courses.values() if one.visible}
        cohorts = {one.id: one.idnumber for one in tables.cohorts.values() if one.visible}
        classes: dict[int, set[str]] = {key: set() for key in people}
        for at, user in (*tables.enrolments, *tables.members):
            classes[user] |= {{**courses, **cohorts}[at]} if at in courses or at in cohorts else set()
        agents: dict[int, set[str]] = {key: set() for key in people}
        for one in (one for one in tables.assigned if one.level == "user"):
            agents[one.user].add(names[one.instance])
            agents[one.instance].add(names[one.user])
        users = {
            names[key]: SeenUser(not one.suspended, one.firstname, frozenset(classes[key]), frozenset(agents[key]))
            for key, one in people.items()
        }
        organisations = frozenset(one.idnumber for one in tables.categories.values())
        return Seen(organisations, frozenset((*courses.values(), *cohorts.values())), users)


@contextlib.contextmanager
def moodle_town(home: Path, **how: Any) -> Iterator[Town]:
    """A site that nobody has delivered to yet."""
    double = Double(TOKEN, **how)
    with Server(double) as server:
        double.url = server.url
        built = Town(home, server, double)
        try:
            yield built
        finally:
            built.close()


__all__ = ["PARENT", "TOKEN", "Town", "moodle_town"]
