"""Encrypts the line to a directory by Python's own TLS, since the LDAP library's cannot be bounded.

Debian's libldap (GnuTLS) waits for ever for a server that never shakes hands, whatever time-outs are set, and does not say
what is wrong with a certificate. So it gets one end of a local pair of sockets and speaks plain LDAP there; what comes
out of the other end is encrypted.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from contextlib import ExitStack, suppress
from typing import Final

import ldap

from rostersync.connectors.feide.settings import Settings
from rostersync.errors import SnapshotRefused

_START_TLS: Final = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
"""The extended request of RFC 4511, 4.14.1, as message 1."""
_SUCCESS: Final = bytes.fromhex("0a0100")
"""`resultCode success`: an enumerated 0."""
_BLOCK: Final = 1 << 16


class Tunnel:
    """An encrypted line to the server of some settings, its certificate verified. `near` is the end to speak into.

    Raises:
        SnapshotRefused: the certificate is not believed, or the server does not encrypt.
        ldap.TIMEOUT, ldap.CONNECT_ERROR: it did not answer in time, or not at all.
    """

    def __init__(self, settings: Settings) -> None:
        context = _context(settings)
        self._seconds = settings.seconds
        with ExitStack() as unless_made:
            self._line = unless_made.enter_context(_shaken(settings, context))
            self.near, self._far = socket.socketpair()
            unless_made.pop_all()
        self._line.setblocking(False)
        self._thread = threading.Thread(target=self._pass_on, name="feide-tunnel", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up, however the line stands."""
        for end in (self._far, self._line):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._far.close()
        self._line.close()

    def _pass_on(self) -> None:
        """Pass bytes both ways until either end hangs up. One thread: a TLS line may not be read and written at once."""
        waiting = select.poll()
        for end in (self._far, self._line):
            waiting.register(end, select.POLLIN)
        far, line = self._far.fileno(), self._line.fileno()
        with suppress(OSError):
            while ready := {number for number, _ in waiting.poll()}:
                if far in ready and not self._asked():
                    break
                if line in ready and not self._answered():
                    break
        with suppress(OSError):
            self._far.shutdown(socket.SHUT_RDWR)

    def _asked(self) -> bool:
        """Pass on what the library says; False when it has hung up."""
        asked = memoryview(self._far.recv(_BLOCK))
        going_on = bool(asked)
        while asked:
            try:
                asked = asked[self._line.send(asked) :]
            except ssl.SSLWantWriteError:
                self._until(select.POLLOUT)
            except ssl.SSLWantReadError:
                self._until(select.POLLIN)
        return going_on

    def _answered(self) -> bool:
        """Pass on all that can be decrypted, which may be nothing yet; False when the server has hung up."""
        while True:
            try:
                told = self._line.recv(_BLOCK)
            except ssl.SSLWantReadError:
                return True
            if not told:
                return False
            self._far.sendall(told)

    def _until(self, event: int) -> None:
        """Wait until the line can go on."""
        ready = select.poll()
        ready.register(self._line, event)
        if not ready.poll(self._seconds * 1000):
            raise TimeoutError


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(settings.ca))
    except (OSError, ssl.SSLError):
        text = f"{settings.ca}: no certificates can be read there; correct the setting ca"
        raise SnapshotRefused("certificate", text) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _shaken(settings: Settings, context: ssl.SSLContext) -> ssl.SSLSocket:
    """A line on which hands have been shaken."""
    address = settings.address
    host, port = address.hostname or "", address.port or (636 if address.scheme == "ldaps" else 389)
    try:
        with ExitStack() as unless_made:
            line = unless_made.enter_context(socket.create_connection((host, port), settings.seconds))
            if settings.starttls:
                _start_tls(line, settings.url)
            encrypted = context.wrap_socket(line, server_hostname=host)
            unless_made.pop_all()
            return encrypted
    except ssl.SSLCertVerificationError as error:
        text = f"{settings.url}: its certificate is not believed: {error.verify_message}; check ca, name and dates"
    except TimeoutError:
        raise ldap.TIMEOUT from None
    except OSError:
        raise ldap.CONNECT_ERROR from None
    raise SnapshotRefused("certificate", text)


def _start_tls(line: socket.socket, url: str) -> None:
    line.sendall(_START_TLS)
    told = line.recv(_BLOCK)
    if not told:
        raise ConnectionResetError
    if _SUCCESS not in told[:16]:
        raise SnapshotRefused(
            "configuration", f"{url}: it does not know StartTLS; use ldaps://, nothing is sent in clear"
        )
