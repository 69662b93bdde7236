"""Which fragments have been met again: a packed set must answer like a plain one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from rostersync.store.seen import Seen

# Heads are drawn from few values, so that digests often agree in their first eight bytes and differ after them.
digests = st.builds(
    lambda head, tail: head.to_bytes(8, "big") + tail.to_bytes(8, "big"),
    st.sampled_from([0, 1, 2**63, 2**64 - 1]),
    st.integers(0, 3),
)


def packed(known: set[bytes]) -> Seen:
    rows = [(digest, no) for no, digest in enumerate(sorted(known))]
    return Seen([rows[:2], rows[2:]])


@given(st.sets(digests), st.lists(digests))
def test_a_packed_set_answers_like_a_plain_one(known: set[bytes], asked: list[bytes]) -> None:
    seen = packed(known)
    assert [seen.meet(digest) for digest in asked] == [digest in known for digest in asked]
    numbers = {digest: no for no, digest in enumerate(sorted(known))}
    assert set(seen.unmet()) == {no for digest, no in numbers.items() if digest not in asked}
    assert all(seen.met(digest) == (digest in asked) for digest in known)


def test_a_claim_that_was_given_to_a_newer_fragment_is_no_longer_known_by_the_old_one() -> None:
    seen = packed({b"a" * 16, b"b" * 16})
    assert seen.spend(b"a" * 16)
    assert not seen.meet(b"a" * 16)
    assert list(seen.unmet()) == [1]


def test_a_claim_is_given_away_once_and_never_when_its_own_fragment_came() -> None:
    seen = packed({b"a" * 16, b"b" * 16, b"c" * 16})
    assert seen.meet(b"a" * 16)
    seen.keep(b"c" * 16)
    assert not seen.spend(b"a" * 16)
    assert seen.spend(b"b" * 16)
    assert not seen.spend(b"b" * 16)
    assert not seen.spend(b"c" * 16)
    assert not seen.spend(b"unknown digest!!")


def test_a_claim_kept_for_its_content_is_not_missing_but_its_fragment_was_not_met() -> None:
    seen = packed({b"a" * 16})
    seen.keep(b"a" * 16)
    assert list(seen.unmet()) == []
    assert not seen.met(b"a" * 16)
    assert seen.meet(b"a" * 16)
    assert seen.met(b"a" * 16)


def test_a_claim_without_a_fragment_is_none_of_those_that_are_known() -> None:
    seen = packed({bytes(16), b"a" * 16})
    seen.keep(b"")
    assert not seen.met(b"")
    assert set(seen.unmet()) == {0, 1}


@given(st.integers(0, 2**32), st.integers(0, 3_000))
def test_many_are_told_apart_however_many_begin_alike(seed: int, count: int) -> None:
    chance = random.Random(seed)
    known = {chance.randbytes(chance.randrange(1, 17)).rjust(16, b"\0") for _ in range(count)}
    strangers = {chance.randbytes(16) for _ in range(20)} - known
    seen = packed(known)
    assert all(seen.meet(digest) for digest in known)
    assert not any(seen.meet(digest) for digest in strangers)
    assert list(seen.unmet()) == []
    assert [seen.claim(digest) for digest in sorted(known)] == list(range(len(known)))
