"""What a person becomes as a record, and what can never leave the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from .contract import NOW, keyed
from .documents import (
    SOURCE,
    DropFolder,
    contact,
    document,
    group,
    key,
    member,
    membership,
    person,
    role,
    sourcedid,
)

# -- persons --------------------------------------------------------------------------------------------------------


def test_a_person_has_every_field_the_profile_knows(folder: DropFolder) -> None:
    types: tuple[str, ...] = ("personNIN", "personLIN", "personFIN", "studentID", "workforceID")
    types += ("username", "sisID", "feideID", "microsoftUPN")
    userids = "".join(f'<userid useridtype="{kind}">u-{kind}</userid>' for kind in types)
    record = folder.record(
        f'<person recstatus="2">{sourcedid("1")}{userids}'
        "<name><fn>Åse Lie</fn><n><family>Lie</family><given>Åse</given></n></name>"
        "<demographics><gender>1</gender><bday>2013-04-05</bday></demographics><email>a@lunde.example</email>"
        '<url>https://lunde.example</url><tel teltype="1">+4721000001</tel><tel teltype="2">+4721000002</tel>'
        '<tel teltype="3">+4791000003</tel><extension><pifu_email type="personEmailAtOrg">b@lunde.example</pifu_email>'
        '<pifu_tel type="personMobilePrivate">+4791000004</pifu_tel>'
        '<pifu_status type="activeInactive">aktiv</pifu_status>'
        '<pifu_status type="pupilStatus">deltid</pifu_status><pifu_schoolType>barneskole</pifu_schoolType>'
        "</extension></person>",
    )
    assert record.fields == {
        "sourcedid": key("1"),
        **{f"userid.{kind}": (f"u-{kind}",) for kind in types},
        "name.fn": ("Åse Lie",),
        "name.given": ("Åse",),
        "name.family": ("Lie",),
        "gender": ("1",),
        "bday": ("2013-04-05",),
        "email": ("a@lunde.example",),
        "url": ("https://lunde.example",),
        "tel.voice": ("+4721000001",),
        "tel.fax": ("+4721000002",),
        "tel.mobile": ("+4791000003",),
        "ext.email.personEmailAtOrg": ("b@lunde.example",),
        "ext.tel.personMobilePrivate": ("+4791000004",),
        "ext.status.activeInactive": ("aktiv",),
        "ext.status.pupilStatus": ("deltid",),
        "ext.schoolType": ("barneskole",),
        "recstatus": ("2",),
    }


def test_a_changed_id_keeps_the_old_ones_apart(folder: DropFolder) -> None:
    ids = (
        sourcedid("was", "Old") + sourcedid("was too", "Old") + sourcedid("is", "New") + sourcedid("twin", "Duplicate")
    )
    record = folder.record(f"<person>{ids}</person>")
    assert record.fields == {
        "sourcedid": key("is"),
        "sourcedid.old": key("was") + key("was too"),
        "sourcedid.duplicate": key("twin"),
    }


@pytest.mark.parametrize("half", ["<source>s</source>", "<id>5</id>", "<source> </source><id>5</id>", ""])
def test_a_person_without_a_whole_key_comes_out_without_one(folder: DropFolder, half: str) -> None:
    record = folder.record(f"<person><sourcedid>{half}</sourcedid><email>a@lunde.example</email></person>")
    assert record.fields == {"email": ("a@lunde.example",)}


def test_ids_keep_their_leading_zeros_and_inner_spaces_but_not_the_outer_ones(folder: DropFolder) -> None:
    record = folder.record(f"<person><sourcedid><source>{SOURCE}\n</source><id>  007 b </id></sourcedid></person>")
    assert record.fields["sourcedid"] == key("007 b")


def test_decomposed_letters_are_composed(folder: DropFolder) -> None:
    record = folder.record(person("maneA\u030a", given="A\u030ase"))
    assert record.fields["sourcedid"] == key("maneÅ")
    assert record.fields["name.given"] == ("Åse",)


def test_comments_inside_a_text_do_not_cut_it(folder: DropFolder) -> None:
    assert folder.record(person("1", given="Ka<!-- x -->ri")).fields["name.given"] == ("Kari",)


def test_cdata_and_character_references_are_text(folder: DropFolder) -> None:
    assert folder.record(person("1", given="<![CDATA[K&R]]> &amp; &#197;")).fields["name.given"] == ("K&R & Å",)


def test_telephone_types_may_be_words(folder: DropFolder) -> None:
    tel = "".join(f'<tel teltype="{word}">{number}</tel>' for number, word in enumerate(("Voice", "Fax", "Mobile")))
    record = folder.record(f"<person>{sourcedid('1')}{tel}<tel>9</tel><tel teltype='Pager'>8</tel></person>")
    assert {name: texts for name, texts in record.fields.items() if name.startswith("tel")} == {
        "tel.voice": ("0", "9"),
        "tel.fax": ("1",),
        "tel.mobile": ("2",),
    }


def test_plain_ims_has_untyped_userids_and_institution_roles(folder: DropFolder) -> None:
    inside = '<userid/><userid>kari01</userid><institutionrole primaryrole="yes" institutionroletype="Student"/>'
    record = folder.record(person("1", inside), namespace="")
    assert record.fields["userid"] == ("kari01",)
    assert record.fields["institutionrole"] == ("Student",)


def test_unknown_types_and_elements_are_walked_past(folder: DropFolder) -> None:
    inside = '<userid useridtype="eMAil">x</userid><systemrole systemroletype="User"/>'
    record = folder.record(person("1", inside, extension="<pifu_eduPersonEntitlement>y</pifu_eduPersonEntitlement>"))
    assert set(record.fields) == {"sourcedid", "name.fn", "name.given", "name.family"}


def test_contacts_are_parts_with_their_type_and_line(folder: DropFolder) -> None:
    extension = "\n" + contact("10") + "\n" + contact("11", "nextOfKin") + "<pifu_hasContactPerson/>"
    record = folder.record(person("1", extension=extension))
    assert [dict(part.fields) for part in record.parts] == [
        {"type": ("guardian",), "contact": key("10")},
        {"type": ("nextOfKin",), "contact": key("11")},
        {},
    ]
    assert [part.line - record.line for part in record.parts] == [1, 2, 2]


def test_contacts_stay_behind_unless_the_config_lets_them_out(tmp_path: Path) -> None:
    record = DropFolder(tmp_path, guardians=False).record(person("1", extension=contact("10")))
    assert record.parts == ()


def test_passwords_photographs_addresses_absence_grades_and_tongues_cannot_leave_whatever_is_asked_for(
    folder: DropFolder,
) -> None:
    address = "<adr><street>LEAK</street><locality>LEAK</locality><pcode>LEAK</pcode></adr>"
    absence = "<pifu_absence><pifu_value>LEAK</pifu_value><pifu_type>LEAK</pifu_type></pifu_absence>"
    inside = (
        '<userid useridtype="username" password="LEAK" pwencryptiontype="LEAK">kari</userid>'
        '<userid useridtype="LEAK">LEAK</userid>'
        f'{address}<photo imgtype="LEAK"><extref>LEAK</extref></photo>'
    )
    extension = (
        f'<pifu_adr type="personRegisteredAddressPrivate">{address}</pifu_adr>'
        f"<pifu_nativeTongue>LEAK</pifu_nativeTongue><pifu_preferredLanguage>LEAK</pifu_preferredLanguage>"
        f"{absence}<pifu_email type='LEAK'>LEAK</pifu_email>"
    )
    graded = role(
        "01",
        f"<status>1</status><userid>LEAK</userid><finalresult><result>LEAK</result></finalresult><interimresult>"
        f"<values><list>LEAK</list></values></interimresult><extension>{absence}</extension>",
    )
    folder.drop(
        document(person("1", inside, extension=extension), group("7A", address), membership("7A", member("1", graded)))
    )
    names = {
        "password",
        "photo",
        "absence",
        "adr",
        "userid.LEAK",
        "userid.password",
        "ext.email.LEAK",
        "finalresult",
        "result",
    }
    everything = {kind: fields | names for kind, fields in folder.connector.fields.items()}
    records = [
        one.parse() for one in folder.connector.read(folder.connector.fetch(NOW), keyed, everything, careful=True)
    ]
    assert len(records) == 3
    assert "LEAK" not in repr(records)


def test_the_field_names_are_those_that_mappings_rely_on(folder: DropFolder) -> None:
    fields = folder.connector.fields
    assert {"sourcedid", "userid.personNIN", "name.given", "ext.email.personEmailAtOrg", "recstatus"} <= fields[
        "person"
    ]
    assert {"type", "contact"} == fields["contact"]
    assert {"sourcedid", "scheme", "level", "type", "parent", "mentor", "ext.id.organizationNumber"} <= fields["group"]
    assert {"sourcedid"} == fields["membership"]
    assert {"member", "idtype", "roletype", "subrole", "status", "timeframe.begin", "timeframe.end"} <= fields["member"]
    assert not [name for names in fields.values() for name in names if "*" in name]
