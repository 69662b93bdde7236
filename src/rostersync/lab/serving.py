"""Starts the synthetic municipality as real servers on loopback, one for each service, with the faults that are asked for."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal, NamedTuple

from rostersync.errors import Usage
from rostersync.lab import slapd
from rostersync.lab.doubles.certificates import Authority
from rostersync.lab.doubles.faults import SERVER_FAULTS
from rostersync.lab.doubles.server import Server
from rostersync.lab.ldif import write_ldif
from rostersync.lab.services import LMS, SERVICES, Service
from rostersync.lab.world import World

DIRECTORY: Final = "feide"
DIRECTORY_TITLE: Final = "the Feide directory, a real OpenLDAP"
_ANY_FAULTS: Final = {**SERVER_FAULTS, "tls": "its certificate has expired"}
_DIRECTORY_FAULTS: Final = {"down": "nobody answers"}

Part = Literal["source", "target"]


class Switch(NamedTuple):
    """A fault to begin with: of which service, which, and how often (0 = until the end)."""

    service: str
    fault: str
    times: int = 0


class Served(NamedTuple):
    """A service that runs, or should: `url` is its address; `part` is what it is in the config."""

    name: str
    type: str
    title: str
    url: str
    faults: tuple[str, ...]
    part: Part = "source"


def faults_of() -> Mapping[str, Mapping[str, str]]:
    """Service -> fault -> what it does."""
    doubles = {one.name: {**_ANY_FAULTS, **one.faults} for one in (*SERVICES, LMS)}
    return doubles | {DIRECTORY: _DIRECTORY_FAULTS}


def switches(texts: Sequence[str]) -> list[Switch]:
    """Read faults as they are typed: SERVICE:FAULT, or SERVICE:FAULT:TIMES.

    Raises:
        Usage: with every one that cannot be had, and the nearest right name.
    """
    known, problems, found = faults_of(), [], []
    for text in texts:
        service, _, rest = text.partition(":")
        fault, _, times = rest.partition(":")
        if service not in known:
            problems.append(f'there is no service "{service}"{_near(service, known)}')
        elif fault not in known[service]:
            problems.append(f'{service} knows no fault "{fault}"{_near(fault, known[service])}')
        elif times and (fault not in SERVER_FAULTS or not times.isdecimal() or not int(times)):
            countable = fault in SERVER_FAULTS
            wrong = (
                f'"{times}" is no number of times'
                if countable
                else f'"{fault}" cannot be counted: leave out ":{times}"'
            )
            problems.append(f"{text}: {wrong}")
        else:
            found.append(Switch(service, fault, int(times or 0)))
    if problems:
        raise Usage(problems)
    return found


@contextmanager
def serving(
    world: World,
    folder: Path,
    now: datetime,
    *,
    program: Path | None,
    port_base: int = 0,
    faults: Sequence[Switch] = (),
) -> Iterator[list[Served]]:
    """Run every service until the end of the block; gives them in the order of their ports, from `port_base` on.

    `folder` takes what they need and what one may want to look at; `now` is the moment that certificates go by. Without
    slapd's `program` there is no directory, only its LDIF.

    Raises:
        Usage: a port is taken.
    """
    authority = Authority(folder, now)
    with ExitStack() as stack:
        services = (*SERVICES, LMS)
        ports = [port_base + place if port_base else 0 for place in range(len(services) + 1)]
        served = [
            _start(stack, service, world, folder, port, faults, authority)
            for service, port in zip(services, ports, strict=False)
        ]
        ldif = folder / "feide.ldif"
        write_ldif(ldif, world, entry_ids=True)
        if program is not None:
            served.append(_start_directory(stack, program, ldif, ports[-1], faults))
        yield served


def _start(
    stack: ExitStack,
    service: Service,
    world: World,
    folder: Path,
    port: int,
    faults: Sequence[Switch],
    authority: Authority,
) -> Served:
    double = service.make(world, folder, stack)
    mine = [one for one in faults if one.service == service.name]
    tls = authority.tls(ended=True) if any(one.fault == "tls" for one in mine) else None
    try:
        server = Server(double, port=port, tls=tls, faults=double.faults)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise Usage([f"port {port}, for {service.name}, is taken: choose another --port-base"]) from None
    stack.enter_context(server)
    for one in mine:
        if one.fault != "tls":
            double.faults.switch(one.fault, one.times or -1)
    part: Part = "target" if service is LMS else "source"
    return Served(service.name, service.type, service.title, server.url, tuple(one.fault for one in mine), part)


def _start_directory(stack: ExitStack, program: Path, ldif: Path, port: int, faults: Sequence[Switch]) -> Served:
    mine = tuple(one.fault for one in faults if one.service == DIRECTORY)
    if mine:
        url = f"ldap://127.0.0.1:{port or slapd.free_port()}"
    else:
        url = stack.enter_context(slapd.Slapd(program, ldif, port=port)).url
    return Served(DIRECTORY, "feide", DIRECTORY_TITLE, url, mine)


def _near(word: str, right: Mapping[str, object]) -> str:
    near = get_close_matches(word, right, n=1, cutoff=0.5)
    return f' (did you mean "{near[0]}"?)' if near else f"; there is: {', '.join(right)}"
