"""The IMS Enterprise target: the contract in both modes and both vocabularies, and what stands in its files."""

from __future__ import annotations

import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree
from msgspec.structs import replace

from rostersync.connectors import KeyedDigest, Snapshot
from rostersync.connectors.pifu.reader import PifuReading
from rostersync.connectors.pifu.records import every_field
from rostersync.connectors.pifu.settings import ReadingSettings
from rostersync.errors import NotOurs, TargetUnavailable, UserMistake
from rostersync.model import Delivery, Group, Membership, Record, SchoolRole, User
from rostersync.targets import Target, make, settings_type, types
from rostersync.targets.ims_enterprise import ImsEnterprise, Settings
from tests.targets.contract import (
    CLASS,
    EVERYBODY,
    GUARDIAN,
    LINKED,
    OWNER,
    PUPIL,
    SCHOOL,
    SCHOOL_OPENS,
    SUSPENDED,
    TEACHER,
    Seen,
    SeenUser,
    TargetContract,
    made,
    moved,
    no_room,
    removed,
    roster_of,
    with_near,
)
from tests.targets.ims_file import Site, imported, problems

NOW = datetime(2026, 11, 22, 4, 30, tzinfo=UTC)


class TestFull(TargetContract):
    def make(self, place: Path) -> Target:
        return make("ims_enterprise", "lms", Settings(directory=str(place)))

    def seen(self, target: Target, place: Path) -> Seen:
        site = imported(sorted(place.glob("*.xml")))
        schools = {
            key for key, (_, type_, _) in site.groups.items() if type_ in ("Site", "School", "skole", "skoleeier")
        }
        users = {
            key: SeenUser(
                person.enabled, person.given, frozenset(set(site.groups_of(key)) - schools), _agents(site, key)
            )
            for key, person in site.persons.items()
        }
        return Seen(frozenset(schools), frozenset(site.groups.keys() - schools), users)


class TestFullInPifuWords(TestFull):
    def make(self, place: Path) -> Target:
        return make("ims_enterprise", "lms", Settings(directory=str(place), words="pifu"))


class TestDelta(TestFull):
    def make(self, place: Path) -> Target:
        return make("ims_enterprise", "lms", Settings(directory=str(place), mode="delta"))

    def test_existing_users_are_listed_with_what_recognises_them(self, target: Target) -> None:
        """What an importer has taken is gone from the folder, so nothing is read back."""
        self.deliver(target, *EVERYBODY)
        assert list(target.existing()) == []


def _agents(site: Site, key: str) -> frozenset[str]:
    wards = {ward for ward, person in site.persons.items() if key in person.guardians and person.enabled}
    return site.persons[key].guardians | wards


def target(place: Path, *, now: Callable[[], datetime] = lambda: NOW, **more: object) -> ImsEnterprise:
    return ImsEnterprise("lms", Settings(directory=str(place), **more), now=now)  # type: ignore[arg-type]


def full(place: Path, *values: User | Group, **more: object) -> etree._Element:
    """The full file with the small school and these."""
    deliveries = [*SCHOOL_OPENS, *(made(value) for value in values)]
    list(target(place, **more).deliver(deliveries, roster_of(deliveries)))
    return etree.parse(place / "IMS-EnterpriseData.xml").getroot()


def delta(
    place: Path, *deliveries: Delivery, after: tuple[Delivery, ...] = EVERYBODY, **more: object
) -> etree._Element:
    """The delta file of these deliveries, to an LMS that holds what came before."""
    roster = roster_of((*after, *deliveries))
    list(target(place, mode="delta", **more).deliver(with_near(deliveries, roster), roster))
    (path,) = place.glob("*.xml")
    return etree.parse(path).getroot()


def person(root: etree._Element, key: str) -> etree._Element:
    return next(one for one in root.iter("person") if one.findtext("sourcedid/id") == key)


def test_it_is_found_by_its_type() -> None:
    assert "ims_enterprise" in types()
    assert settings_type("ims_enterprise") is Settings


# -- what stands in a file --------------------------------------------------------------------------------------------


