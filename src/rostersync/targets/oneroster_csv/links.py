"""The reverse index of guardianships: who follows whom stands on the pupil's row only, and a set needs it on both.

It is filled in two steps, because a guardian's row may come long after her ward's: first every link is `named`, then
every user who can carry a link is `seen`. What was named but never seen points outside the set.
"""

from __future__ import annotations

from collections.abc import Iterable

from rostersync.targets.leftout import LeftOut

NOT_THERE = "a guardianship with a user who is not in the set, or suspended"
BAD_KEY = "a guardianship with a user whose key in the LMS has a comma (OneRoster separates keys by commas)"


class Links:
    """Guardian's user id -> the keys of her wards, kept as one text: a fifth of the memory of lists."""

    __slots__ = ("_keys", "_left_out", "_named", "_seen")

    def __init__(self, left_out: LeftOut) -> None:
        self._named: dict[str, str] = {}
        self._seen: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._left_out = left_out

    def name(self, ward: str, guardians: Iterable[str]) -> None:
        """A pupil in the set names her guardians: the pupil's key, the guardians' user ids."""
        for guardian in guardians:
            if "," in ward:
                self._left_out.add(BAD_KEY)
            else:
                wards = self._named.get(guardian)
                self._named[guardian] = f"{wards},{ward}" if wards else ward

    def see(self, user: str, key: str) -> None:
        """A user who may carry links is in the set. A second sight of the same user changes nothing."""
        if user not in self._named:
            return
        wards = self._named.pop(user)
        if "," in key:
            self._left_out.add(BAD_KEY, wards.count(",") + 1)
            return
        self._seen[user] = wards
        if key != user:
            self._keys[user] = key

    def close(self) -> None:
        """All users have been seen: what is still only named is left out."""
        self._left_out.add(NOT_THERE, sum(wards.count(",") + 1 for wards in self._named.values()))
        self._named.clear()

    def agents(self, user: str, key: str, guardians: Iterable[str]) -> str:
        """The keys of a user's guardians and wards, separated by commas; empty for none."""
        keys = [] if "," in key else [self._keys.get(one, one) for one in guardians if one in self._seen]
        wards = self._seen.get(user)
        return ",".join([*keys, wards] if wards else keys)
