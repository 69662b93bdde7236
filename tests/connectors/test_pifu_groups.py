"""What a group, and who belongs to it, become as records."""

from __future__ import annotations

from pathlib import Path

import pytest

from .contract import NOW, keyed
from .documents import (
    V1,
    DropFolder,
    document,
    group,
    key,
    member,
    membership,
    national_number,
    person,
    properties,
    role,
    sourcedid,
)


def roles(folder: DropFolder, *members: str, namespace: str = V1) -> list[dict[str, tuple[str, ...]]]:
    """The fields of every part of one membership, with whose part it is."""
    parts = folder.record(membership("7A", *members), namespace).parts
    return [({"member": (part.whose,)} if part.whose else {}) | part.fields for part in parts]


# -- groups ---------------------------------------------------------------------------------------------------------


def test_a_group_has_every_field_the_profile_knows(folder: DropFolder) -> None:
    record = folder.record(
        f'<group recstatus="1">{sourcedid("was", "Old")}{sourcedid("7A", "New")}'
        "<grouptype><scheme>pifu-ims-go-grp</scheme>"
        '<typevalue level="1">basisgruppe</typevalue></grouptype><description><short>7A</short><long>Klasse 7A</long>'
        "<full>Klasse 7A ved Lunde</full></description>"
        "<timeframe><begin restrict='0'>2026-08-01</begin><end>2027-07-31</end>"
        "<adminperiod>2026/2027</adminperiod></timeframe><email>7a@lunde.example</email><url>https://lunde.example/7a</url>"
        f'<relationship relation="1">{sourcedid("skole")}<label>Lunde skole</label></relationship><extension>'
        '<pifu_id type="organizationNumber"><pifu_value> 123456785</pifu_value><pifu_scope>x</pifu_scope></pifu_id>'
        '<pifu_id type="grepCode"><pifu_value>uuid:1</pifu_value></pifu_id>'
        '<pifu_name type="legalName">Sju A</pifu_name>'
        "<pifu_schoolType>barneskole</pifu_schoolType></extension></group>",
    )
    assert record.fields == {
        "sourcedid": key("7A"),
        "sourcedid.old": key("was"),
        "scheme": ("pifu-ims-go-grp",),
        "level": ("1",),
        "type": ("basisgruppe",),
        "description.short": ("7A",),
        "description.long": ("Klasse 7A",),
        "description.full": ("Klasse 7A ved Lunde",),
        "timeframe.begin": ("2026-08-01",),
        "timeframe.end": ("2027-07-31",),
        "adminperiod": ("2026/2027",),
        "email": ("7a@lunde.example",),
        "url": ("https://lunde.example/7a",),
        "parent": key("skole"),
        "relation.label": ("Lunde skole",),
        "ext.id.organizationNumber": ("123456785",),
        "ext.id.grepCode": ("uuid:1",),
        "ext.name.legalName": ("Sju A",),
        "ext.schoolType": ("barneskole",),
        "recstatus": ("1",),
    }


def grouptype(scheme: str, kind: str) -> str:
    return f"<grouptype><scheme>{scheme}</scheme><typevalue level='9'>{kind}</typevalue></grouptype>"


def test_of_several_group_types_the_first_known_one_counts(folder: DropFolder) -> None:
    types = grouptype("local", "avdeling") + grouptype("pifu-ims-go-grp", "fag") + grouptype("pifu-ims-go-grp", "trinn")
    record = folder.record(f"<group>{sourcedid('7A')}{types}</group>")
    assert (record.fields["scheme"], record.fields["type"]) == (("pifu-ims-go-grp",), ("fag",))


def test_of_group_types_that_are_all_unknown_the_first_one_counts(folder: DropFolder) -> None:
    record = folder.record(
        f"<group>{sourcedid('7A')}{grouptype('local', 'avdeling')}{grouptype('local', 'fag')}</group>"
    )
    assert (record.fields["scheme"], record.fields["type"]) == (("local",), ("avdeling",))


def test_the_level_may_stand_on_the_scheme(folder: DropFolder) -> None:
    kind = "<grouptype><scheme level='0'>UIO</scheme><typevalue>root</typevalue></grouptype>"
    record = folder.record(f"<group>{sourcedid('root')}{kind}</group>", namespace="")
    assert (record.fields["level"], record.fields["type"]) == (("0",), ("root",))


