"""How one element is dressed, and how a file comes into being."""

from __future__ import annotations

from pathlib import Path

from rostersync.lab.dialects import commented, indented, plain_ims, prefixed
from rostersync.lab.spool import Spool

MEMBER = "<member><sourcedid><id>12</id></sourcedid><idtype>1</idtype><role roletype='06'></role></member>"


def test_an_indented_element_has_a_line_for_each_part() -> None:
    text = "<person><name><fn>Å Vik</fn><n><family></family></n></name><extension></extension></person>\n"
    assert indented(text).splitlines() == [
        "\t<person>",
        "\t\t<name>",
        "\t\t\t<fn>Å Vik</fn>",
        "\t\t\t<n>",
        "\t\t\t\t<family></family>",
        "\t\t\t</n>",
        "\t\t</name>",
        "\t\t<extension></extension>",
        "\t</person>",
    ]


def test_comments_and_empty_elements_keep_the_depth() -> None:
    assert indented('<a><!-- <b> --><c x="1"/><d>e</d></a>\n').splitlines() == [
        "\t<a>",
        "\t\t<!-- <b> -->",
        '\t\t<c x="1"/>',
        "\t\t<d>e</d>",
        "\t</a>",
    ]


def test_plain_ims_says_roles_in_words_and_pads_the_ids_of_members() -> None:
    said = plain_ims(MEMBER.replace("'", '"'))
    assert 'roletype="Mentor"' in said
    assert '<idtype idtype="1"/>' in said
    assert "<id> 12  </id>" in said


def test_plain_ims_leaves_the_ids_of_persons_as_they_are() -> None:
    person = "<person><sourcedid><source>s</source><id>12</id></sourcedid></person>"
    assert plain_ims(person) == person


def test_a_prefix_is_on_every_tag_and_on_no_comment() -> None:
    assert prefixed("<a><!-- x --><b/>1 &lt; 2</a>") == "<p:a><!-- x --><p:b/>1 &lt; 2</p:a>"


def test_comments_stand_before_and_first_inside() -> None:
    assert commented("<group><sourcedid>").startswith("<!-- neste --><group><!-- ")
    assert '<comments lang="no">' in commented("<group><sourcedid>")
    assert "<comments" not in commented("<properties>")


def test_a_spooled_file_is_its_parts_in_the_asked_for_order(tmp_path: Path) -> None:
    with Spool(tmp_path / "file", 2) as spool:
        spool.write(1, b"c")
        spool.write(0, b"b")
        spool.write(1, b"d")
        spool.join(b"a", (1, 0), b"e")
    assert (tmp_path / "file").read_bytes() == b"acdbe"


def test_a_cut_file_is_two_thirds_of_it(tmp_path: Path) -> None:
    with Spool(tmp_path / "file", 1) as spool:
        spool.write(0, b"bcdefghi")
        spool.join(b"a", (0,), cut=True)
    assert (tmp_path / "file").read_bytes() == b"abcdef"


def test_a_spool_that_is_left_early_leaves_nothing(tmp_path: Path) -> None:
    with Spool(tmp_path / "file", 1) as spool:
        spool.write(0, b"half")
    assert list(tmp_path.iterdir()) == []
