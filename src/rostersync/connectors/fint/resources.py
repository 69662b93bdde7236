"""The resources of FINT that make a roster, in both of its models, and what a plan of reading needs to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from msgspec import Struct

Model = Literal["3", "4"]


class Resource(Struct, frozen=True):
    """One resource. `name` is the shelf it is filed on; `former` its path in model 3 where that differs.

    `optional` ones may be withheld altogether, at the cost that `without` tells. A `spare` one makes up nobody, so that its
    being empty or smaller is no sign of anything.
    """

    name: str
    path: str
    former: str = ""
    optional: bool = False
    spare: bool = False
    without: str = "staff have no names from it"

    def at(self, model: Model) -> str:
        """Its path in a model."""
        return self.former if model == "3" and self.former else self.path


GROUPS: Final = ("klasse", "undervisningsgruppe", "kontaktlarergruppe")
"""The groups that are read. FINT's faggruppe has no teachers: what Oslo calls faggruppe is the undervisningsgruppe."""

RELATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "klasse": ("klasse", "basisgruppe"),
    "undervisningsgruppe": ("undervisningsgruppe",),
    "kontaktlarergruppe": ("kontaktlarergruppe",),
}
"""Group -> the names that relations to it have in either model."""

RESOURCES: Final = (
    Resource("skole", "utdanning/utdanningsprogram/skole"),
    Resource("person", "utdanning/elev/person"),
    Resource("elev", "utdanning/elev/elev"),
    Resource("elevforhold", "utdanning/elev/elevforhold"),
    Resource("elevkategori", "utdanning/kodeverk/elevkategori"),
    Resource("termin", "utdanning/kodeverk/termin"),
    Resource("skolear", "utdanning/kodeverk/skolear"),
    Resource("klasse", "utdanning/elev/klasse", "utdanning/elev/basisgruppe"),
    Resource("klassemedlemskap", "utdanning/elev/klassemedlemskap", "utdanning/elev/basisgruppemedlemskap"),
    Resource("undervisningsgruppe", "utdanning/timeplan/undervisningsgruppe"),
    Resource("undervisningsgruppemedlemskap", "utdanning/timeplan/undervisningsgruppemedlemskap"),
    Resource("kontaktlarergruppe", "utdanning/elev/kontaktlarergruppe"),
    Resource("kontaktlarergruppemedlemskap", "utdanning/elev/kontaktlarergruppemedlemskap"),
    Resource("undervisningsforhold", "utdanning/elev/undervisningsforhold"),
    Resource("skoleressurs", "utdanning/elev/skoleressurs"),
    Resource("personalressurs", "administrasjon/personal/personalressurs", optional=True),
    Resource("ansatt", "administrasjon/personal/person", optional=True),
    Resource(
        "organisasjonselement",
        "administrasjon/organisasjon/organisasjonselement",
        optional=True,
        spare=True,
        without="nobody is known as a school's leader",
    ),
)

BY_NAME: Final[Mapping[str, Resource]] = {one.name: one for one in RESOURCES}


def counts(name: str) -> bool:
    """Whether a resource's being empty, or smaller than before, tells that FINT is not well."""
    return not BY_NAME[name].spare


class Section(Struct, frozen=True):
    """A part of a snapshot that is read whole or not at all. What is read for it is all that its records are `made_of`.

    `beside` are resources that only help to resolve links: a change in them alone is left to the next full read.
    """

    made_of: frozenset[str]
    beside: frozenset[str] = frozenset()


_TIES: Final = frozenset({"elevforhold", "elevkategori", "skole", "undervisningsforhold", "skoleressurs"})

SECTIONS: Final[Mapping[str, Section]] = {
    "pupils": Section(frozenset({"person", "elev"})),
    "staff": Section(frozenset({"skoleressurs", "personalressurs", "ansatt"}), frozenset({"person"})),
    "schools": Section(_TIES, frozenset({"elev"})),
    **{
        group: Section(frozenset({group, f"{group}medlemskap", "termin", "skolear"}) | _TIES, frozenset({"elev"}))
        for group in GROUPS
    },
}
