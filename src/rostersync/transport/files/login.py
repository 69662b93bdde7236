"""Logs in to an SSH server: only to one whose host key is known beforehand, and only once."""

from __future__ import annotations

from io import StringIO
from socket import gaierror
from typing import Final

import paramiko
from paramiko.hostkeys import InvalidHostKey
from paramiko.ssh_exception import NoValidConnectionsError

from rostersync.credentials import Secret
from rostersync.errors import Problem, UserMistake
from rostersync.transport.files.address import Address
from rostersync.transport.files.settings import LoginSettings
from rostersync.transport.patience import Patience

_CONNECT: Final = 10.0
"""Seconds for a connection to stand, and as many for each step up to the log-in."""

_KEYS: Final[tuple[type[paramiko.PKey], ...]] = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)


class UnknownHost(paramiko.SSHException):
    """The server's host key is not among those that are known."""


class _KnownOnly(paramiko.MissingHostKeyPolicy):
    def missing_host_key(self, client: paramiko.SSHClient, hostname: str, key: paramiko.PKey) -> None:  # noqa: ARG002 - the protocol has it
        raise UnknownHost


def session(
    where: Address, settings: LoginSettings, patience: Patience
) -> tuple[paramiko.SSHClient, paramiko.SFTPClient]:
    """A client that is logged in, and its SFTP session; closing the client ends both.

    Raises:
        paramiko.SSHException, OSError, UserMistake: as for `logged_in`.
    """
    client = logged_in(where, settings, patience)
    try:
        sftp = client.open_sftp()
        if channel := sftp.get_channel():
            channel.settimeout(settings.line().timeout.total_seconds())
    except BaseException:
        client.close()
        raise
    return client, sftp


def logged_in(where: Address, settings: LoginSettings, patience: Patience) -> paramiko.SSHClient:
    """A client that is connected and logged in; close it. A refusal is final: there may be a lock behind it.

    Raises:
        paramiko.SSHException: an unknown host key, a refusal, or no SSH.
        OSError: no connection until patience was at its end.
        UserMistake: a secret or the known host keys cannot be read.
    """
    password = settings.password.read() if settings.password else None
    key = _key(settings.key) if settings.key else None
    while True:
        client = paramiko.SSHClient()
        _know_hosts(client, settings)
        try:
            client.connect(
                where.host,
                where.port,
                where.user,
                password,
                key,
                timeout=_CONNECT,
                banner_timeout=_CONNECT,
                auth_timeout=_CONNECT,
                channel_timeout=_CONNECT,
                allow_agent=False,
                look_for_keys=False,
            )
        except OSError:
            client.close()
            if not patience.wait(None):
                raise
        except BaseException:
            client.close()
            raise
        else:
            return client


def _know_hosts(client: paramiko.SSHClient, settings: LoginSettings) -> None:
    client.set_missing_host_key_policy(_KnownOnly())
    try:
        client.load_host_keys(str(settings.known_hosts))
    except (OSError, InvalidHostKey, UnicodeDecodeError):
        text = f"{settings.known_hosts}: the known host keys cannot be read; write them with: ssh-keyscan HOST"
        raise UserMistake([text]) from None


def _key(secret: Secret) -> paramiko.PKey:
    text = secret.read() + "\n"
    for kind in _KEYS:
        try:
            return kind.from_private_key(StringIO(text))
        except paramiko.PasswordRequiredException:
            break
        except (paramiko.SSHException, ValueError):
            continue
    raise UserMistake(
        [
            Problem(
                secret.where,
                "the key cannot be used; it must be an Ed25519, ECDSA or RSA private key without a passphrase "
                "(ssh-keygen -p takes one off)",
            )
        ]
    )


def reason(error: Exception) -> str:
    """Why a session failed, in words that name neither a user nor a file."""
    if isinstance(error, UnknownHost):
        return (
            "its host key is not in known_hosts, so nobody knows who answers; fetch it with ssh-keyscan, compare its "
            "fingerprint with what whoever runs it tells you, and add it"
        )
    if isinstance(error, paramiko.BadHostKeyException):
        return (
            "its host key is another than in known_hosts: the server was exchanged, or somebody stands in between; "
            "ask whoever runs it before you trust the new one"
        )
    if isinstance(error, paramiko.AuthenticationException):
        return "it does not accept our log-in; it is not tried again by itself: check user, password and key"
    if isinstance(error, PermissionError):
        return "it does not let us list, read, write or delete what is there; ask whoever runs it for the right to"
    if isinstance(error, FileNotFoundError):
        return "a file went away while it was looked at; run again"
    if isinstance(error, TimeoutError):
        return "it did not answer in time; see the setting timeout"
    if isinstance(error, NoValidConnectionsError | gaierror):
        return "it cannot be reached; check the address, and whether this machine may connect to it"
    return f"the connection was lost ({type(error).__name__}); run again later"
