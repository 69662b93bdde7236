"""How a site is read back: a few persons or groups a call, and each person's memberships by themselves.

Told is only what the service gives out for certain. A profile or role that is read back is not always the one that was
written, and a user in the trash is not there at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from rostersync.model import Aspect, Group, Observed, Organisation, Placed, User
from rostersync.targets.itslearning.answers import Hierarchy, Person, Status, hierarchies, memberships, persons
from rostersync.targets.itslearning.bodies import NAME_LIMIT
from rostersync.targets.itslearning.envelope import escaped, identifiers
from rostersync.targets.itslearning.jobs import is_root, place_key
from rostersync.targets.itslearning.links import wards
from rostersync.targets.itslearning.people import People
from rostersync.targets.itslearning.service import Site
from rostersync.targets.itslearning.settings import Settings

_ENABLED: Final[Aspect] = ("enabled", "true")


class Showing:
    """Says what a site should show of things, and what it does."""

    def __init__(self, site: Site, settings: Settings, people: People) -> None:
        self._site = site
        self._people = people
        self._root = settings.root
        self._batch = settings.batch
        self._gone = settings.gone_texts

    # -- what it should show ------------------------------------------------------------------------------------------

    def expected(self, roster: Iterable[Placed]) -> Iterator[Observed]:
        """Everything but the root, which was there before us; whoever is suspended should not be seen."""
        for placed in roster:
            key, value = placed.target_key or placed.value.id, placed.value
            near = {one.value.id: one for one in placed.near}
            if isinstance(value, User):
                yield Observed("user", key, tuple(sorted(self._user(value, key, near))), hidden=not value.enabled)
            elif isinstance(value, Group):
                parent = place_key(value.school, near, self._root) if value.school else self._root
                yield Observed("group", key, _place(value.title or value.name, parent))
            elif not is_root(value):
                yield Observed("organisation", key, _place(value.name, self._root))

    def _user(self, user: User, key: str, near: dict[str, Placed]) -> Iterator[Aspect]:
        told = self._people.values(user, key)
        yield _ENABLED
        yield "given_name", told.first[:NAME_LIMIT]
        yield "family_name", told.last[:NAME_LIMIT]
        if told.email:
            yield "email", told.email
        if told.login:
            yield "login", told.login.casefold()
        yield from (("national_number", number) for _, number in told.fields)
        yield "memberships", tuple(sorted({tie.group for tie in self._people.ties(user, key, near).values()}))
        yield "wards", tuple(sorted(set(wards(user.id, near.values()))))

    # -- what it shows ------------------------------------------------------------------------------------------------

    def holds(self, sought: Sequence[Placed]) -> Iterator[Observed]:
        """What the site has of these. Whom it does not have, or has in its trash, is left out.

        Raises:
            TargetUnavailable: it cannot be read now, or not at all.
        """
        keys: dict[str, list[str]] = {"user": [], "group": [], "organisation": []}
        for placed in sought:
            if not is_root(placed.value):
                keys[_kind_of(placed)].append(placed.target_key or placed.value.id)
        for some in self._few(keys["user"]):
            answer = self._site.ask("person", "readPersons", identifiers(some))
            self._answered("readPersons", answer.statuses, len(some))
            yield from [self._shown(one) for one in persons(answer.document) if one.key in some]
        for kind in ("group", "organisation"):
            for some in self._few(keys[kind]):
                answer = self._site.ask("group", "readGroups", identifiers(some))
                self._answered("readGroups", answer.statuses, len(some))
                yield from (_place_shown(kind, one) for one in hierarchies(answer.document) if one.key in some)

    def _shown(self, person: Person) -> Observed:
        aspects: list[Aspect] = [
            _ENABLED,
            ("given_name", person.first),
            ("family_name", person.last),
            ("email", person.email),
            ("login", person.login.casefold()),
            ("national_number", dict(person.fields).get(self._people.number_field, "")),
            ("memberships", tuple(sorted(self._memberships(person.key)))),
            ("wards", tuple(sorted(person.children - {""}))),
        ]
        return Observed("user", person.key, tuple(sorted(aspects)))

    def _memberships(self, key: str) -> set[str]:
        """The places with a sync id that she is in; what people made beside them has none."""
        asked = f"<m:personSourcedId><c:identifier>{escaped(key)}</c:identifier></m:personSourcedId>"
        answer = self._site.ask("membership", "readMembershipsForPerson", asked)
        self._answered("readMembershipsForPerson", answer.statuses, len(answer.statuses))
        return {group for _, group in memberships(answer.document) if group}

    def _few(self, keys: Sequence[str]) -> Iterator[Sequence[str]]:
        for start in range(0, len(keys), self._batch):
            yield keys[start : start + self._batch]

    def _answered(self, operation: str, statuses: Collection[Status], asked: int) -> None:
        """Whether each was told or is not there: what is not answered for must not be taken for lost."""
        if len(statuses) != asked or not all(one.good or self._is_gone(one) for one in statuses):
            raise self._site.refused(operation)

    def _is_gone(self, status: Status) -> bool:
        said = f"{status.minor} {status.text}".lower()
        return any(text.lower() in said for text in self._gone)


def _place(title: str, parent: str) -> tuple[Aspect, ...]:
    return ("parent", parent), ("title", title[:NAME_LIMIT])


def _place_shown(kind: str, place: Hierarchy) -> Observed:
    return Observed("group" if kind == "group" else "organisation", place.key, _place(place.title, place.parent))


def _kind_of(placed: Placed) -> str:
    value = placed.value
    return "user" if isinstance(value, User) else "organisation" if isinstance(value, Organisation) else "group"
