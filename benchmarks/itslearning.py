"""What delivering to itslearning costs us: envelopes beside zeep's, and our own CPU for each thing that is delivered.

    pip install 'rostersync[bench]'
    python -m benchmarks.itslearning

The envelopes hold the same persons, groups and memberships, ten in each, and both are built in one process, turn by turn.
zeep reads the description of the services that is written out below: their real one is not public. The deliveries go to
the lab's double, which is a process of its own, so that what it costs is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from benchmarks.imses import wsdl
from rostersync.credentials import Secret
from rostersync.lab.doubles.itslearning import ItslearningDouble, Site
from rostersync.lab.doubles.server import Server
from rostersync.model import Change, Delivery, Group, Held, Life, Membership, Organisation, Placed, SchoolRole, User
from rostersync.targets.itslearning import Itslearning, Settings
from rostersync.targets.itslearning.bodies import PersonValues, membership, person
from rostersync.targets.itslearning.envelope import Envelopes, pairs

BATCH = 10
CLASSES = 12
"""Groups of each pupil, beside her school."""


def main() -> None:
    """Build, deliver, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pupils", type=int, default=1_000)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.serve:
        serve()
        return
    envelopes()
    deliveries(told.pupils)


# -- envelopes --------------------------------------------------------------------------------------------------------


def envelopes() -> None:
    """Ours and zeep's, of the same ten things."""
    try:
        zeep = Zeep()
    except ModuleNotFoundError:
        sys.exit("zeep is not here; it is in the extra `bench`: pip install 'rostersync[bench]'")
    ours = Envelopes("user", "password")
    people = [
        PersonValues(f"Åse {number}", "Lie & Lund", "Student", f"ase{number}@home.example", f"ase{number}",
                     (("CustomString1", f"0581089{number:04}"),), ("child-1", "child-2"))
        for number in range(BATCH)
    ]  # fmt: skip
    print(f"{'envelopes of ' + str(BATCH):<26}{'ours us':>10}{'zeep us':>10}{'ratio':>8}")
    _race(
        "createPersons",
        lambda: (
            ours.message(
                "person", "createPersons", pairs("person", [(f"p{n}", person(p)) for n, p in enumerate(people)])
            ).body
        ),
        lambda: zeep.persons(people),
    )
    _race(
        "createMemberships",
        lambda: (
            ours.message(
                "membership",
                "createMemberships",
                pairs("membership", [(f"m{n}", membership("g1", f"p{n}", "Learner", home=True)) for n in range(BATCH)]),
            ).body
        ),
        lambda: zeep.memberships(BATCH),
    )


def _race(name: str, ours: Callable[[], bytes], theirs: Callable[[], bytes]) -> None:
    assert _said(ours()) == _said(theirs()), "the two say different things"
    our, their = [], []
    for _ in range(5):
        our.append(_least(ours, 500))
        their.append(_least(theirs, 20))
    print(f"{name:<26}{min(our) * 1e6:>10.0f}{min(their) * 1e6:>10.0f}{min(their) / min(our):>8.0f}")