def test_a_group_may_have_no_type_at_all(folder: DropFolder) -> None:
    record = folder.record(f"<group>{sourcedid('7A')}</group>", namespace="")
    assert record.fields == {"sourcedid": key("7A")}


@pytest.mark.parametrize("order", ["before", "after"])
def test_the_top_of_the_tree_does_not_belong_to_itself(folder: DropFolder, order: str) -> None:
    ids = sourcedid("was", "Old") + sourcedid("top", "New")
    selves = "".join(
        f'<relationship relation="1">{sourcedid(to)}<label>Root</label></relationship>' for to in ("top", "was")
    )
    record = folder.record(f"<group>{ids + selves if order == 'before' else selves + ids}</group>")
    assert "parent" not in record.fields
    assert record.fields["relation.label"] == ("Root", "Root")


def test_only_a_relationship_to_a_parent_gives_one(folder: DropFolder) -> None:
    ties = {"2": "child", "3": "alias", "Parent": "skole", "": "skole 2"}
    lines = "".join(
        f"<relationship relation='{relation}'>{sourcedid(to)}<label>{to}</label></relationship>"
        for relation, to in ties.items()
    )
    record = folder.record(f"<group>{sourcedid('7A')}{lines}</group>")
    assert record.fields["parent"] == key("skole") + key("skole 2")
    assert record.fields["relation.label"] == ("skole", "skole 2")


def test_the_mentor_is_derived_from_ists_group_id(folder: DropFolder) -> None:
    number = national_number(3)
    record = folder.record(group(f"3_{number}_2026", kind="kontaktlærergruppe", level="3"))
    assert record.fields["mentor"] == key(number)


@pytest.mark.parametrize("shape", ["3_{0}1_2026", "3_1234_2026", "2_{0}_2026", "x3_{0}_2026", "{0}", "1327096_427983"])
def test_no_other_group_id_gives_a_mentor(folder: DropFolder, shape: str) -> None:
    assert "mentor" not in folder.record(group(shape.format(national_number(3)))).fields


def test_a_mentor_group_that_got_a_new_id_has_the_new_mentor_only(folder: DropFolder) -> None:
    ids = sourcedid(f"3_{national_number(1)}_a", "Old") + sourcedid(f"3_{national_number(2)}_a", "New")
    assert folder.record(f"<group>{ids}</group>").fields["mentor"] == key(national_number(2))


# -- memberships ----------------------------------------------------------------------------------------------------


def test_a_role_has_every_field_the_profile_knows(folder: DropFolder) -> None:
    inside = (
        "<subrole>vikar</subrole><status>1</status><datetime>2026-08-01</datetime><timeframe><begin>2026-08-20</begin>"
        "<end>2026-12-19</end></timeframe><extension><pifu_primaryRelation>1</pifu_primaryRelation></extension>"
    )
    taken = f'<role roletype="02" recstatus="1">{inside}</role>'
    assert roles(folder, member("lærer-1", taken)) == [
        {
            "member": key("lærer-1"),
            "idtype": ("1",),
            "roletype": ("02",),
            "recstatus": ("1",),
            "subrole": ("vikar",),
            "status": ("1",),
            "datetime": ("2026-08-01",),
            "timeframe.begin": ("2026-08-20",),
            "timeframe.end": ("2026-12-19",),
            "primary": ("1",),
        }
    ]


def test_each_role_of_a_member_is_a_part_of_its_own(folder: DropFolder) -> None:
    parts = roles(folder, member("1", role("02"), role("06")), member("2"))
    assert [(part["member"], part["roletype"]) for part in parts] == [
        (key("1"), ("02",)),
        (key("1"), ("06",)),
        (key("2"), ("01",)),
    ]


def test_a_member_without_a_role_is_not_lost_unseen(folder: DropFolder) -> None:
    assert roles(folder, f"<member>{sourcedid('1')}<idtype>1</idtype></member>") == [
        {"member": key("1"), "idtype": ("1",)}
    ]


