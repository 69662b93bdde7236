"""One connection to a directory, from the first byte to the last: encrypted, signed in, and every wait bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ldap

from rostersync.connectors.feide.rows import Attributes
from rostersync.connectors.feide.settings import Settings
from rostersync.connectors.feide.tunnel import Tunnel
from rostersync.errors import SnapshotRefused

if TYPE_CHECKING:
    from ldap.controls import RequestControl
    from ldap.ldapobject import SimpleLDAPObject

_WHOLE: Final = "(objectClass=*)"


class Answer(NamedTuple):
    """The entries that a search found, each with its DN, and the controls of its end."""

    entries: Sequence[tuple[str, Attributes]]
    controls: Sequence[Any]


class Session:
    """An open connection. Every method raises ldap.LDAPError; `trouble.py` says what each kind means."""

    def __init__(self, settings: Settings, connection: SimpleLDAPObject) -> None:
        self._connection = connection
        self._seconds = settings.seconds
        self._url = settings.url

    def base(self, configured: str) -> str:
        """Where the tree begins: as configured, else the one that the server says it has.

        Raises:
            SnapshotRefused: it has none or several, or does not say.
        """
        if configured:
            return configured
        found: list[bytes] = []
        for _, attributes in self.entries("", _WHOLE, ["namingContexts"], scope=ldap.SCOPE_BASE):
            found += next(iter(attributes.values()), ())
        if len(found) != 1:
            text = f"{self._url}: it has {len(found)} trees that one may know of; name one in the setting base"
            raise SnapshotRefused("configuration", text)
        return found[0].decode()

    def entries(
        self, base: str, wanted: str, attributes: Sequence[str], *, scope: int = ldap.SCOPE_SUBTREE
    ) -> Sequence[tuple[str, Attributes]]:
        """One search, whole.

        Raises:
            SnapshotRefused: a part of the tree is on another server.
        """
        return self.answer(self.ask(base, wanted, attributes, scope=scope)).entries

    def ask(
        self,
        base: str,
        wanted: str,
        attributes: Sequence[str],
        *,
        scope: int = ldap.SCOPE_SUBTREE,
        control: RequestControl | None = None,
    ) -> int:
        """Begin a search; gives the number under which to wait for its answer."""
        controls = [control] if control else None
        return int(self._connection.search_ext(base, scope, wanted, list(attributes), serverctrls=controls))

    def answer(self, asked: int) -> Answer:
        """The whole answer to a search. One call for all its entries costs a quarter less than one for each.

        Raises:
            SnapshotRefused: a part of the tree is on another server.
        """
        _, rows, _, controls = self._connection.result3(asked, 1, self._seconds)
        entries = [(dn, found) for dn, found in rows if dn is not None]
        self.refuse_elsewhere(len(rows) - len(entries))
        return Answer(entries, controls)

    def refuse_elsewhere(self, references: int) -> None:
        """Refuse a search that was pointed to other servers for a part of the tree.

        Raises:
            SnapshotRefused: it was.
        """
        if references:
            text = f"{self._url}: {references} parts of the tree are on other servers; name a base below them"
            raise SnapshotRefused("no proof", text)

    def messages(
        self, base: str, wanted: str, attributes: Sequence[str], control: RequestControl, known: Mapping[str, type[Any]]
    ) -> Iterator[Any]:
        """One search as whole messages, with what comes in between and, by type, the controls that are `known`."""
        asked = self._connection.search_ext(base, ldap.SCOPE_SUBTREE, wanted, list(attributes), serverctrls=[control])
        while True:
            kind, rows, _, controls, _, _ = self._connection.result4(
                asked, 0, self._seconds, add_ctrls=1, add_intermediates=1, resp_ctrl_classes=known
            )
            yield kind, rows, controls
            if kind == ldap.RES_SEARCH_RESULT:
                return


@contextmanager
def opened(settings: Settings, password: str) -> Iterator[Session]:
    """Connect, encrypt, sign in; and hang up at the end of the block.

    Raises:
        ldap.LDAPError: any of it did not work.
        SnapshotRefused: the server's certificate is not believed.
    """
    with ExitStack() as at_the_end:
        if settings.encrypted:
            tunnel = Tunnel(settings)
            at_the_end.callback(tunnel.close)
            # The library would open a lost line anew by itself, in the clear: nobody listens at that address.
            connection = ldap.initialize("ldap://127.0.0.1:0", fileno=tunnel.near.detach())
        else:
            connection = ldap.initialize(settings.url)
        at_the_end.callback(_hang_up, connection)
        for option, value in (
            (ldap.OPT_PROTOCOL_VERSION, ldap.VERSION3),
            (ldap.OPT_NETWORK_TIMEOUT, settings.seconds),
            (ldap.OPT_TIMEOUT, settings.seconds),
            (ldap.OPT_REFERRALS, 0),
        ):
            connection.set_option(option, value)
        connection.timeout = settings.seconds
        connection.simple_bind_s(settings.bind_dn, password)
        yield Session(settings, connection)


def _hang_up(connection: SimpleLDAPObject) -> None:
    with suppress(ldap.LDAPError):
        connection.unbind_ext()