def test_the_schema_has_nothing_to_say_against_either_kind_of_file(tmp_path: Path, standards: Path) -> None:
    schema = etree.XMLSchema(_without_namespace(standards / "pifu" / "ims-enterprise-1.1" / "ims_epv1p1.xsd"))
    rich = replace(LINKED, fields=tuple((name, "x") for name in ("birth_date", "email", "feide_id", "login", "mobile")))
    ended = moved(LINKED, SUSPENDED, phase=5)
    for root in (
        full(tmp_path / "full", GUARDIAN, rich, SUSPENDED_SISTER, TEACHER, profile_guardian="Other"),
        delta(tmp_path / "delta", made(rich), ended, removed(TEACHER), removed(CLASS), profile_guardian="Other"),
    ):
        etree.strip_elements(root, "extension")  # holds what is not in the schema, by its nature
        assert schema.validate(root), schema.error_log


def _without_namespace(path: Path) -> etree._ElementTree:
    """The public schema is a conversion with a namespace that nobody writes."""
    text = path.read_text(encoding="utf-8-sig")
    for name in ('targetNamespace="http://tempuri.org/ims_epv1p1"', 'xmlns="http://tempuri.org/ims_epv1p1"'):
        text = text.replace(name, "")
    return etree.ElementTree(etree.fromstring(text.encode()))


SUSPENDED_SISTER = replace(SUSPENDED, id="sister", person="p-9")


def test_elements_stand_in_the_order_of_the_binding(tmp_path: Path) -> None:
    fields = (("birth_date", "2012-04-01"), ("email", "a@b.example"), ("login", "ase"), ("mobile", "+4799999999"))
    root = full(tmp_path, GUARDIAN, replace(LINKED, fields=fields), TEACHER)
    assert not problems(root)
    assert [child.tag for child in person(root, "pupil")] == (
        ["sourcedid", "userid", "name", "demographics", "email", "tel", "institutionrole", "extension"]
    )


def test_the_header_says_what_it_is_and_when_it_was_made(tmp_path: Path) -> None:
    properties = full(tmp_path, datasource="oslo.example").find("properties")
    assert properties is not None
    assert [(child.tag, child.text) for child in properties] == (
        [("datasource", "oslo.example"), ("type", "full"), ("datetime", "2026-11-22T04:30:00")]
    )


def test_names_with_marks_of_xml_and_forbidden_characters_stay_text(tmp_path: Path) -> None:
    odd = replace(TEACHER, given_name='<Ø "&\x0b\x85>', family_name="O'Brien\n]]>", fields=(("login", "a<b"),))
    found = person(full(tmp_path, odd), "teacher")
    assert found.findtext("name/n/given") == '<Ø "&  >'
    assert found.findtext("name/n/family") == "O'Brien ]]>"
    assert found.findtext("userid") == "a<b"


def test_a_school_hangs_below_the_owner_who_points_to_itself(tmp_path: Path) -> None:
    full(tmp_path)
    groups = imported([tmp_path / "IMS-EnterpriseData.xml"]).groups
    assert groups["owner"] == ("ItslearningOrganisationTypes", "Site", "owner")
    assert groups["school"] == ("ItslearningOrganisationTypes", "School", "owner")
    assert groups["class"] == ("ItslearningOrganisationTypes", "Unspecified", "school")


def test_a_user_is_a_member_of_her_schools_and_groups_with_her_role_in_each(tmp_path: Path) -> None:
    mentor_group = replace(CLASS, id="mentors", kind="mentor_group")
    mentor = replace(TEACHER, memberships=(*TEACHER.memberships, Membership("mentors", "staff")))
    leader = replace(TEACHER, id="leader", role="school_leader", schools=(SchoolRole("school", "school_leader"),))
    full(tmp_path, mentor_group, GUARDIAN, PUPIL, mentor, leader, profile_school_leader="Leder")
    site = imported([tmp_path / "IMS-EnterpriseData.xml"])
    assert site.groups_of("pupil") == {"school": "01", "class": "01", "pupils": "01"}
    assert site.groups_of("teacher") == {"school": "02", "class": "02", "mentors": "06"}
    assert site.groups_of("guardian") == {"school": "04"}
    profiles = {key: one.profile for key, one in site.persons.items()}
    assert profiles == {"pupil": "Student", "teacher": "Staff", "guardian": "Carer", "leader": "Leder"}


def test_what_points_outside_the_file_is_left_out_and_counted(tmp_path: Path) -> None:
    odd = replace(LINKED, memberships=(Membership("nowhere", "pupil"),), fields=(("class_code", "8A"),))
    deliveries = [*SCHOOL_OPENS, made(odd)]
    lms = target(tmp_path)
    list(lms.deliver(deliveries, roster_of(deliveries)))
    assert sorted(lms.left_out.values()) == [1, 1, 1]
    assert not any("Lie" in sentence for sentence in lms.left_out)
    lms.sweep()
    assert not lms.left_out


