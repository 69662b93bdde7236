"""Who is whose guardian: from the pupils' rows, or, in a roster where no pupil names anybody, from the adults'.

Some services state the link on both rows, some only on the adult's. Where pupils name their adults, only that counts: a
link that the school has ended must not live on in the adult's row.
"""

from __future__ import annotations

from collections import defaultdict
from sys import intern

from rostersync.connectors.oneroster.entries import User
from rostersync.connectors.oneroster.shaping import GUARDIANS, PUPIL

Contacts = tuple[tuple[str, str], ...]
"""The ids of adults, each with her role; the role is empty where nobody describes her."""


class Families:
    """What all rows together say of pupils and their adults."""

    def __init__(self) -> None:
        self._roles: dict[str, tuple[str, ...]] = {}
        self._adults: defaultdict[str, list[str]] = defaultdict(list)
        self._pupils_name = False

    def note(self, user: User) -> None:
        """Take in one row."""
        roles = tuple(map(intern, user.fields.get("role", ())))
        self._roles[user.id] = tuple(dict.fromkeys((*self._roles.get(user.id, ()), *roles)))
        if PUPIL in roles:
            self._pupils_name |= bool(user.agents)
        if not GUARDIANS.isdisjoint(roles):
            for pupil in user.agents:
                self._adults[pupil].append(user.id)

    def contacts(self, user: User) -> Contacts:
        """The adults of a pupil, in an order of their own; nobody's for any other row."""
        roles = user.fields.get("role", ())
        if PUPIL not in roles:
            return ()
        named = user.agents if self._pupils_name else self._adults.get(user.id, ())
        if not GUARDIANS.isdisjoint(roles):  # a grown-up pupil with children: some of whom she names are hers
            named = [one for one in named if PUPIL not in self._roles.get(one, ())]
        return tuple(sorted((adult, self._role(adult)) for adult in set(named)))

    def _role(self, adult: str) -> str:
        """As what she may follow a pupil; her first role where it is none of a guardian's."""
        roles = self._roles.get(adult, ())
        return next((role for role in roles if role in GUARDIANS), next(iter(roles), ""))
