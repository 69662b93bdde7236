"""What travels between the steps: frozen, typed values with no behaviour beyond equality.

Three families, in the order a run meets them:

* what a source says: `Record` (flat text), then claims (`PersonClaim`, `GroupClaim`, `MembershipClaim`);
* what we know of a human: `Card`, with the facts of her groups and neighbours;
* what an LMS should hold: `Organisation`, `Group`, `User`, and the `Change`s that lead there.

Ids are 32 hexadecimal digits (128 bits, see ids.py) and opaque. Dates are school dates in the sync's zone; ends are
inclusive. Empty text means "no value".
"""

from rostersync.model.cards import (
    Card,
    Consent,
    ContactFact,
    Grant,
    GroupFact,
    Local,
    OwnClaim,
    RoleModel,
    Samlegruppe,
    School,
    TieFact,
)
from rostersync.model.changes import Change, Delivery, Desired, Draft, Gone, Known, Life, Outcome, Placed, Question
from rostersync.model.held import Group, Held, Membership, Organisation, SchoolRole, User
from rostersync.model.observed import Aspect, Finding, Observed, What
from rostersync.model.said import (
    Claim,
    Contact,
    GroupClaim,
    MembershipClaim,
    PersonClaim,
    Record,
    Rejected,
    Skipped,
    Tie,
)
from rostersync.model.vocabulary import (
    LOCAL_NUMBERS,
    PERSON_FIELDS,
    ROLES,
    Action,
    ClaimKind,
    Face,
    Kind,
    LifeState,
    ObjectKind,
    RecordKind,
    Role,
    Trouble,
    Wanted,
)
from rostersync.model.wording import Told, Wording, Wordings

__all__ = [
    "LOCAL_NUMBERS",
    "PERSON_FIELDS",
    "ROLES",
    "Action",
    "Aspect",
    "Card",
    "Change",
    "Claim",
    "ClaimKind",
    "Consent",
    "Contact",
    "ContactFact",
    "Delivery",
    "Desired",
    "Draft",
    "Face",
    "Finding",
    "Gone",
    "Grant",
    "Group",
    "GroupClaim",
    "GroupFact",
    "Held",
    "Kind",
    "Known",
    "Life",
    "LifeState",
    "Local",
    "Membership",
    "MembershipClaim",
    "ObjectKind",
    "Observed",
    "Organisation",
    "Outcome",
    "OwnClaim",
    "PersonClaim",
    "Placed",
    "Question",
    "Record",
    "RecordKind",
    "Rejected",
    "Role",
    "RoleModel",
    "Samlegruppe",
    "School",
    "SchoolRole",
    "Skipped",
    "Tie",
    "TieFact",
    "Told",
    "Trouble",
    "User",
    "Wanted",
    "What",
    "Wording",
    "Wordings",
]
