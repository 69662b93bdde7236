"""The lab's OpenLDAP server as the tests have it: with certificates, small pages, and a connection to change what is in it."""

from __future__ import annotations

from pathlib import Path

import ldap
from ldap.controls.simple import ManageDSAITControl

from rostersync.lab import slapd as lab
from rostersync.lab.ldif import SUFFIX
from rostersync.lab.slapd import ADMIN, FOLLOWER, PASSWORD, READER, SHORT, free_port, program
from tests.certificates import Authority

__all__ = ["ADMIN", "FOLLOWER", "PASSWORD", "READER", "SHORT", "Slapd", "free_port", "program"]

PAGE_CAP = 50


class Slapd(lab.Slapd):
    """A server; `authority` has signed its certificate."""

    def __init__(self, program: Path, *, page_cap: str = str(PAGE_CAP), ldif: Path | None = None) -> None:
        folder = lab.new_folder()
        self.authority = Authority()
        self.ca = folder / "ca.pem"
        tls = lab.Tls(self.ca, folder / "server.pem", folder / "server.key")
        self.authority.write(self.ca)
        self.authority.issue(tls.certificate, tls.key)
        super().__init__(program, ldif or _frame(folder), page_cap=page_cap, tls=tls, folder=folder)

    def start(self) -> None:
        """Start, and connect as who may do everything."""
        super().start()
        self.connection = ldap.initialize(self.url)
        self.connection.simple_bind_s(ADMIN, PASSWORD)

    def stop(self) -> None:
        """Hang up and stop; what is in it stays."""
        self.connection.unbind_s()
        super().stop()

    # -- what is in it ------------------------------------------------------------------------------------------------

    def add(self, dn: str, **attributes: str | bytes | list[str | bytes]) -> str:
        """Add an entry; gives its DN."""
        self.connection.add_s(dn, [(name, _values(found)) for name, found in attributes.items()])
        return dn

    def change(self, dn: str, **attributes: str | bytes | list[str | bytes]) -> None:
        """Replace attributes; an empty list removes one."""
        self.connection.modify_s(
            dn, [(ldap.MOD_REPLACE, name, _values(one) or None) for name, one in attributes.items()]
        )

    def delete(self, dn: str) -> None:
        """Delete an entry, be it only a pointer to another server."""
        self.connection.delete_ext_s(dn, serverctrls=[ManageDSAITControl(True)])


def _values(found: str | bytes | list[str | bytes]) -> list[bytes]:
    several = found if isinstance(found, list) else [found]
    return [one.encode() if isinstance(one, str) else one for one in several]


def _frame(folder: Path) -> Path:
    """A tree with nobody in it."""
    path = folder / "frame.ldif"
    path.write_text(f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: lysvik\no: Lysvik\n")
    return path
