"""The keyring: digests nobody else can make, seals nobody else can open."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rostersync.errors import StateBroken, UserMistake
from rostersync.store.keyring import SECRET_BYTES, Keyring

KEYRING = Keyring("a secret of the tests that is long enough")
OTHER = Keyring("another secret of the tests, as long as it")
DATA_KEY = KEYRING.new_data_key()


def test_a_secret_shorter_than_32_bytes_is_refused_with_the_way_to_make_one() -> None:
    with pytest.raises(UserMistake, match=r"31 bytes.*openssl rand"):
        Keyring("x" * (SECRET_BYTES - 1))
    assert Keyring("x" * SECRET_BYTES)


def test_the_length_of_a_secret_is_counted_in_bytes_not_in_letters() -> None:
    assert Keyring("å" * (SECRET_BYTES // 2))


def test_the_message_about_a_short_secret_does_not_repeat_it() -> None:
    with pytest.raises(UserMistake) as refused:
        Keyring("hunter2")
    assert "hunter2" not in str(refused.value)


# -- digests --------------------------------------------------------------------------------------------------------


def test_a_surrogate_is_the_same_for_the_same_key_and_secret() -> None:
    again = Keyring("a secret of the tests that is long enough")
    assert KEYRING.surrogate("ist", "sas/1") == again.surrogate("ist", "sas/1")


@given(st.text(), st.text())
def test_a_surrogate_is_a_signed_number_of_64_bits_with_16_bytes_beside_it(source: str, key: str) -> None:
    number, check = KEYRING.surrogate(source, key)
    assert -(2**63) <= number < 2**63
    assert len(check) == 16


def test_surrogates_differ_by_key_by_source_and_by_secret() -> None:
    made = [
        KEYRING.surrogate("ist", "sas/1"),
        KEYRING.surrogate("ist", "sas/2"),
        KEYRING.surrogate("vis", "sas/1"),
        OTHER.surrogate("ist", "sas/1"),
    ]
    assert len({number for number, _ in made}) == len({check for _, check in made}) == 4


def test_where_the_source_ends_and_the_key_begins_makes_a_difference() -> None:
    assert KEYRING.surrogate("ist", "1") != KEYRING.surrogate("ist1", "")


def test_one_function_for_a_source_gives_what_asking_each_time_gives() -> None:
    of_ist = KEYRING.surrogates("ist")
    assert [of_ist(key) for key in ("a", "b", "a")] == [KEYRING.surrogate("ist", key) for key in ("a", "b", "a")]


def test_digests_for_different_purposes_have_nothing_to_do_with_each_other() -> None:
    assert KEYRING.digest("fragment 1")(b"x") != KEYRING.digest("fragment 2")(b"x")
    assert KEYRING.digest("a")(b"\x00b") != KEYRING.digest("a\x00")(b"b")


def test_a_digest_has_16_bytes_and_needs_the_secret() -> None:
    assert len(KEYRING.digest("p")(b"content")) == 16
    assert KEYRING.digest("p")(b"content") != OTHER.digest("p")(b"content")


def test_an_identifier_is_recognised_whatever_its_case() -> None:
    feide = KEYRING.identifiers("feide_id")
    assert feide("Kari@Skole.example") == feide("kari@skole.example") != feide("ola@skole.example")
    assert KEYRING.identifiers("national_number")("x") != feide("x")


def test_the_verifier_knows_its_own_secret_and_no_other() -> None:
    assert KEYRING.verifies(KEYRING.verifier())
    assert not OTHER.verifies(KEYRING.verifier())
    assert not KEYRING.verifies("")


def test_ids_are_made_from_a_key_of_their_own() -> None:
    assert KEYRING.ids.person("ist", "1") == Keyring("a secret of the tests that is long enough").ids.person("ist", "1")
    assert KEYRING.ids.person("ist", "1") != OTHER.ids.person("ist", "1")


# -- seals ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_is_sealed_opens_again(content: bytes, place: bytes) -> None:
    assert KEYRING.open(DATA_KEY, KEYRING.seal(DATA_KEY, content, place), place) == content
    assert KEYRING.open_global(KEYRING.seal_global(content, place), place) == content


def test_a_wrapped_data_key_opens_with_the_secret_alone() -> None:
    wrapped = KEYRING.wrap(DATA_KEY)
    assert DATA_KEY not in wrapped
    assert KEYRING.unwrap(wrapped) == DATA_KEY
    with pytest.raises(StateBroken):
        OTHER.unwrap(wrapped)


def test_sealing_twice_gives_different_bytes() -> None:
    assert KEYRING.seal(DATA_KEY, b"Kari", b"p") != KEYRING.seal(DATA_KEY, b"Kari", b"p")


def test_a_seal_moved_to_another_row_does_not_open() -> None:
    sealed = KEYRING.seal(DATA_KEY, b"Kari", b"claim/1/2")
    with pytest.raises(StateBroken, match="moved from another row"):
        KEYRING.open(DATA_KEY, sealed, b"claim/1/3")


def test_one_persons_key_does_not_open_what_is_anothers() -> None:
    sealed = KEYRING.seal(DATA_KEY, b"Kari", b"p")
    with pytest.raises(StateBroken):
        KEYRING.open(KEYRING.new_data_key(), sealed, b"p")


def test_a_wrapped_key_is_no_group_name_and_the_other_way_round() -> None:
    with pytest.raises(StateBroken):
        KEYRING.open_global(KEYRING.wrap(DATA_KEY), b"group/1")


def test_a_seal_changed_or_cut_at_any_byte_does_not_open() -> None:
    sealed = KEYRING.seal_global(b"Nordskogen skole", b"p")
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        for damaged in (changed, sealed[:at]):
            with pytest.raises(StateBroken):
                KEYRING.open_global(damaged, b"p")


def test_a_row_sealed_under_a_later_secret_number_says_that_a_newer_version_wrote_it() -> None:
    sealed = KEYRING.seal_global(b"x", b"p")
    with pytest.raises(StateBroken, match="secret number that this version does not know"):
        KEYRING.open_global(b"\x02" + sealed[1:], b"p")
