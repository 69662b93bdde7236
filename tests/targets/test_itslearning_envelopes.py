"""Envelopes: well-formed whatever is put into them, and in the order and namespaces that the schema asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.itslearning.shapes import COMMON, HEADER, MESSAGES, REQUESTS, VALUES, Shape, misfit
from rostersync.lab.doubles.server import Asked, Told
from rostersync.targets.itslearning.bodies import GroupValues, PersonValues, group, membership, person
from rostersync.targets.itslearning.envelope import Envelopes, Message, identifiers, pairs
from rostersync.targets.itslearning.words import Service, action

FULL = PersonValues(
    "Åse", "Lie & Lund", "Carer", "a@home.example", "ase", (("CustomString1", "05810890051"),), ("child-1", "child-2")
)
ENVELOPES = Envelopes("user", "pass<word")
REQUESTS_OF_OURS: dict[str, tuple[Service, str]] = {
    "createPersons": (
        "person",
        pairs("person", [("p1", person(FULL)), ("p2", person(PersonValues("A", "B", "Staff")))]),
    ),
    "replacePersons": ("person", pairs("person", [("p1", person(FULL))])),
    "deletePersons": ("person", identifiers(["p1", "p2"])),
    "readPersons": ("person", identifiers(["p1"])),
    "createGroups": (
        "group",
        pairs(
            "group",
            [
                ("g1", group(GroupValues("N" * 70, "root", "School", 1, (("LegalId", "974589230"),)))),
                ("g2", group(GroupValues("Norsk", "g1", "", 0, (("course", "Norsk"),)))),
            ],
        ),
    ),
    "deleteGroups": ("group", identifiers(["g1"])),
    "createMemberships": (
        "membership",
        pairs(
            "membership",
            [("m1", membership("g1", "p1", "Learner", home=True)), ("m2", membership("g2", "p1", "Mentor"))],
        ),
    ),
    "deleteMemberships": ("membership", identifiers(["m1"])),
}
SYSTEM = {"person": "pms", "group": "gms", "membership": "mms", "extended": "pms"}


def body(message: Message) -> etree._Element:
    (request,) = etree.fromstring(message.body).find("{*}Body")
    return request


def ask(double: ItslearningDouble, service: Service, operation: str, envelope: bytes) -> Told:
    headers = {"soapaction": f'"{action(service, operation)}"'}
    return double.answer(Asked("POST", "/", (), headers, envelope))


@pytest.mark.parametrize("operation", REQUESTS_OF_OURS)
def test_every_request_fits_the_schema(operation: str) -> None:
    service, inside = REQUESTS_OF_OURS[operation]
    request = body(ENVELOPES.message(service, operation, inside))
    system = SYSTEM[service]
    assert request.tag == f"{{{MESSAGES[system]}}}{operation}Request"
    assert misfit(request, Shape(request.tag, REQUESTS[system, operation])) == ""


def test_a_person_is_told_in_the_order_of_the_schema_and_in_its_namespaces() -> None:
    request = body(ENVELOPES.message("person", "createPersons", pairs("person", [("p1", person(FULL))])))
    told = request.find("{*}personIdPairSet/{*}personIdPair/{*}person")
    v = VALUES["pms"]
    assert [child.tag for child in told] == [
        f"{{{v}}}formatName",
        f"{{{v}}}name",
        f"{{{COMMON}}}email",
        f"{{{v}}}userId",
        f"{{{v}}}institutionRole",
        f"{{{v}}}extension",
    ]
    assert [child.tag for child in told[-1]] == [f"{{{COMMON}}}extensionField"] + [f"{{{COMMON}}}relationship"] * 2
    assert told[0].get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"


def test_every_child_has_a_link_of_its_own() -> None:
    told = body(ENVELOPES.message("person", "createPersons", pairs("person", [("p1", person(FULL))])))
    assert [one.text for one in told.iterfind(".//{*}sourceId/{*}identifier")] == ["child-1", "child-2"]


def test_what_nobody_has_is_not_sent_empty() -> None:
    told = body(
        ENVELOPES.message("person", "createPersons", pairs("person", [("p", person(PersonValues("A", "B", "C")))]))
    )
    assert [one.tag for one in told.iter() if one.text is None and not len(one)] == [f"{{{VALUES['pms']}}}formatName"]


def test_a_title_that_is_too_long_is_cut_and_told_whole_in_the_long_description() -> None:
    told = etree.fromstring(
        ENVELOPES.message(
            "group", "createGroups", pairs("group", [("g", group(GroupValues("ø" * 70, "r", "School", 1)))])
        ).body
    )
    assert [len(told.findtext(f".//{{*}}{name}")) for name in ("descShort", "descLong")] == [64, 70]


def test_the_header_names_the_request_and_proves_who_we_are() -> None:
    message = ENVELOPES.message("person", "deletePersons", identifiers(["p1"]))
    root = etree.fromstring(message.body)
    assert root.findtext(f".//{{{HEADER}}}messageIdentifier") == message.name
    assert root.findtext(".//{*}UsernameToken/{*}Username") == "user"
    password = root.find(".//{*}UsernameToken/{*}Password")
    assert (password.text, password.get("Type").rpartition("#")[2]) == ("pass<word", "PasswordText")


def test_the_same_request_has_the_same_name_and_another_another() -> None:
    names = {ENVELOPES.message("person", "deletePersons", identifiers([key])).name for key in ("p1", "p1", "p2")}
    assert len(names) == 2


TEXT = st.text(st.characters(codec="utf-8"), max_size=60) | st.text(max_size=60)


def without_what_no_xml_holds(text: str) -> str:
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


@given(first=TEXT, email=TEXT, key=TEXT, value=TEXT)
def test_whatever_a_value_holds_it_arrives_as_it_is(first: str, email: str, key: str, value: str) -> None:
    values = PersonValues(first, "Lie", "Student", email, fields=(("CustomString1", value),), children=(key,))
    request = body(ENVELOPES.message("person", "createPersons", pairs("person", [(key, person(values))])))
    found = [
        request.findtext(".//{*}sourcedId/{*}identifier"),
        request.findtext(".//{*}namePartValue"),
        request.findtext(".//{*}email"),
        request.findtext(".//{*}fieldValue"),
        request.findtext(".//{*}sourceId/{*}identifier"),
    ]
    assert found == [without_what_no_xml_holds(text) for text in (key, first[:64], email, value, key)]


# -- the double insists on it -------------------------------------------------------------------------------------------

GOOD = REQUESTS_OF_OURS["createPersons"]


def refused(old: str, new: str, operation: str = "createPersons") -> str:
    service, inside = REQUESTS_OF_OURS[operation]
    envelope = Envelopes("rostersync", "of no use").message(service, operation, inside).body.decode()
    assert old in envelope
    told = ask(ItslearningDouble(Site()), service, operation, envelope.replace(old, new).encode())
    assert told.status == 500
    return (
        etree.fromstring(told.body).findtext(".//faultcode")
        + ": "
        + etree.fromstring(told.body).findtext(".//faultstring")
    )


def test_the_double_takes_what_is_right() -> None:
    service, inside = GOOD
    told = ask(
        ItslearningDouble(Site()),
        service,
        "createPersons",
        Envelopes("rostersync", "of no use").message(*("person", "createPersons", inside)).body,
    )
    assert told.status == 200


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<c:email>a@home.example</c:email><v:userId>", "<v:userId>", "stands too late"),
        ("<c:email>a@home.example</c:email>", "<v:email>a@home.example</v:email>", "unexpected element"),
        ('<v:formatName i:nil="true"/>', "", "formatName is missing"),
        ("imsPersonManMessSchema_v1p0", "imsPersonManMessSchema_v1p1", "ActionNotSupported"),
        ("<w:Username>rostersync<", "<w:Username>another<", "FailedAuthentication"),
        ("<w:UsernameToken>", "<w:UsernameTokens>", "could not be read"),
        ("wssecurity-secext", "wssecurity-other", "InvalidSecurity"),
        ("<v:primaryRoleType>true</v:primaryRoleType>", "", "primaryRoleType is missing"),
    ],
)
def test_the_double_refuses_what_a_real_site_would(old: str, new: str, why: str) -> None:
    late = old.replace("<v:userId>", "")
    if why == "stands too late":
        new = f"<v:userId><c:userIdValue>ase</c:userIdValue></v:userId>{late}<v:institutionRole>"
        old = f"{late}<v:userId><c:userIdValue>ase</c:userIdValue></v:userId><v:institutionRole>"
    assert why in refused(old, new)


def test_the_double_refuses_more_than_fifty_at_a_time() -> None:
    envelope = Envelopes("rostersync", "of no use").message("person", "deletePersons", identifiers(map(str, range(51))))
    told = ask(ItslearningDouble(Site()), "person", "deletePersons", envelope.body)
    assert (told.status, b"No more than 50" in told.body) == (500, True)


def test_a_request_without_its_action_is_refused(tmp_path: Path) -> None:
    envelope = Envelopes("rostersync", "of no use").message("person", "deletePersons", identifiers(["p"]))
    told = ItslearningDouble(Site()).answer(Asked("POST", "/", (), {}, envelope.body))
    assert b"ActionNotSupported" in told.body
