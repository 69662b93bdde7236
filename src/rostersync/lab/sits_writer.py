"""Writes the rows of the school for adults as SITS exports them: XML of an exchange template, and delimited files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Final
from xml.sax.saxutils import escape

from rostersync.lab.adult_school import AdultSchool, Cells

LAST_LINE: Final = "SLUTT"
"""How the last line of a delimited file begins."""

_STUDENT: Final = {
    "elevkode": "STU_CODE.STU.SRS",
    "feide": "MUA_EXTU.MUA.MENSYS",
    "fnr": "STU_UDF2.STU.SRS",
    "tiltalsnavn": "STU_FUSD.STU.SRS",
    "fornavn": "STU_FNM1.STU.SRS",
    "etternavn": "STU_SURN.STU.SRS",
    "fodselsdato": "STU_DOB.STU.SRS",
}
_ENROLMENT: Final = {
    "skolekode": "SCE_FACC.SCE.SRS",
    "klasse": "SCE_CRSC.SCE.SRS",
    "skolear": "SCE_AYRC.SCE.SRS",
    "kontaktlarer": "SCE_UDF1.SCE.SRS",
    "status": "SCE_STAC.SCE.SRS",
    "start": "SCE_BEGD.SCE.SRS",
    "slutt": "SCE_ENDD.SCE.SRS",
}
_PERSONNEL: Final = {
    "ansattkode": "PRS_CODE.PRS.SRS",
    "feide": "PRS_EMAD.PRS.SRS",
    "fnr": "PRS_UDF2.PRS.SRS",
    "fornavn": "PRS_FNM1.PRS.SRS",
    "etternavn": "PRS_SURN.PRS.SRS",
    "fodselsdato": "PRS_DOB.PRS.SRS",
    "skolekode": "PRS_DPTC.PRS.SRS",
    "status": "PRS_STAT.PRS.SRS",
}
_MEMBER: Final = {
    "gruppekode": "MST_CODE.MST.SRS",
    "gruppenavn": "MEM_NAME.MEM.SRS",
    "personkode": "MEM_PERS.MEM.SRS",
    "fnr": "MEM_UDF2.MEM.SRS",
    "tilgang": "MEM_ACCS.MEM.SRS",
    "skolekode": "MEM_FACC.MEM.SRS",
    "skolenavn": "MEM_FACN.MEM.SRS",
    "skolear": "MEM_AYRC.MEM.SRS",
}


def xet(school: AdultSchool, encoding: str = "UTF-8") -> bytes:
    """The export in XET layout: one wrapper and one element for each entity, enrolments inside students."""
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<EXCHANGE>\n{"".join(_entities(school))}</EXCHANGE>\n'
    return text.encode(encoding)


def delimited(rows: Iterable[Cells], columns: Sequence[str]) -> bytes:
    """One table as a file with a header line and a last line that says how many rows there are."""
    written = StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([row.get(column, "") for column in columns])
        count += 1
    written.write(f"{LAST_LINE};{count}\r\n")
    return written.getvalue().encode()


def _entities(school: AdultSchool) -> Iterator[str]:
    for row in school.students:
        enrolment = f"<SCE><SCE.SRS>{_leaves(row, _ENROLMENT)}</SCE.SRS></SCE>"
        yield f"<STU><STU.SRS>{_leaves(row, _STUDENT)}{enrolment}</STU.SRS></STU>\n"
    for row in school.staff:
        yield f"<PRS><PRS.SRS>{_leaves(row, _PERSONNEL)}</PRS.SRS></PRS>\n"
    for row in school.groups:
        yield f"<MEM><MEM.SRS>{_leaves(row, _MEMBER)}</MEM.SRS></MEM>\n"


def _leaves(row: Cells, names: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(row.get(column, ''))}</{name}>" for column, name in names.items())
