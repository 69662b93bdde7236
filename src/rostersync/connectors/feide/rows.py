"""Entries as rows of a private copy: tidy texts in one order, so that equal entries are equal bytes.

A server may give an entry's attributes and values in any order, and spell the names as it likes.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from struct import Struct as Layout
from typing import BinaryIO, Final
from unicodedata import normalize

import ldap
import ldap.dn
import msgspec

from rostersync.connectors.feide.fields import (
    BINARY,
    DN,
    ENTITLEMENT,
    GROUP_PREFIX,
    ID,
    ID_ATTRIBUTES,
    SCHOOL_DN,
)
from rostersync.errors import SnapshotRefused

Attributes = Mapping[str, Sequence[bytes]]
"""An entry's attributes as the server gave them."""
Texts = dict[str, tuple[str, ...]]

_LENGTH: Final = Layout(">I")
_END: Final = 0xFFFFFFFF
_BITS: Final = 1 << 256
_SPELLINGS: Final = 256


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One entry: a person or an organisation (`school`), and its texts by attribute, both in sorted order."""

    kind: str
    texts: Texts


class Tidying:
    """Makes rows of entries. `unreadable` counts, by attribute, the values that were left out: they are not UTF-8."""

    def __init__(self, attributes: Iterable[str]) -> None:
        self._names = {name.lower(): name for name in attributes}
        self.unreadable: Counter[str] = Counter()
        # A server spells an attribute the same in every entry.
        self._meant = lru_cache(maxsize=_SPELLINGS)(self._name_of)

    def row(self, kind: str, dn: str, attributes: Attributes) -> Row:
        """The row of one entry.

        Raises:
            SnapshotRefused: the server gave only a part of an attribute's values.
        """
        found: Texts = {}
        for spelled, values in attributes.items():
            name = self._meant(spelled)
            if name and (texts := self._texts(name, values)):
                found[name] = texts
        own = next((found.pop(name) for name in ID_ATTRIBUTES if name in found), ())
        if own:
            found[ID] = own
        if kind == "school":
            found[DN] = (plain_dn(dn),)
        return Row(kind, {name: found[name] for name in sorted(found) if name not in ID_ATTRIBUTES})

    def _name_of(self, spelled: str) -> str:
        """Our name of an attribute as the server spells it; empty for one that is passed over."""
        bare, _, option = spelled.partition(";")
        if option.startswith("range="):
            raise SnapshotRefused("no proof", f"the server gives only some of the values of {bare}; raise its limit")
        return "" if option else self._names.get(bare.lower(), "")

    def _texts(self, name: str, values: Sequence[bytes]) -> tuple[str, ...]:
        if name in BINARY:
            return tuple(value.hex() for value in values)
        texts = set()
        tidy = _TIDY.get(name, _tidied)
        for value in values:
            try:
                if text := tidy(value):
                    texts.add(text)
            except UnicodeDecodeError:
                self.unreadable[name] += 1
        return tuple(texts) if len(texts) < 2 else tuple(sorted(texts))


def _tidied(value: bytes) -> str:
    """A text in NFC without white space around it; empty where there is none."""
    text = value.decode().replace("\0", "").strip()
    return text if text.isascii() else normalize("NFC", text)


def _group_only(value: bytes) -> str:
    """An entitlement that describes a group; half of all only repeat its id."""
    return _tidied(value) if value[: len(GROUP_PREFIX)].lower() == GROUP_PREFIX else ""


_TIDY: Final[Mapping[str, Callable[[bytes], str]]] = {
    # Thousands share these, so each is tidied once.
    ENTITLEMENT: lru_cache(maxsize=1 << 14)(_group_only),
    SCHOOL_DN: lru_cache(maxsize=1 << 10)(lambda value: plain_dn(_tidied(value))),
}


def plain_dn(dn: str) -> str:
    """A DN in one spelling, to compare by; as it is where it cannot be read."""
    try:
        return str(ldap.dn.dn2str(ldap.dn.str2dn(dn))).casefold()
    except ldap.DECODING_ERROR:
        return dn.casefold()


class Writing:
    """Writes rows into a private copy, with a proof at its end; the digest does not depend on their order."""

    def __init__(self, stream: BinaryIO, way: str) -> None:
        self._stream = stream
        self._sum = int.from_bytes(hashlib.sha256(way.encode()).digest())
        self._encode = msgspec.msgpack.Encoder().encode
        self.count: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """Write one row."""
        content = self._encode(row)
        self._sum += int.from_bytes(hashlib.sha256(content).digest())
        self._stream.write(_LENGTH.pack(len(content)) + content)
        self.count[row.kind] += 1

    def finish(self, proof: str) -> str:
        """Write what proves that this is all, and give the digest (SHA-256 sums, hex)."""
        content = self._encode([sum(self.count.values()), proof])
        self._stream.write(_LENGTH.pack(_END) + content)
        self._stream.flush()
        return f"{self._sum % _BITS:064x}"


class Rows:
    """Reads a private copy. Iterating gives each row's bytes, and ends normally only at the proof."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.proof = ""

    def __iter__(self) -> Iterator[bytes]:
        read, count = self._stream.read, 0
        while (length := self._length()) != _END:
            content = read(length)
            count += 1
            yield content
        try:
            told, proof = msgspec.msgpack.decode(read(), type=tuple[int, str])
        except msgspec.DecodeError:
            raise _cut_off() from None
        if told != count:
            raise _cut_off()
        self.proof = proof

    def _length(self) -> int:
        head = self._stream.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            raise _cut_off()
        return int(_LENGTH.unpack(head)[0])


def _cut_off() -> SnapshotRefused:
    return SnapshotRefused("no proof", "the private copy of the directory is cut off; check that the disk is not full")


read_row: Final = msgspec.msgpack.Decoder(Row).decode
