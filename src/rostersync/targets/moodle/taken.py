"""Logins and e-mail addresses, which Moodle has once each: who has which, and what a user is given in its place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from rostersync.model import User
from rostersync.targets.leftout import LeftOut
from rostersync.targets.moodle import rows
from rostersync.targets.moodle.jobs import Job
from rostersync.targets.moodle.settings import Settings

TAKEN: Final = "the login is another account's in Moodle; adopt that account, or correct one of the two at its source"
NO_EMAIL: Final = (
    "Moodle demands an e-mail address, and the user has none; add one at the source, or set no_email to a domain"
)
ONE_EMAIL: Final = (
    "another account has the e-mail address, and Moodle wants each once; correct one, or set no_email to a domain"
)
SHARED_EMAIL: Final = "an e-mail address that another account has already, so that a made-up one stands in its place"


class Taken:
    """Whose the logins and addresses of one batch are: Moodle's accounts by number, and what the batch itself gives away.

    `before` is the user as the account that is there already has her; None for a new account.
    """

    def __init__(
        self,
        settings: Settings,
        left_out: LeftOut,
        logins: Iterable[tuple[str, int]],
        emails: Iterable[tuple[str, int]],
    ) -> None:
        self._settings = settings
        self._left_out = left_out
        self._logins: defaultdict[str, set[object]] = defaultdict(set)
        self._emails: defaultdict[str, set[object]] = defaultdict(set)
        for login, key in logins:
            self._logins[login].add(key)
        for email, key in emails:
            self._emails[email.lower()].add(key)

    def login(self, job: Job, user: User, before: User | None) -> str:
        """The login to send; empty when the one that Moodle has may stay, as an adopted account's does.

        Where none is released, a new account gets our id, which tells nothing about her.
        """
        wanted = rows.login_of(user)
        if not wanted and job.key:
            # what was hers and is so no longer is given up, so that another can have it
            return user.id if before and rows.login_of(before) else ""
        if not wanted or self._is_free(self._logins[wanted], job):
            return wanted or user.id
        job.fail(TAKEN)
        return ""

    def email(self, job: Job, user: User, before: User | None) -> str:
        """The address to send; empty when the one that Moodle has may stay."""
        wanted = rows.email_of(user)
        if wanted and self._is_free(self._emails[wanted.lower()], job):
            return wanted
        if not wanted and job.key and not (before and rows.email_of(before)):
            return ""
        if not self._settings.no_email:
            job.fail(ONE_EMAIL if wanted else NO_EMAIL)
        elif wanted:
            self._left_out.add(SHARED_EMAIL)
        return f"{user.id}@{self._settings.no_email}"

    @staticmethod
    def _is_free(holders: set[object], job: Job) -> bool:
        """Whether nobody else has it; it is hers from then on."""
        me: object = job.key or job
        if holders - {me}:
            return False
        holders.add(me)
        return True