def _least(build: Callable[[], bytes], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        build()
    return (time.process_time() - began) / times


def _said(envelope: bytes) -> list[tuple[str, str]]:
    """The elements of a body with what they hold, in order."""
    from lxml import etree

    body = etree.fromstring(envelope).find("{*}Body")
    assert body is not None
    return [(str(one.tag), (one.text or "").strip()) for one in body.iter()]


class Zeep:
    """zeep with the description of two services, an account, and the values in its own terms."""

    def __init__(self) -> None:
        client = import_module("zeep").Client  # untyped
        token = import_module("zeep.wsse.username").UsernameToken
        with tempfile.TemporaryDirectory() as folder:
            wsdl.write(Path(folder))
            self._client: Any = client(str(Path(folder) / "ims.wsdl"), wsse=token("user", "password"))

    def _built(self, operation: str, told: dict[str, Any]) -> bytes:
        from lxml import etree

        header = {"header": {"messageIdentifier": "0123456789abcdef"}}
        built = self._client.create_message(self._client.service, operation, **told, _soapheaders=header)
        return etree.tostring(built, xml_declaration=True, encoding="utf-8")

    def persons(self, people: list[PersonValues]) -> bytes:
        """The envelope of createPersons."""
        pairs_ = [{"sourcedId": {"identifier": f"p{n}"}, "person": _person(one)} for n, one in enumerate(people)]
        return self._built("createPersons", {"personIdPairSet": {"personIdPair": pairs_}})

    def memberships(self, count: int) -> bytes:
        """The envelope of createMemberships."""
        field = {"fieldName": "HomeOrganisation", "fieldType": "bool", "fieldValue": "1"}
        role = {"roleType": "Learner", "status": "true", "extension": {"extensionField": [field]}}
        pairs_ = [
            {
                "sourcedId": {"identifier": f"m{n}"},
                "membership": {
                    "groupSourcedId": {"identifier": "g1"},
                    "member": {"memberSourcedId": {"identifier": f"p{n}"}, "idType": "Person", "role": [role]},
                },
            }
            for n in range(count)
        ]
        return self._built("createMemberships", {"membershipIdPairSet": {"membershipIdPair": pairs_}})


def _person(one: PersonValues) -> dict[str, Any]:
    nil = import_module("zeep.xsd").Nil
    names = [("First", one.first), ("Last", one.last)]
    return {
        "formatName": nil,
        "name": {"partName": [{"namePartType": kind, "namePartValue": text} for kind, text in names]},
        "email": one.email,
        "userId": {"userIdValue": one.login},
        "institutionRole": {"institutionRoleType": one.profile, "primaryRoleType": "true"},
        "extension": {
            "extensionField": [{"fieldName": n, "fieldType": "string", "fieldValue": v} for n, v in one.fields],
            "relationship": [{"relation": "Child", "sourceId": {"identifier": child}} for child in one.children],
        },
    }


# -- deliveries -------------------------------------------------------------------------------------------------------


def serve() -> None:
    """A double on loopback, until somebody ends it."""
    with Server(ItslearningDouble(Site("root"))) as server:
        print(server.url, flush=True)
        sys.stdin.read()


def deliveries(pupils: int) -> None:
    """A school with guardians, delivered from nothing; our own CPU for it."""
    command = [sys.executable, "-m", "benchmarks.itslearning", "--serve"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as double,
    ):
        assert double.stdout is not None
        secret = Path(folder) / "password"
        secret.write_text("of no use")
        secret.chmod(0o600)
        url = double.stdout.readline().strip()
        target = Itslearning(
            "lms", Settings(url=url, user="rostersync", root="root", password=Secret("file", str(secret), ""))
        )
        print(f"\n{'delivered':<26}{'things':>10}{'objects':>10}{'ms/thing':>10}{'ms/object':>11}{'s':>8}")
        for name, some, objects in (
            ("school and groups", list(_frame()), 14),
            ("guardians", list(_guardians(pupils)), 2 * pupils),
            ("pupils, 13 memberships", list(_pupils(pupils)), 14 * pupils),
            ("guardian links", list(_links(pupils)), 2 * pupils),
        ):
            _deliver(name, target, some, objects)
        target.close()
        double.communicate("")


def _deliver(name: str, target: Itslearning, some: list[Delivery], objects: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    told = list(target.deliver(some, lambda: iter(())))
    took, used = time.perf_counter() - began, time.process_time() - cpu
    assert all(one.delivered for one in told), next(one.reason for one in told if not one.delivered)
    per = used * 1000
    print(f"{name:<26}{len(some):>10,}{objects:>10,}{per / len(some):>10.2f}{per / objects:>11.3f}{took:>8.1f}")


SCHOOL = Organisation("school", "school", "Måne skole", "974589230")
GROUPS = tuple(Group(f"class{n}", "base_class", f"{n}A", f"Klasse {n}A", "school") for n in range(CLASSES))
NEAR = (Placed(SCHOOL), *map(Placed, GROUPS))


def _made(kind: Any, value: Held, phase: int, near: tuple[Placed, ...], before: Held | None = None) -> Delivery:
    change = Change("guardianship" if before else "person", "create", value.id, "measured")
    return Delivery(kind, value.id, phase, before, value, Life(), (change,), near=near)


def _frame() -> Iterator[Delivery]:
    yield _made("organisation", SCHOOL, 1, ())
    yield from (_made("group", one, 2, NEAR) for one in GROUPS)


def _pupil(number: int) -> User:
    return User(
        f"pupil{number:05}", f"p{number}", "school", "pupil", "Åse", "Lie", (("login", f"ase{number}"),),
        (SchoolRole("school", "pupil"),), True, tuple(Membership(one.id, "pupil") for one in GROUPS),
    )  # fmt: skip


def _guardian(number: int) -> User:
    schools = (SchoolRole("school", "guardian"),)
    email = (("email", f"kari{number}@home.example"),)
    return User(f"guardian{number:05}", f"g{number}", "guardian", "guardian", "Kari", "Lie", email, schools)


def _guardians(pupils: int) -> Iterator[Delivery]:
    yield from (_made("user", _guardian(number), 3, NEAR) for number in range(pupils))


def _pupils(pupils: int) -> Iterator[Delivery]:
    yield from (_made("user", _pupil(number), 3, NEAR) for number in range(pupils))


def _links(pupils: int) -> Iterator[Delivery]:
    for number in range(pupils):
        both = [_guardian((number + more) % pupils) for more in (0, 1)]
        linked = replace(_pupil(number), guardians=tuple(one.id for one in both))
        yield _made("user", linked, 4, (*NEAR, *map(Placed, both)), before=_pupil(number))


if __name__ == "__main__":
    main()
