"""Takes in person claims: sealed under the person's own key, with what can recognise her kept as keyed digests.

A person whom the state does not know yet gets a data key at once; who she is is decided when everything is read
(linking.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from rostersync.model import LOCAL_NUMBERS, PersonClaim
from rostersync.normalize import national_number
from rostersync.store.desk import CLAIM_COLUMNS, Came, Desk, arrival, formerly, numbered
from rostersync.store.engine import BATCH
from rostersync.store.identifiers import D_NUMBER, LOGINS
from rostersync.store.tables import claim, contact, identifier

_encode: Final = msgspec.msgpack.Encoder().encode

# A number may have been stated wrongly: whether it still leads to anybody is only known when everything is read.
_LINKED: Final = """
    SELECT link.key, person.data_key, link.kind FROM link CROSS JOIN person
     WHERE link.source_no = ? AND link.kind <> 'number' AND person.no = link.person_no AND link.key IN (them)
"""
_ARRIVED: Final = "SELECT key, data_key, 'arrived' FROM arrival WHERE length(data_key) > 0 AND key IN (them)"


class Persons:
    """The person claims of one intake, written in batches."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._keyring = desk.database.keyring
        self._number = self._keyring.identifiers("national_number")
        self._others = {kind: self._keyring.identifiers(kind) for kind in (*LOCAL_NUMBERS, *LOGINS)}
        self._waiting: list[tuple[bytes, PersonClaim]] = []
        self.key_spaces: set[str] = set()

    def take(self, digest: bytes, came: PersonClaim) -> None:
        """Take one claim; it may be written later."""
        self._waiting.append((digest, came))
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, []
        fresh = self._desk.fresh("person", (self._came(digest, came) for digest, came in waiting))
        if not fresh:
            return
        for one in fresh:
            self._desk.note((one.key, one.check))
        numbers = [self._desk.next_claim() for _ in fresh]
        data_keys = self._data_keys(fresh)
        self._write_claims(fresh, numbers, data_keys)
        self._write_identifiers(fresh, numbers)
        self._write_contacts(fresh, numbers)

    def _came(self, digest: bytes, came: PersonClaim) -> Came:
        # Her key is a part of the content. Who says what she said last has the very key whose check her link holds, and
        # any other key that came to the same surrogate would be found by that: only the keys of the others are noted.
        key, check = self._desk.unnoted_surrogate(came.key)
        return Came(digest, key, check, self._desk.content_digest(_encode(came)), came)

    def _data_keys(self, fresh: Sequence[Came]) -> dict[int, bytes]:
        """Key -> data key. Those whom identity must decide about arrive here."""
        keys = [one.key for one in fresh]
        found: dict[int, bytes] = {}
        how: dict[int, str] = {}
        for key, wrapped, kind in (*self._desk.among(_LINKED, keys), *self._desk.database.among(_ARRIVED, keys)):
            found[key] = self._keyring.unwrap(wrapped)
            how[key] = kind
        arrivals: list[tuple[Any, ...]] = []
        for one in fresh:
            if one.key not in found:
                found[one.key] = self._keyring.new_data_key()
                arrivals.append(self._arrival(one, self._keyring.wrap(found[one.key])))
            elif how.get(one.key) == "old" or (one.claim.old_keys and how.get(one.key) == "own"):
                # A key that only led to her is her own now, or her source says that she had another one.
                arrivals.append(self._arrival(one, b""))
        insert = self._desk.database.insert_many
        insert(arrival, ("key", "check", "person_id", "data_key"), arrivals, ignore=True)
        insert(formerly, ("key", "old_key", "check"), self._old_keys(fresh), ignore=True)
        return found

    def _arrival(self, one: Came, wrapped: bytes) -> tuple[Any, ...]:
        return (one.key, one.check, self._desk.database.ids.person(self._desk.source, one.claim.key), wrapped)

    def _old_keys(self, fresh: Sequence[Came]) -> Iterator[tuple[int, int, bytes]]:
        for one in fresh:
            for old_key in one.claim.old_keys:
                yield (one.key, *self._desk.surrogate(old_key))

    def _write_claims(self, fresh: Sequence[Came], numbers: Sequence[int], data_keys: dict[int, bytes]) -> None:
        desk, seal = self._desk, self._keyring.seal
        rows: list[tuple[Any, ...]] = []
        for no, one in zip(numbers, fresh, strict=True):
            sealed = seal(data_keys[one.key], _values_only(one.claim), place_of(desk.source_no, one.key))
            rows.append(desk.claim_row(no, "person", one, sealed))
        desk.database.insert_many(claim, CLAIM_COLUMNS, rows)

    def _write_identifiers(self, fresh: Sequence[Came], numbers: Sequence[int]) -> None:
        """What recognises her elsewhere, and her national number as a key of this source."""
        identifiers: list[tuple[str, bytes, int]] = []
        as_keys: list[tuple[int, int, int, bytes]] = []
        for no, one in zip(numbers, fresh, strict=True):
            values = dict(one.claim.values)
            space, slash, _ = one.claim.key.partition("/")
            if slash:
                self.key_spaces.add(space)
            number = national_number(values.get("national_number", ""))
            if number.genuine:
                digested = self._number(number.digits)
                identifiers.append(("national_number", digested, no))
                if number.kind == "dnr":
                    identifiers.append((D_NUMBER, digested, no))
                by_number = f"{space}/{number.digits}"
                if slash and by_number != one.claim.key:
                    as_keys.append((no, one.key, *self._desk.surrogate(by_number)))
            for kind, digest in self._others.items():
                if text := values.get(kind):
                    identifiers.append((kind, digest(self._in_its_space(kind, text)), no))
        self._desk.database.insert_many(identifier, ("kind", "digest", "claim_no"), identifiers)
        self._desk.database.insert_many(numbered, ("claim_no", "own_key", "key", "check"), as_keys)

    def _in_its_space(self, kind: str, text: str) -> str:
        """A local number that names no space (`SPACE:NUMBER`) means nobody outside its own source."""
        return text if kind in LOGINS or ":" in text else f"\x1f{self._desk.source}\x1f{text}"

    def _write_contacts(self, fresh: Sequence[Came], numbers: Sequence[int]) -> None:
        rows: list[tuple[Any, ...]] = []
        for no, one in zip(numbers, fresh, strict=True):
            for named in one.claim.contacts:
                key, _ = self._desk.surrogate(named.key)
                rows.append((no, self._desk.source_no, one.key, key, named.kind, named.because))
        columns = ("claim_no", "source_no", "pupil_key", "contact_key", "kind", "because")
        self._desk.database.insert_many(contact, columns, rows)


def place_of(source_no: int, key: int) -> bytes:
    """What the seal of a claim, or of a group, is bound to."""
    return f"claim/{source_no}/{key}".encode()


def open_person(sealed: bytes) -> PersonClaim:
    """A person claim from the bytes inside its seal. Its contacts stand in their own table."""
    return _decoder.decode(sealed)


_decoder: Final = msgspec.msgpack.Decoder(PersonClaim)


def _values_only(came: PersonClaim) -> bytes:
    return _encode(msgspec.structs.replace(came, contacts=()) if came.contacts else came)