def test_a_member_without_a_key_comes_out_without_one(folder: DropFolder) -> None:
    assert roles(folder, f"<member>{role()}</member>") == [{"roletype": ("01",), "status": ("1",)}]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Learner", "01"),
        ("Instructor", "02"),
        ("ContentDeveloper", "03"),
        ("Content Developer", "03"),
        ("Member", "04"),
        ("manager", "05"),
        ("Mentor", "06"),
        ("Administrator", "07"),
        ("TeachingAssistant", "08"),
        ("8", "08"),
        (" 01 ", "01"),
        ("99", "99"),
        ("Rektor", "Rektor"),
    ],
)
def test_role_words_become_codes_and_unknown_ones_stay(folder: DropFolder, written: str, code: str) -> None:
    assert roles(folder, member("1", role(written)))[0]["roletype"] == (code,)


@pytest.mark.parametrize(
    ("written", "code"), [("1", "1"), ("Active", "1"), ("inactive", "0"), (" 0 ", "0"), ("2", "2")]
)
def test_status_words_become_codes(folder: DropFolder, written: str, code: str) -> None:
    assert roles(folder, member("1", role("01", f"<status>{written}</status>")))[0]["status"] == (code,)


def test_a_role_without_a_status_is_active_in_plain_ims_only(folder: DropFolder) -> None:
    assert roles(folder, member("1", role("01", "")), namespace="")[0]["status"] == ("1",)
    assert "status" not in roles(folder, member("1", role("01", "")))[0]
    stated = role("01", "<status>0</status>")
    assert roles(folder, member("1", stated), namespace="")[0]["status"] == ("0",)


@pytest.mark.parametrize("idtype", ["<idtype>2</idtype>", '<idtype idtype="2"/>', "<idtype>Group</idtype>"])
def test_a_group_inside_a_group_is_no_member(folder: DropFolder, idtype: str) -> None:
    assert roles(folder, f"<member>{role()}{sourcedid('7B')}{idtype}</member>") == []


@pytest.mark.parametrize("idtype", ["<idtype>1</idtype>", '<idtype idtype="1"/>', "<idtype> Person </idtype>"])
def test_idtype_may_be_a_text_or_an_attribute(folder: DropFolder, idtype: str) -> None:
    assert roles(folder, f"<member>{sourcedid('1')}{idtype}{role()}</member>")[0]["idtype"] == ("1",)


def test_an_empty_timeframe_is_no_bound(folder: DropFolder) -> None:
    inside = "<status>1</status><timeframe><begin restrict='0'></begin><end restrict='0'/></timeframe>"
    assert set(roles(folder, member("1", role("01", inside)))[0]) == {"member", "idtype", "roletype", "status"}


@pytest.mark.parametrize("head", ["", "<sourcedid/>", "<sourcedid><id>7A</id></sourcedid>"])
def test_a_membership_of_no_group_is_refused_naming_nobody(folder: DropFolder, head: str) -> None:
    folder.drop(document(f"<membership>{head}{member('hemmelig-1')}</membership>"))
    (fragment,) = folder.connector.read(folder.connector.fetch(NOW), keyed, folder.connector.fields, careful=True)
    with pytest.raises(ValueError, match="names no group") as caught:
        fragment.parse()
    assert "hemmelig" not in str(caught.value)


def test_a_member_line_is_where_it_stands_in_the_file_parsed_at_once_or_later(folder: DropFolder) -> None:
    members = tuple(f"\n{member(str(number))}" for number in range(3))
    folder.drop(document("\n" * 70_000, membership("7A", *members)))
    reading = folder.connector.read(folder.connector.fetch(NOW), keyed, folder.connector.fields, careful=True)
    (at_once,) = [(fragment.line, fragment.parse()) for fragment in reading]
    (later,) = list(reading)
    assert at_once[0] == later.line == 70_005
    assert [part.line for part in at_once[1].parts] == [70_006, 70_007, 70_008]
    assert later.parse() == at_once[1]


def test_a_dialect_that_is_configured_outranks_the_namespace(tmp_path: Path) -> None:
    whole = document(membership("7A", member("1", role("01", ""))))
    assert DropFolder(tmp_path, dialect="ims").records(whole)[0].parts[0].fields["status"] == ("1",)
    untyped = document(person("1"), head=properties(kind=""))
    assert DropFolder(tmp_path, dialect="ims").records(untyped)
