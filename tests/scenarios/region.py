"""A region whose people stand in several school systems at once, each with its own keys for them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import structs

from rostersync import connectors, targets
from rostersync.assembly import Parts, SourcePart, TargetPart, assemble
from rostersync.model import Known, User
from rostersync.report import RunReport
from tests.scenarios.town import NORTH, OWNER, SOURCE, SOUTH, Human, Place, Tied, Town, World

IST, VIS = "everyday", "visma"
BORN = date(2010, 2, 3)
_READ: list[Parts] = []
CLASSES = {"10A": "north", "1STA": "south"}


def pupil(id_: str, group: str, given: str = "Kari", born: date | None = BORN, **values: Any) -> list[Human | Tied]:
    """A pupil of a class, at its school."""
    return [Human(id_, given, "Lund", born, **values), Tied(CLASSES[group], id_), Tied(group, id_)]


class Region(Town):
    """A town with several sources, all PIFU-IMS, that stand for the systems of different makers.

    `worlds` are what they would export now. A bystander is in each of them: an export with nobody in it is refused.
    """

    def __init__(self, home: Path, *, sources: tuple[str, ...] = (IST, VIS), extra: str = "") -> None:
        super().__init__(home, target="memory", extra=extra)
        groups = [Place(name, name, parent=school) for name, school in CLASSES.items()]
        self.worlds = {
            name: World().put(OWNER, NORTH, SOUTH, *groups, *pupil(f"{name}-x", "10A", name.title()))
            for name in sources
        }
        head, rest = self.config.read_text().split("[source.everyday]\n")
        source, rest = rest.split("[target.lms]\n")
        blocks = [f"[source.{name}]\n{source.replace('in/*', f'in/{name}/*')}" for name in sources]
        rest = rest.replace('["everyday"]', json.dumps(sources))
        self.config.write_text(f"{head}{''.join(blocks)}[target.lms]\n{rest}")
        for name in sources:
            (home / "in" / name).mkdir(exist_ok=True)

    def parts(self) -> Parts:
        """The working parts; the mappings are read once for all regions, which takes longer than most stories."""
        if self._parts is None:
            settings = self.settings()
            if not _READ:
                _READ.append(assemble(settings, "oslo"))
            made, sync = _READ[0], settings.sync("oslo")
            here = [settings.sources[name] for name in sync.sources]
            self._parts = replace(
                made,
                settings=sync,
                sources=tuple(
                    SourcePart(one, connectors.make(one.type, one.name, one.settings), made.sources[0].mapping)
                    for one in here
                ),
                targets=tuple(
                    TargetPart(one, targets.make(one.type, one.name, one.settings)) for one in settings.targets.values()
                ),
                rules=structs.replace(made.rules, login_wait=sync.login_wait),
            )
        return self._parts

    def night(self, on: date, *only: str, **order: object) -> RunReport:
        """Every system (or only these) exports what it knows; then a sync."""
        for name in only or self.worlds:
            self.world = self.worlds[name]
            self.export_path = self.home / "in" / name / "export.xml"
            self.export(on)
        return self.run(on, **order)

    def who(self, id_: str) -> str:
        """The person behind a key."""
        store = self.store()
        try:
            (found,) = store.cards.find(f"{SOURCE}/{id_}")
            return found
        finally:
            store.close()

    def users(self, id_: str) -> dict[str, Known]:
        """Face -> what the LMS holds of the person behind a key."""
        person = self.who(id_)
        store = self.store()
        try:
            found = store.known.for_persons("lms", [person]).values()
            return {one.value.face: one for one in found if isinstance(one.value, User)}
        finally:
            store.close()

    def classes(self, id_: str) -> set[str]:
        """The names of the classes in which the LMS has her as a pupil."""
        store = self.store()
        try:
            names = {one.id: one.value.name for one in store.known.objects("lms", "group")}  # type: ignore[union-attr]
        finally:
            store.close()
        user = self.users(id_)["school"].value
        assert isinstance(user, User)
        return {names[one.group] for one in user.memberships} & CLASSES.keys()

    def questions(self) -> list[str]:
        """The codes of what is asked."""
        store = self.store()
        try:
            return [one.code for one in store.questions.open_ones()]
        finally:
            store.close()

    def requests(self) -> list[dict[str, Any]]:
        """What the LMS was asked to do, in order."""
        return [json.loads(line) for line in (self.home / "out" / "lms.jsonl").read_text().splitlines()]