# -- read back by our own reader --------------------------------------------------------------------------------------


def records(path: Path) -> dict[str, list[Record]]:
    settings = ReadingSettings(guardians=True)
    snapshot = Snapshot(path=str(path), label=path.name, taken_at=NOW, digest="")
    found: dict[str, list[Record]] = {"person": [], "group": [], "membership": []}
    for fragment in PifuReading(snapshot, _digest, every_field(), settings):
        found[fragment.kind].append(fragment.parse())
    return found


_digest: KeyedDigest = lambda content: content[:16].ljust(16, b"-")  # noqa: E731 - it has a type to show


def test_our_pifu_reader_reads_back_what_was_written(tmp_path: Path) -> None:
    full(tmp_path, GUARDIAN, LINKED, TEACHER, words="pifu", datasource="oslo.example")
    found = records(tmp_path / "IMS-EnterpriseData.xml")
    pupil = next(one for one in found["person"] if one.fields["sourcedid"] == ("oslo.example/pupil",))
    assert (pupil.fields["name.given"], pupil.fields["name.family"]) == (("Åse",), ("Lie",))
    assert (pupil.fields["userid"], pupil.fields["userid.personNIN"]) == (("ase",), ("05810890051",))
    assert [(one.fields["type"], one.fields["contact"]) for one in pupil.parts] == (
        [(("guardian",), ("oslo.example/guardian",))]
    )
    groups = {one.fields["sourcedid"][0]: one.fields for one in found["group"]}
    assert groups["oslo.example/class"]["type"] == ("basisgruppe",)
    assert groups["oslo.example/class"]["parent"] == ("oslo.example/school",)
    assert groups["oslo.example/class"]["timeframe.begin"] == ("2026-08-17",)
    assert "parent" not in groups["oslo.example/owner"]
    members = {one.fields["sourcedid"][0]: sorted(part.whose for part in one.parts) for one in found["membership"]}
    assert members["oslo.example/class"] == ["oslo.example/pupil", "oslo.example/teacher"]


# -- delta ------------------------------------------------------------------------------------------------------------


def test_a_delta_says_what_became_of_each(tmp_path: Path) -> None:
    renamed = replace(LINKED, given_name="Åse Marie", memberships=(Membership("pupils", "pupil"),))
    root = delta(tmp_path, moved(LINKED, renamed), made(replace(TEACHER, id="new")), removed(TEACHER))
    assert root.findtext("properties/type") == "delta"
    assert {one.findtext("sourcedid/id"): one.get("recstatus") for one in root.iter("person")} == (
        {"pupil": "2", "new": "1", "teacher": "3"}
    )
    roles = {
        (one.getparent().findtext("sourcedid/id"), one.findtext("sourcedid/id")): one.find("role")  # type: ignore[union-attr]
        for one in root.iter("member")
    }
    assert roles[("class", "pupil")].get("recstatus") == "3"  # type: ignore[union-attr]
    assert roles[("class", "pupil")].findtext("status") == "0"  # type: ignore[union-attr]
    assert roles[("class", "new")].get("recstatus") == "1"  # type: ignore[union-attr]
    assert ("pupils", "pupil") not in roles


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_a_parent_stands_before_its_children_whatever_their_ids(tmp_path: Path, mode: str) -> None:
    deliveries = [made(replace(SCHOOL, id="a", parent="z")), made(replace(OWNER, id="z"))]
    list(target(tmp_path, mode=mode).deliver(deliveries, roster_of(deliveries)))
    (path,) = tmp_path.glob("*.xml")
    assert [one.findtext("sourcedid/id") for one in etree.parse(path).getroot().iter("group")] == ["z", "a"]


def test_a_suspended_guardian_keeps_her_link_for_the_day_she_is_back(tmp_path: Path) -> None:
    away = moved(GUARDIAN, replace(GUARDIAN, enabled=False), phase=5)
    root = delta(tmp_path, moved(LINKED, replace(LINKED, given_name="Åse Marie")), after=(*EVERYBODY, away))
    assert person(root, "pupil").findtext("extension/relationship/sourcedid/id") == "guardian"


