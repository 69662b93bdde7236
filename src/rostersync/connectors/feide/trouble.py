"""What a directory refuses or breaks off with -> whether to begin again, and what a person is told.

A server's own message may name somebody, so none is passed on: only the kind of error is.
"""

from __future__ import annotations

from typing import Final

import ldap

from rostersync.errors import SnapshotRefused

AGAIN: Final = (
    ldap.SERVER_DOWN,
    ldap.UNAVAILABLE,
    ldap.BUSY,
    ldap.CONNECT_ERROR,
    ldap.TIMEOUT,
)
"""What time may mend: the reading is begun anew, from the first page."""

_ADVICE: Final[tuple[tuple[type[ldap.LDAPError], str, str], ...]] = (
    (
        ldap.SIZELIMIT_EXCEEDED,
        "no proof",
        "it gives this account only a part of the entries (size limit); have the limit lifted for the account",
    ),
    (
        ldap.ADMINLIMIT_EXCEEDED,
        "no proof",
        "it gives this account only a part of the entries (administrative limit); have the limit lifted for the account",
    ),
    (ldap.TIMELIMIT_EXCEEDED, "no proof", "it stopped at its own time limit; have the limit lifted for the account"),
    (ldap.PARTIAL_RESULTS, "no proof", "it gave a part of the entries and pointed elsewhere for the rest"),
    (ldap.REFERRAL, "no proof", "it points to another server; name that one in url"),
    (ldap.NO_SUCH_OBJECT, "configuration", "there is no such base; correct the setting base"),
    (ldap.INVALID_DN_SYNTAX, "configuration", "base or bind_dn is no DN; correct it"),
    (ldap.FILTER_ERROR, "configuration", "the filter cannot be read; correct the setting filter"),
    (ldap.INSUFFICIENT_ACCESS, "rights", "the account may not read there; have it given read access"),
    (ldap.INVALID_CREDENTIALS, "credentials", "it refuses the account or its password; it was tried once"),
    (ldap.INAPPROPRIATE_AUTH, "credentials", "the account has no password to sign in with"),
    (ldap.UNWILLING_TO_PERFORM, "credentials", "it will not do that for this account; ask who runs the directory"),
    (ldap.STRONG_AUTH_REQUIRED, "configuration", "it wants encryption first; use ldaps:// or starttls = true"),
    (ldap.CONFIDENTIALITY_REQUIRED, "configuration", "it wants encryption first; use ldaps:// or starttls = true"),
    (ldap.PROTOCOL_ERROR, "configuration", "it does not know what was asked (StartTLS, or LDAP version 3)"),
    (
        ldap.UNAVAILABLE_CRITICAL_EXTENSION,
        "configuration",
        "it knows neither paged results nor, if asked for, syncrepl",
    ),
)


class TooMany(Exception):
    """The server gives no page of that size."""


def refusal(url: str, error: ldap.LDAPError) -> SnapshotRefused:
    """The refusal that an error comes to."""
    for kind, reason, advice in _ADVICE:
        if isinstance(error, kind):
            return SnapshotRefused(reason, f"{url}: {advice}")
    return SnapshotRefused("no proof", f"{url}: the reading ended in {type(error).__name__}; nothing of it counts")


def unreachable(url: str, error: ldap.LDAPError, attempts: int) -> str:
    """Why a reading was given up after so many attempts."""
    what = "it did not answer in time" if isinstance(error, ldap.TIMEOUT) else "it cannot be reached, or broke off"
    return f"{url}: {what} ({attempts} attempts); check that the directory runs and that no firewall is in between"
