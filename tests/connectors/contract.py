"""What every connector promises, whatever it reads. Its own tests inherit this class and set up its source."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

import pytest

from rostersync.connectors import Connector, Fragment, Snapshot, Unsure, Wanted
from rostersync.errors import RostersyncError, SnapshotRefused, SourceUnavailable
from rostersync.mapping.rules import is_offered
from rostersync.model import Record

NOW = datetime.now(UTC) + timedelta(hours=2)
"""Later than any test writes a file, so that none is too young to be read."""


def keyed(content: bytes) -> bytes:
    """A keyed digest such as the store gives."""
    return hashlib.blake2b(content, key=b"test key", digest_size=16).digest()


def read_both_ways(connector: Connector, snapshot: Snapshot, wanted: Wanted | None = None) -> list[Fragment]:
    """The fragments of a careful reading. The quick one must give the same records, or own that it is unsure."""
    asked = connector.fields if wanted is None else wanted
    try:
        quick = [_told(one) for one in connector.read(snapshot, keyed, asked)]
    except (Unsure, SnapshotRefused):
        return list(connector.read(snapshot, keyed, asked, careful=True))
    careful = list(connector.read(snapshot, keyed, asked, careful=True))
    assert [(one.digest, _told(one)) for one in careful] == list(
        zip([one.digest for one in connector.read(snapshot, keyed, asked)], quick, strict=True)
    )
    return careful


def _told(fragment: Fragment) -> object:
    """What a fragment says: its record, or why it has none."""
    try:
        return fragment.parse()
    except ValueError as reason:
        return str(reason)


class Source(ABC):
    """A source under test: a connector, and the means to change what it finds."""

    connector: Connector
    secrets: tuple[str, ...] = ()
    """Texts of the whole roster that no message may show."""

    parts: tuple[str, ...] = ("contact", "member")
    """The kinds of records inside others."""

    kinds: tuple[str, ...] = ("person", "group", "membership")
    """The kinds of records that it gives."""

    @abstractmethod
    def offer_all(self) -> None:
        """Offer a whole roster: persons with contacts, groups and memberships."""

    @abstractmethod
    def offer_more(self) -> None:
        """Offer the same roster, and one person more."""

    @abstractmethod
    def offer_half(self) -> None:
        """Offer the roster cut off in the middle."""

    @abstractmethod
    def offer_nothing(self) -> None:
        """Let there be nothing to fetch."""

    @abstractmethod
    def copies(self) -> int:
        """How many private copies lie about."""

    def fragments(self, wanted: Wanted | None = None) -> list[Fragment]:
        """Fetch, read to the end, and drop the copy."""
        snapshot = self.connector.fetch(NOW)
        try:
            return read_both_ways(self.connector, snapshot, wanted)
        finally:
            self.connector.discard(snapshot)

    def refusal(self) -> RostersyncError:
        """The error with which fetching or reading ends."""
        with pytest.raises((SnapshotRefused, SourceUnavailable)) as caught:
            self.fragments()
        return caught.value


def every_record(records: list[Record]) -> list[Record]:
    """Records and the parts inside them."""
    return [one for record in records for one in (record, *record.parts)]


class ConnectorContract:
    """Inherit, and give a `source` fixture."""

    @pytest.fixture
    def fetched(self, source: Source) -> Snapshot:
        source.offer_all()
        return source.connector.fetch(NOW)

    def test_a_whole_roster_has_records_of_every_kind(self, source: Source) -> None:
        source.offer_all()
        records = [fragment.parse() for fragment in source.fragments()]
        assert {record.kind for record in records} == set(source.kinds)
        assert {part.kind for record in records for part in record.parts} == set(source.parts)

    def test_a_fragment_and_its_record_are_of_one_kind(self, source: Source) -> None:
        source.offer_all()
        for fragment in source.fragments():
            assert fragment.parse().kind == fragment.kind

    def test_the_proof_is_told_after_the_last_fragment_only(self, source: Source, fetched: Snapshot) -> None:
        reading = source.connector.read(fetched, keyed, source.connector.fields, careful=True)
        for _ in reading:
            assert not reading.proof
        assert reading.proof

    def test_a_roster_cut_off_never_ends_normally(self, source: Source) -> None:
        source.offer_half()
        assert not getattr(source.refusal(), "releasable", False)

    def test_what_is_refused_names_nobody(self, source: Source) -> None:
        source.offer_half()
        error = source.refusal()
        told = f"{error} {error!r} {error.__context__!r} {error.__cause__!r}"
        assert not [secret for secret in source.secrets if secret in told]

    def test_nothing_to_fetch_is_a_matter_of_waiting(self, source: Source) -> None:
        source.offer_nothing()
        assert isinstance(source.refusal(), SourceUnavailable)

    def test_the_same_roster_has_the_same_digests_twice(self, source: Source) -> None:
        source.offer_all()
        assert [one.digest for one in source.fragments()] == [one.digest for one in source.fragments()]

    def test_the_same_roster_is_the_same_snapshot_twice(self, source: Source, fetched: Snapshot) -> None:
        assert source.connector.fetch(NOW).digest == fetched.digest

    def test_another_roster_is_another_snapshot(self, source: Source, fetched: Snapshot) -> None:
        source.offer_more()
        assert source.connector.fetch(NOW).digest != fetched.digest

    def test_a_new_person_is_one_new_digest(self, source: Source) -> None:
        source.offer_all()
        before = {one.digest for one in source.fragments()}
        source.offer_more()
        after = {one.digest for one in source.fragments()}
        assert before < after
        assert len(after - before) == 1

    def test_the_digests_are_the_callers(self, source: Source, fetched: Snapshot) -> None:
        def other(content: bytes) -> bytes:
            return hashlib.blake2b(content, key=b"another key", digest_size=16).digest()

        ours = {one.digest for one in source.connector.read(fetched, keyed, source.connector.fields, careful=True)}
        theirs = {one.digest for one in source.connector.read(fetched, other, source.connector.fields, careful=True)}
        assert not ours & theirs

    def test_a_record_is_the_same_parsed_at_once_or_later(self, source: Source, fetched: Snapshot) -> None:
        at_once = [one.parse() for one in source.connector.read(fetched, keyed, source.connector.fields, careful=True)]
        assert at_once == [
            one.parse() for one in list(source.connector.read(fetched, keyed, source.connector.fields, careful=True))
        ]

    def test_every_field_that_comes_out_is_declared(self, source: Source) -> None:
        source.offer_all()
        fields = source.connector.fields
        for record in every_record([one.parse() for one in source.fragments()]):
            assert [name for name in record.fields if not is_offered(name, fields[record.kind])] == []

    def test_only_what_is_wanted_leaves_the_source(self, source: Source, fetched: Snapshot) -> None:
        whole = every_record([one.parse() for one in read_both_ways(source.connector, fetched)])
        for kind, name in {(record.kind, name) for record in whole for name in record.fields}:
            wanted: Wanted = {kind: frozenset({name})}
            for record in every_record([one.parse() for one in read_both_ways(source.connector, fetched, wanted)]):
                assert set(record.fields) <= ({name} if record.kind == kind else set())

    def test_texts_are_tidy_and_never_empty(self, source: Source) -> None:
        source.offer_all()
        for record in every_record([one.parse() for one in source.fragments()]):
            for texts in record.fields.values():
                assert texts
                assert all(text and text == text.strip() for text in texts)

    def test_an_accepted_snapshot_leaves_no_copy_behind(self, source: Source, fetched: Snapshot) -> None:
        source.connector.accepted(fetched)
        assert source.copies() == 0

    def test_a_discarded_snapshot_leaves_no_copy_behind(self, source: Source, fetched: Snapshot) -> None:
        source.connector.discard(fetched)
        assert source.copies() == 0

    def test_a_discarded_snapshot_can_be_fetched_again(self, source: Source, fetched: Snapshot) -> None:
        source.connector.discard(fetched)
        assert source.connector.fetch(NOW).digest == fetched.digest

    def test_a_source_that_is_well_has_nothing_to_check(self, source: Source) -> None:
        source.offer_all()
        assert source.connector.check() == []

    def test_a_source_with_nothing_to_fetch_is_told_in_sentences(self, source: Source) -> None:
        source.offer_nothing()
        sentences = source.connector.check()
        assert sentences
        assert all(len(sentence.split()) > 3 for sentence in sentences)
