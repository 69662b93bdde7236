"""One site of the Moodle double: its tables, and how its owner has set it up."""

from __future__ import annotations

from dataclasses import dataclass, field

from rostersync.lab.doubles.moodle.refusal import Refusal
from rostersync.lab.doubles.moodle.tables import Account, Tables


@dataclass(slots=True)
class Site:
    """`tables` is what it holds. `roles` are those that may be given, by context; `mails` are accounts it has written to."""

    tables: Tables
    shares_email: bool = False
    profile_fields: frozenset[str] = frozenset({"fodselsnummer"})
    admins: frozenset[int] = frozenset()
    roles: dict[str, frozenset[int]] = field(
        default_factory=lambda: {
            "course": frozenset({3, 4, 5, 9}),
            "coursecat": frozenset({1, 2}),
            "user": frozenset({9}),
            "system": frozenset({1, 2}),
        }
    )
    mails: list[int] = field(default_factory=list)
    mail_works: bool = True

    def greet(self, account: Account) -> None:
        """Mail somebody newly enrolled, as Moodle does since 4.4 unless told not to; to `.invalid` it never sends."""
        if account.email.endswith(".invalid"):
            return
        if not self.mail_works:
            raise Refusal("Message was not sent.")
        self.mails.append(account.id)

    def has_email(self, email: str) -> bool:
        """Whether an account has the address, and the site wants each once."""
        return not self.shares_email and any(one.email.lower() == email.lower() for one in self.tables.living())
