"""One file that a web server gives to whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rostersync.errors import SourceUnavailable
from rostersync.transport.authorising import Basic, Open
from rostersync.transport.calls import Call
from rostersync.transport.files.places import Offered
from rostersync.transport.files.settings import FilesSettings
from rostersync.transport.http import Http


class Https:
    """One file below https://, asked for when it is looked for. It ends by `close`."""

    def __init__(self, settings: FilesSettings, wait: Callable[[float], None], now: Callable[[], float]) -> None:
        """Prepare the line; nothing is sent yet.

        Raises:
            UserMistake: the password cannot be read.
        """
        parts = urlsplit(settings.files)
        place = parts.netloc.rpartition("@")[2]
        self._url = parts._replace(netloc=place).geturl()
        self._label = f"{parts.scheme}://{place}"
        password = settings.password.read() if settings.password else ""
        proof = Basic(unquote(parts.username), password) if parts.username else Open()
        self._http = Http(
            self._label, self._url, settings.line(), SourceUnavailable, authoriser=proof, wait=wait, now=now
        )
        self._answer = ExitStack()
        self._blocks: Iterator[bytes] = iter(())

    def close(self) -> None:
        """End the connection."""
        self._answer.close()
        self._http.close()

    def offered(self) -> list[Offered]:
        """The file, once the server has begun to send it.

        Raises:
            SourceUnavailable: as `Http.open` does.
        """
        answer = self._answer.enter_context(self._http.open(Call(what="the file", path=self._url)))
        self._blocks = answer.blocks
        try:
            changed = parsedate_to_datetime(answer.headers.get("last-modified", ""))
        except ValueError:
            changed = None
        return [Offered("", self._label, changed, served=True)]

    def blocks(self, one: Offered, most: int | None = None) -> Iterator[bytes]:  # noqa: ARG002 - there is but one
        """The bytes of the file, once.

        Raises:
            SourceUnavailable: it is cut off.
        """
        yield from self._blocks

    def delete(self, one: Offered, copy: Path) -> None:
        """Nothing: the settings do not allow it."""
