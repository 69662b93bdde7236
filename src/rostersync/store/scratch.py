"""Drafts parked on disk between the two passes of a plan, so that a large plan needs little memory.

The file has no name, and its key is made for one run and never written: what a killed run leaves is noise.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rostersync.model import Draft


def packed(drafts: Sequence[Draft]) -> bytes:
    """One batch of drafts as bytes."""
    return msgspec.msgpack.encode(drafts)


class Scratch:
    """A list of drafts that lives on disk: park batches, then iterate as often as wanted, in the same order."""

    def __init__(self) -> None:
        self._cipher = AESGCM(AESGCM.generate_key(256))
        self._file = tempfile.TemporaryFile(prefix="rostersync-")  # noqa: SIM115 - closed by __exit__
        self._sizes: list[int] = []
        self._decoder = msgspec.msgpack.Decoder(list[Draft])

    def __enter__(self) -> Scratch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def empty(self) -> bool:
        """Whether nothing has been parked."""
        return not self._sizes

    def park(self, batch: bytes) -> None:
        """Park one batch, as `packed` makes it."""
        nonce = os.urandom(12)
        sealed = nonce + self._cipher.encrypt(nonce, batch, None)
        self._file.seek(0, os.SEEK_END)
        self._file.write(sealed)
        self._sizes.append(len(sealed))

    def batches(self) -> Iterator[list[Draft]]:
        """Every batch, in the order they were parked."""
        start = 0
        for size in self._sizes:
            self._file.seek(start)
            sealed = self._file.read(size)
            start += size
            yield self._decoder.decode(self._cipher.decrypt(sealed[:12], sealed[12:], None))
