"""Says in sentences what is wrong with a directory that can be signed in to."""

from __future__ import annotations

from itertools import islice

from rostersync.connectors.feide.fields import ID_ATTRIBUTES
from rostersync.connectors.feide.paging import pages
from rostersync.connectors.feide.session import Session
from rostersync.connectors.feide.settings import Settings

_LOOKED_AT = 50
_EXPECTED = ("eduPersonPrincipalName", "norEduPersonNIN")


def survey(session: Session, settings: Settings) -> list[str]:
    """What an administrator has to mend; empty when all is well. Looks at a few entries only."""
    base = session.base(settings.base)
    attributes = (*_EXPECTED, *ID_ATTRIBUTES)
    size = min(_LOOKED_AT, settings.page_size)
    first = islice(pages(session, base, settings.filter, attributes, size), size)
    looked = [{name.lower() for name in found} for _, found in first]
    if not looked:
        return [
            f"{settings.url}: no entry below {base} fits the filter; correct base or filter, or the account's rights"
        ]
    seen: set[str] = set().union(*looked)
    wrong = [
        f"{settings.url}: none of the first {len(looked)} entries shows {name}; give the account the right to read it"
        for name in _EXPECTED
        if name.lower() not in seen
    ]
    if not any(name.lower() in seen for name in ID_ATTRIBUTES):
        wrong.append(f"{settings.url}: no entry shows any of {', '.join(ID_ATTRIBUTES)}; give the account the right")
    return wrong
