"""One entry of a resource, with the few fields and relations that rostering needs; nothing else is even decoded.

Values are taken as they come: real entries break the model's promises (nulls for lists, numbers for texts), and what is
not as it should be counts as missing, so that the mapping can say what must not be.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

# ruff: noqa: N815 - FINT's own names


class Links(msgspec.Struct, gc=False, rename={"self_": "self"}):
    """The relations, each a list of `{"href": ...}`."""

    self_: Any = None
    person: Any = None
    elev: Any = None
    elevforhold: Any = None
    skole: Any = None
    kategori: Any = None
    klasse: Any = None
    basisgruppe: Any = None
    undervisningsgruppe: Any = None
    kontaktlarergruppe: Any = None
    undervisningsforhold: Any = None
    termin: Any = None
    skolear: Any = None
    skoleressurs: Any = None
    personalressurs: Any = None
    organisasjon: Any = None
    leder: Any = None
    foreldre: Any = None
    foreldreansvar: Any = None


class Entry(msgspec.Struct, gc=False, rename={"links": "_links"}):
    """The fields. Their meaning: FINT's information model, https://informasjonsmodell.felleskomponent.no."""

    systemId: Any = None
    fodselsnummer: Any = None
    navn: Any = None
    fodselsdato: Any = None
    kontaktinformasjon: Any = None
    elevnummer: Any = None
    feidenavn: Any = None
    brukernavn: Any = None
    gjest: Any = None
    gyldighetsperiode: Any = None
    avbruddsdato: Any = None
    hovedskole: Any = None
    beskrivelse: Any = None
    periode: Any = None
    kode: Any = None
    organisasjonsnummer: Any = None
    skolenummer: Any = None
    ansattnummer: Any = None
    links: Links = msgspec.field(default_factory=Links)


_decoder: Final = msgspec.json.Decoder(Entry)
_anything: Final = msgspec.json.Decoder()


def entry_of(raw: bytes) -> Entry:
    """Read an entry.

    Raises:
        msgspec.DecodeError: it is no JSON. The text tells a position only.
    """
    try:
        return _decoder.decode(raw)
    except msgspec.ValidationError:
        # no object at all, or its relations are none
        found = _anything.decode(raw)
        if not isinstance(found, dict):
            return Entry()
        links = found.pop("_links", None)
        known = links if isinstance(links, dict) else {}
        return msgspec.convert({**found, "_links": known}, Entry)


def text(value: Any) -> str:
    """A text, tidied at its ends; an identifier's value; "ja" or "nei" for a switch; empty for anything else."""
    if isinstance(value, dict):
        value = value.get("identifikatorverdi")
    if isinstance(value, bool):
        return "ja" if value else "nei"
    return str(value).strip() if isinstance(value, str | int) else ""


def inner(value: Any, name: str) -> str:
    """A text inside a composite value, such as `navn.fornavn`."""
    return text(value.get(name)) if isinstance(value, dict) else ""
