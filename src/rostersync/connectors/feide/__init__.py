"""Reads a Feide directory over LDAP: which Feide name each person logs in with, and if asked for, her groups."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from pathlib import Path
from time import sleep

import ldap
import structlog

from rostersync.connectors import KeyedDigest, Snapshot, Wanted
from rostersync.connectors.feide.copying import Copied, Copying
from rostersync.connectors.feide.fields import FIELDS, asked
from rostersync.connectors.feide.following import Lost
from rostersync.connectors.feide.reader import FeideReading
from rostersync.connectors.feide.session import opened
from rostersync.connectors.feide.settings import Settings, mistakes
from rostersync.connectors.feide.survey import survey
from rostersync.connectors.feide.trouble import AGAIN, TooMany, refusal, unreachable
from rostersync.errors import SnapshotRefused, SourceUnavailable, UserMistake, refuse_settings
from rostersync.transport.spool import Spool

__all__ = ["DEPARTS", "FeideConnector", "Settings", "make"]

DEPARTS = False
"""A Feide account says little of who is at school: one may be left over, or missing for a summer."""

log = structlog.get_logger()


def make(name: str, settings: Settings) -> FeideConnector:
    """The connector of the source called `name`.

    Raises:
        UserMistake: every setting that cannot be right.
    """
    refuse_settings(f"source.{name}", mistakes(settings))
    return FeideConnector(name, settings)


class FeideConnector:
    """One directory. It remembers a password that was refused, and does not try it again."""

    def __init__(self, name: str, settings: Settings, wait: Callable[[float], None] = sleep) -> None:
        self._name = name
        self._settings = settings
        self._wait = wait
        self._spool = Spool(name, settings.spool, ".rows")
        self._refused = b""

    @property
    def fields(self) -> Wanted:
        """Every field that a Feide directory can deliver. Names and e-mail are none of them."""
        return FIELDS

    def check(self) -> list[str]:
        """What is wrong with the directory as it stands, or with our account in it."""
        try:
            password = self._password()
            with opened(self._settings, password) as session:
                return survey(session, self._settings)
        except ldap.INVALID_CREDENTIALS as error:
            self._refused = _mark(password)
            return [str(refusal(self._settings.url, error))]
        except AGAIN as error:
            return [unreachable(self._settings.url, error, 1)]
        except ldap.LDAPError as error:
            return [str(refusal(self._settings.url, error))]
        except SnapshotRefused as refused:
            return [str(refused)]
        except UserMistake as mistake:
            return [str(problem) for problem in mistake.problems]

    def fetch(
        self,
        now: datetime,  # noqa: ARG002 - the protocol has it
        released: Collection[str] = (),  # noqa: ARG002 - the protocol has it
        cursor: str = "",
        wanted: Wanted | None = None,
    ) -> Snapshot:
        """Read the directory into a private copy, asking for nothing but what is wanted.

        Raises:
            SourceUnavailable: it cannot be reached, or broke off again and again.
            SnapshotRefused: it gave a part only, or refuses us; nothing that time would mend.
            UserMistake: the password cannot be read.
        """
        password = self._password()
        ask = asked(FIELDS if wanted is None else wanted, guardians=self._settings.guardians)
        copying = Copying(self._settings, ask, cursor)
        tries = 0
        while True:
            try:
                return self._copied(partial(copying.copy, password))
            except TooMany:
                copying.halve()
            except Lost:
                log.info("source.changes_lost", source=self._name)
                copying.forget()
            except AGAIN as error:
                tries += 1
                if tries >= self._settings.attempts:
                    raise SourceUnavailable(unreachable(self._settings.url, error, tries)) from None
                log.info("source.begun_again", source=self._name, reason=type(error).__name__)
                self._wait(self._settings.pause.total_seconds() if self._settings.pause else 0)
            except ldap.LDAPError as error:
                if isinstance(error, ldap.INVALID_CREDENTIALS):
                    self._refused = _mark(password)
                if not copying.lose(error):
                    raise refusal(self._settings.url, error) from None

    def read(self, snapshot: Snapshot, keyed: KeyedDigest, wanted: Wanted, *, careful: bool = False) -> FeideReading:
        """Read a fetched copy. Only what is in `wanted` leaves it; guardians never, unless the config says so."""
        guardians = self._settings.guardians
        return FeideReading(self._name, snapshot, keyed, wanted, guardians=guardians, careful=careful)

    def accepted(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))

    def discard(self, snapshot: Snapshot) -> None:
        """Drop the copy."""
        self._spool.drop(Path(snapshot.path))

    def _copied(self, copy: Callable[..., Copied]) -> Snapshot:
        """A new private copy, or none at all."""
        try:
            path = self._spool.create()
            try:
                with self._spool.writing(path) as stream:
                    made = copy(stream)
            except BaseException:
                self._spool.drop(path)
                raise
        except OSError as error:
            reason = error.strerror or "it cannot be written"
            raise SourceUnavailable(f"the private copy of the directory: {reason}; check the setting spool") from None
        if made.unreadable:
            log.warning("source.values_unreadable", source=self._name, attributes=dict(made.unreadable))
        return Snapshot(str(path), made.digest, None, self._settings.url, made.partial, made.cursor)

    def _password(self) -> str:
        """The password; refused are an empty one, which some servers take for none, and one refused before.

        Raises:
            SnapshotRefused: it was refused before.
            UserMistake: it is missing or empty.
        """
        password = self._settings.password.read()
        if not password:
            raise UserMistake([f"source.{self._name}: the password is empty; an empty one is taken for nobody's"])
        if _mark(password) == self._refused:
            text = "the directory has refused this password, and it is not tried again; correct it, or reload"
            raise SnapshotRefused("credentials", f"{self._settings.url}: {text}")
        return password


def _mark(password: str) -> bytes:
    return hashlib.sha256(password.encode()).digest()
