"""Gives the records of a roster in the spool as fragments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from rostersync.connectors import Fragment, KeyedDigest, Snapshot, Wanted
from rostersync.connectors.oneroster.entries import Class, Org, User, decode
from rostersync.connectors.oneroster.families import Contacts
from rostersync.connectors.oneroster.records import Recorder
from rostersync.connectors.oneroster.roster import Gathering, Roster
from rostersync.connectors.oneroster.settings import Settings
from rostersync.errors import SnapshotRefused, SourceUnavailable
from rostersync.model import Record


def reading_of(settings: Settings) -> str:
    """The settings that decide what a reading of the same entries gives, spelled out."""
    return f"guardians {settings.guardians}"


class RosterReading:
    """One pass over a snapshot. There is only one way of reading: entries are compared in a form of their own already."""

    def __init__(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, settings: Settings) -> None:
        self._snapshot = snapshot
        self._keyed = keyed
        self._guardians = settings.guardians
        self._recorder = Recorder(wanted if settings.guardians else {**wanted, "contact": frozenset[str]()})
        self._way = keyed(reading_of(settings).encode())
        self._proof = ""

    @property
    def proof(self) -> str:
        """What proved completeness, in words; empty until then."""
        return self._proof

    def __iter__(self) -> Iterator[Fragment]:
        self._proof = ""
        try:
            roster = Roster(Path(self._snapshot.path), guardians=self._guardians)
        except OSError as error:
            text = f"{self._snapshot.path}: our copy of the roster is gone ({error.strerror}); run again"
            raise SourceUnavailable(text) from None
        with roster:
            if not roster.proof:
                raise SnapshotRefused("no proof", f"{self._snapshot.label}: our copy of it is cut off; run again")
            yield from self._persons(roster)
            yield from self._groups(roster)
            for gathering in roster.gatherings():
                told = repr((gathering.key, gathering.about)).encode() + b"\n".join(gathering.lines)
                yield Fragment("membership", self._digest(told), 0, partial(self._membership, gathering))
            self._proof = roster.proof

    def _persons(self, roster: Roster) -> Iterator[Fragment]:
        for at in roster.users:
            line = roster.line(at)
            contacts = roster.contacts(line)
            digest = self._digest(line + repr(contacts).encode())
            yield Fragment("person", digest, 0, partial(self._person, line, contacts))

    def _groups(self, roster: Roster) -> Iterator[Fragment]:
        for at in (*roster.orgs, *roster.classes):
            found = decode(roster.line(at))
            if isinstance(found, Org):
                record = partial(self._recorder.org, found)
            elif isinstance(found, Class):
                record = partial(self._recorder.group, found, roster.course(found), *roster.period(found))
            else:  # the index says otherwise
                continue
            yield Fragment("group", self._digest(repr((record.args, type(found))).encode()), 0, record)

    def _person(self, line: bytes, contacts: Contacts) -> Record:
        user = decode(line)
        if not isinstance(user, User):
            raise TypeError("the line of a user holds something else")
        return self._recorder.person(user, contacts)

    def _membership(self, gathering: Gathering) -> Record:
        return self._recorder.membership(gathering.key, gathering.about, gathering.members())

    def _digest(self, told: bytes) -> bytes:
        return self._keyed(self._way + told)
