"""Answers: read by position, and never further than they go."""

from __future__ import annotations

import pytest

from rostersync.targets.itslearning.answers import Answer, Fault, NoAnswer, Status, persons, read
from rostersync.targets.itslearning.refusals import quoted, reason
from rostersync.targets.itslearning.words import HEADER, SOAP

INFO = "<h:statusInfo><h:codeMajor>{}</h:codeMajor><h:severity>{}</h:severity>{}</h:statusInfo>"


def envelope(header: str, body: str = "") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Header><w:Security xmlns:w="urn:w" s:mustUnderstand="1"/>'
        f'<h:syncResponseHeaderInfo xmlns:h="{HEADER}">{header}</h:syncResponseHeaderInfo></s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def answered(header: str) -> Answer:
    answer = read(envelope(header))
    assert isinstance(answer, Answer)
    return answer


def test_statuses_stand_in_the_order_of_what_was_asked() -> None:
    words = "<h:description><h:language>en</h:language><h:text>It is gone.</h:text></h:description>"
    statuses = INFO.format("success", "status", "") + INFO.format("failure", "error", words)
    answer = answered(f"<h:messageIdentifier>m1</h:messageIdentifier><h:statusInfoSet>{statuses}</h:statusInfoSet>")
    assert answer.name == "m1"
    assert answer.statuses == (Status("success"), Status("failure", "error", text="It is gone."))


def test_one_status_for_one_thing() -> None:
    assert answered(INFO.format("success", "warning", "")).statuses == (Status("success", "warning"),)


def test_codes_are_kept_however_many_there_are() -> None:
    field = "<h:codeMinorField><h:codeMinorName>n</h:codeMinorName><h:codeMinorValue>{}</h:codeMinorValue></h:codeMinorField>"
    (status,) = answered(
        INFO.format("failure", "error", f"<h:codeMinor>{field.format('one')}{field.format('two')}</h:codeMinor>")
    ).statuses
    assert status.minor == "one two"


@pytest.mark.parametrize(("major", "severity", "good", "warned"), [
    ("success", "status", True, False),
    ("Success", "Warning", True, True),
    ("failure", "error", False, False),
    ("processing", "status", False, False),
    ("", "status", False, False),
])  # fmt: skip
def test_a_warning_is_a_success_and_nothing_else_is(major: str, severity: str, good: bool, warned: bool) -> None:
    status = Status(major, severity)
    assert (status.good, status.warned) == (good, warned)


def test_a_fault_is_known_by_its_code() -> None:
    body = "<s:Fault><faultcode>wsse:FailedAuthentication</faultcode><faultstring>no</faultstring></s:Fault>"
    fault = read(f'<s:Envelope xmlns:s="{SOAP}"><s:Body>{body}</s:Body></s:Envelope>'.encode())
    assert isinstance(fault, Fault)
    assert (fault.code, fault.credentials, fault.ours) == ("FailedAuthentication", True, False)
    assert Fault("Client.Odd").ours


DOCTYPE = b'<!DOCTYPE e [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (b"<!doctype html><html><title>Logg inn</title>", "page of HTML"),
        (b"<html><body>Logg inn</body></html>", "no SOAP"),
        (b"", "no XML"),
        (b"not found", "no XML"),
        (envelope("")[:-20], "no XML"),
        (DOCTYPE + b"<e>&b;&x;</e>", "DOCTYPE"),
        (DOCTYPE + envelope(INFO.format("&x;", "", "")), "DOCTYPE"),
        (f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode(), "no status"),
        (b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>', "no SOAP 1.1"),
    ],
)
def test_what_is_no_answer_is_told_so(told: bytes, why: str) -> None:
    with pytest.raises(NoAnswer, match=why):
        read(told)


def test_persons_without_a_key_are_read_too() -> None:
    from rostersync.targets.itslearning.words import PERSON, PERSON_VALUES

    inside = f'<m:set xmlns:m="{PERSON}" xmlns:v="{PERSON_VALUES}"><m:personIdPair><m:sourcedId/><m:person/></m:personIdPair></m:set>'
    answer = read(envelope(INFO.format("success", "status", ""), inside))
    assert isinstance(answer, Answer)
    assert [one.key for one in persons(answer.document)] == [""]


# -- what is said of a refusal --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The user name 'kari.lund' is already in use.", "the login is taken"),
        ("An e-mail address is required for this profile.", "asks for an e-mail address"),
        ("Parent portal is not enabled.", "parent portal is off"),
        ("The parent hierarchy does not exist.", "may be in its trash"),
        ("The member does not exist.", "resync brings it back"),
        ("Something odd about Kari Lund (05810890051)", "the LMS refused it"),
    ],
)
def test_a_refusal_says_what_to_do_and_names_nobody(text: str, sentence: str) -> None:
    told = reason(Status("failure", "error", text=text))
    assert sentence in told
    assert not any(personal in told for personal in ("kari", "Kari", "Lund", "05810890051"))


@pytest.mark.parametrize(
    "text", ["kari.lund@home.example failed", "«Kari Lund» er i bruk", "bruker KARI_1 finnes", "Åse mangler"]
)
def test_no_name_number_or_address_of_anybody_is_quoted(text: str) -> None:
    told = quoted(Status("failure", text=text)).lower()
    assert not any(personal in told for personal in ("kari", "lund", "åse", "@"))


def test_words_of_the_lms_that_are_about_nobody_are_kept() -> None:
    assert quoted(Status("failure", "error", "quota", "out of room")) == "failure (quota out of room)"
    assert quoted(Status("")) == "nothing"
