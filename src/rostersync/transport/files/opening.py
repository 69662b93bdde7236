"""Opens the place that the setting `files` means."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from rostersync.transport.files.address import scheme, sftp_address
from rostersync.transport.files.folder import Folder
from rostersync.transport.files.places import Place
from rostersync.transport.files.settings import FilesSettings
from rostersync.transport.patience import Patience


@contextmanager
def opened(settings: FilesSettings, wait: Callable[[float], None], now: Callable[[], float]) -> Iterator[Place]:
    """The place, as long as somebody is there. What speaks to servers is loaded when it is needed, for the memory's sake.

    Raises:
        SourceUnavailable: it cannot be reached.
        UserMistake: a secret cannot be read.
    """
    if where := sftp_address(settings.files):
        from rostersync.transport.files.sftp import Sftp

        patience = Patience(settings.line().patience.total_seconds(), now, wait)
        with closing(Sftp(where, settings, patience)) as place:
            yield place
    elif scheme(settings.files):
        from rostersync.transport.files.https import Https

        with closing(Https(settings, wait, now)) as served:
            yield served
    else:
        yield Folder(settings.files)