def test_whoever_is_deleted_for_good_is_named_by_key_alone(tmp_path: Path) -> None:
    delta(tmp_path, removed(TEACHER))
    (path,) = tmp_path.glob("*.xml")
    assert "Dahl" not in path.read_text()
    assert "<id>teacher</id>" in path.read_text()


def test_a_restored_user_is_added_with_all_her_groups(tmp_path: Path) -> None:
    root = delta(tmp_path, moved(SUSPENDED, LINKED), after=(*EVERYBODY, moved(LINKED, SUSPENDED)))
    assert person(root, "pupil").get("recstatus") == "1"
    assert {one.getparent().findtext("sourcedid/id") for one in root.iter("member")} == {"class", "pupils", "school"}  # type: ignore[union-attr]


def test_a_revocation_has_a_file_of_its_own_that_comes_first(tmp_path: Path) -> None:
    lms = target(tmp_path, mode="delta")  # its clock stands still, as after a change to winter time
    roster = roster_of(EVERYBODY)
    for batch in ([moved(LINKED, PUPIL, phase=0)], [made(replace(TEACHER, id="new"))]):
        list(lms.deliver(with_near(batch, roster), roster))
    first, second = (etree.parse(path).getroot() for path in sorted(tmp_path.glob("*.xml")))
    assert person(first, "pupil").find("extension") is None
    assert person(second, "new") is not None


def test_no_file_is_written_without_deliveries(tmp_path: Path) -> None:
    assert list(target(tmp_path, mode="delta").deliver([], roster_of(EVERYBODY))) == []
    assert list(tmp_path.iterdir()) == []


# -- the folder -------------------------------------------------------------------------------------------------------


def test_the_file_is_ours_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    full(tmp_path, TEACHER)
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_run_killed_while_writing_leaves_the_old_file_and_the_next_sweeps(tmp_path: Path) -> None:
    full(tmp_path, TEACHER)
    before = (tmp_path / "IMS-EnterpriseData.xml").read_bytes()
    (tmp_path / ".staging").mkdir()
    (tmp_path / ".staging" / "IMS-EnterpriseData.xml").write_text("<enterprise>half")
    target(tmp_path).sweep()
    assert [path.name for path in tmp_path.iterdir()] == ["IMS-EnterpriseData.xml"]
    assert (tmp_path / "IMS-EnterpriseData.xml").read_bytes() == before


def test_a_full_disk_leaves_no_half_delta(tmp_path: Path) -> None:
    lms = target(tmp_path, mode="delta")
    with no_room(), pytest.raises(TargetUnavailable, match="make room"):
        list(lms.deliver([removed(TEACHER)], roster_of(EVERYBODY)))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    assert target(tmp_path / "out").check() == [
        f"{tmp_path / 'out'} is no folder; name one that rostersync may have for itself"
    ]
    with pytest.raises(TargetUnavailable, match="look at the disk"):
        list(target(tmp_path / "out").deliver(EVERYBODY, roster_of(EVERYBODY)))


@pytest.mark.parametrize("content", ["", "<html>Logg inn</html>", "<enterprise><person>", "<enterprise>\x00"])
def test_a_file_that_cannot_be_read_stops_adoption(tmp_path: Path, content: str) -> None:
    (tmp_path / "IMS-EnterpriseData.xml").write_text(content)
    with pytest.raises(NotOurs, match="no IMS Enterprise file that can be read"):
        list(target(tmp_path).existing())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"directory": "ftp://lms.example/in"}, "no file can be left at ftp://"),
        ({"directory": "sftp://lms.example/in"}, "this is no address"),
        ({"file": "../passwd.xml"}, "file: write a name"),
        ({"datasource": "a" * 33}, "1 to 32 characters"),
        ({"profile_guardian": ""}, "profile_guardian: it must say something"),
        (
            {"profile_super_user": "Administrator"},
            'profile_super_user: "Administrator" gives the rights of an administrator',
        ),
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(UserMistake, match=sentence):
        ImsEnterprise("lms", Settings(**{"directory": "out", **wrong}), now=lambda: NOW)  # type: ignore[arg-type]


def test_a_group_keeps_its_dates(tmp_path: Path) -> None:
    root = full(tmp_path, replace(CLASS, id="open", begin=date(2026, 8, 1), end=None))
    open_group = next(one for one in root.iter("group") if one.findtext("sourcedid/id") == "open")
    assert open_group.findtext("timeframe/begin") == "2026-08-01"
    assert open_group.find("timeframe/end") is None
