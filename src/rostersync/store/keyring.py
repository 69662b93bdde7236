"""Everything the secret gives: digests that nobody else can make, and seals that nobody else can open.

One secret text becomes three keys (HKDF-SHA-256): the id key founds our ids and never rotates, the digest key makes
surrogates and digests, the seal key seals group names and wraps the data key that each person has of her own. Erasing
a person's data key erases what was sealed under it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from struct import Struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rostersync.errors import StateBroken, UserMistake
from rostersync.ids import Ids

SECRET_BYTES: Final = 32
"""The shortest secret accepted, in bytes of UTF-8."""

_SECRET_NUMBER: Final = b"\x01"
_NONCE: Final = 12
_SURROGATE: Final = Struct(">q16s")


class Keyring:
    """The keys of one state. `secret` is text of at least 32 bytes.

    What is sealed begins with one byte, the number of the secret it was sealed under, so that a later rotation can tell
    old rows from new ones.

    Raises:
        UserMistake: the secret is too short.
    """

    __slots__ = ("_digest_key", "_seal", "_secret", "_surrogate", "ids")

    def __init__(self, secret: str) -> None:
        material = secret.encode()
        if len(material) < SECRET_BYTES:
            short = f"[state] secret: it has {len(material)} bytes and needs at least {SECRET_BYTES}"
            raise UserMistake([f"{short}; make one with `openssl rand -base64 48`"])
        self._secret = secret
        self.ids = Ids(_derive(material, b"id"))
        self._digest_key = _derive(material, b"digest")
        self._seal = AESGCM(_derive(material, b"seal"))
        self._surrogate = hashlib.blake2b(key=self._digest_key, digest_size=_SURROGATE.size, person=b"surrogate")

    def __reduce__(self) -> tuple[type[Keyring], tuple[str]]:
        return Keyring, (self._secret,)

    # -- digests ----------------------------------------------------------------------------------------------------

    def surrogates(self, source: str) -> Callable[[str], tuple[int, bytes]]:
        """What stands for one source's keys in the state.

        A key becomes a signed 64-bit number, with 16 bytes beside it that expose a collision.
        """
        base = self._surrogate.copy()
        base.update(_measured(source))

        def surrogate(key: str) -> tuple[int, bytes]:
            state = base.copy()
            state.update(key.encode())
            number, check = _SURROGATE.unpack(state.digest())
            return number, check

        return surrogate

    def surrogate(self, source: str, key: str) -> tuple[int, bytes]:
        """What stands for one key; see `surrogates`."""
        return self.surrogates(source)(key)

    def identifiers(self, kind: str) -> Callable[[str], bytes]:
        """The digest (16 bytes) by which identifiers of one kind, such as national numbers, are recognised anywhere."""
        keyed = self.digest(f"identifier {kind}")
        return lambda text: keyed(text.casefold().encode())

    def digest(self, purpose: str) -> Callable[[bytes], bytes]:
        """A keyed digest of 16 bytes; those made for different purposes have nothing to do with each other."""
        base = hashlib.blake2b(key=self._digest_key, digest_size=16, person=b"purpose")
        base.update(_measured(purpose))

        def keyed(content: bytes) -> bytes:
            state = base.copy()
            state.update(content)
            return state.digest()

        return keyed

    def verifier(self) -> str:
        """What the state keeps to recognise its secret (hex); it tells nothing about the secret."""
        return self.digest("verifier")(b"").hex()

    def verifies(self, kept: str) -> bool:
        """Whether the state that kept this verifier was made with our secret."""
        return hmac.compare_digest(self.verifier(), kept)

    # -- seals ------------------------------------------------------------------------------------------------------

    def new_data_key(self) -> bytes:
        """A fresh key (32 bytes) for one person's values."""
        return AESGCM.generate_key(256)

    def wrap(self, data_key: bytes) -> bytes:
        """A data key, sealed for the person's row."""
        return _close(self._seal, data_key, b"data key")

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key from a person's row.

        Raises:
            StateBroken: it was not wrapped by this secret.
        """
        return _open(self._seal, wrapped, b"data key")

    def seal(self, data_key: bytes, content: bytes, aad: bytes) -> bytes:
        """Seal under a person's data key. `aad` names the table and row, so a seal cannot be moved to another row."""
        return _close(AESGCM(data_key), content, aad)

    def open(self, data_key: bytes, sealed: bytes, aad: bytes) -> bytes:
        """Open what `seal` made.

        Raises:
            StateBroken: sealed for another row or under another key, or damaged.
        """
        return _open(AESGCM(data_key), sealed, aad)

    def seal_global(self, content: bytes, aad: bytes) -> bytes:
        """Seal what belongs to no person, such as a group's name."""
        return _close(self._seal, content, aad)

    def open_global(self, sealed: bytes, aad: bytes) -> bytes:
        """Open what `seal_global` made.

        Raises:
            StateBroken: as `open`.
        """
        return _open(self._seal, sealed, aad)


def _derive(material: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=b"rostersync", info=purpose).derive(material)


def _measured(text: str) -> bytes:
    """A text with its length before it, so that what follows cannot pass for its end."""
    content = text.encode()
    return len(content).to_bytes(4, "big") + content


def _close(cipher: AESGCM, content: bytes, aad: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return _SECRET_NUMBER + nonce + cipher.encrypt(nonce, content, aad)


def _open(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    if sealed[:1] != _SECRET_NUMBER:
        raise StateBroken(
            "a sealed row carries a secret number that this version does not know: "
            "open the state with the rostersync that wrote it, or restore a backup"
        )
    try:
        return cipher.decrypt(sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :], aad)
    except (InvalidTag, ValueError):
        raise StateBroken(
            "a sealed row does not open: it is damaged, or was moved from another row; restore the state from a backup"
        ) from None
