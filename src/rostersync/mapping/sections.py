"""Tree -> rules: reads the sections of a mapping, and notes everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from rostersync.mapping.asking import Asking, hint
from rostersync.mapping.choices import ChoiceReader
from rostersync.mapping.loader import Block, Mark, Node, Problems, Text
from rostersync.mapping.rules import (
    CHOICES,
    CONTACT_KINDS,
    FIELDS,
    GROUP_KINDS,
    MATCHING,
    MEMBERS_BY,
    RECORDS,
    SENSITIVE,
    FieldRule,
    Offered,
    Origin,
    Section,
    SectionName,
    is_offered,
)
from rostersync.mapping.transforms import TRANSFORMS
from rostersync.model import LOCAL_NUMBERS, RoleModel
from rostersync.normalize import clean

_VERBS = ("from", "as", "table", "required", "sensitive", "basis", "use", "space")


class SectionReader:
    """Reads sections against what the source offers and what the role model knows."""

    def __init__(self, problems: Problems, fields: Offered, roles: RoleModel) -> None:
        self._problems = problems
        self._ask = Asking(problems)
        self._fields = fields
        self._roles = roles
        self._words: Mapping[SectionName, tuple[str, ...]] = {
            "group": GROUP_KINDS,
            "membership": tuple(roles.ties),
            "contact": CONTACT_KINDS,
        }

    def section(self, name: SectionName, node: Node) -> Section | None:
        """One section as rules, or None when it is no block at all."""
        choice = CHOICES.get(name, "")
        allowed = (
            ["key", "old_keys", "fields", "skip", "reject"] if name == "person" else ["key", "fields", "skip", choice]
        )
        if name == "contact":
            allowed.remove("fields")
        if name == "membership":
            allowed.append("match")
        block = self._ask.block(node, name, allowed)
        if block is None:
            return None
        choices = ChoiceReader(
            self._problems, name, self._words.get(name, ()), lambda text: self._offered(RECORDS[name], text)
        )
        chosen = block.entries.get(choice)
        if choice and chosen is None:
            self._problems.add(block.mark, f"{name} needs `{choice}`")
        key, member_key = self._keys(name, block)
        return Section(
            name=name,
            mark=block.mark,
            key=key,
            member_key=member_key,
            old_keys=self._name(name, block.get("old_keys"), f"{name}: old_keys"),
            fields=self._field_rules(name, block),
            skip=choices.skips(block.get("skip")),
            choice=choices.choice(*chosen) if chosen else choices.rejects(block.get("reject")),
            choice_mark=chosen[0] if chosen else None,
            match=self._ask.word(match, "match", MEMBERS_BY) if (match := block.get("match")) else "",
        )

    def _keys(self, name: SectionName, block: Block) -> tuple[str, str]:
        node = block.get("key")
        if node is None:
            self._problems.add(block.mark, f"{name} needs `key`")
            return "", ""
        if name != "membership":
            return self._name(name, node, f"{name}: key"), ""
        names = self._ask.texts(node, f"{name}: key")
        if len(names) != 2:
            self._problems.add(node.mark, "membership: key names two fields: [sourcedid, member]")
            return "", ""
        return self._offered(("membership",), names[0]), self._offered(("member",), names[1])

    def _name(self, section: SectionName, node: Node | None, what: str) -> str:
        self._ask.text(node, what)
        return self._offered(RECORDS[section], node) if isinstance(node, Text) else ""

    def _offered(self, kinds: tuple[str, ...], name: Text) -> str:
        offered = [one for kind in kinds for one in sorted(self._fields.get(kind, ()))]
        if not is_offered(name.value, offered):
            self._problems.add(name.mark, f'unknown field "{name.value}"{hint(name.value, offered)}')
        return name.value

    # -- fields --

    def _field_rules(self, section: SectionName, block: Block) -> tuple[FieldRule, ...]:
        """The rules in the order of the field words, so that the order in the file means nothing."""
        fields = self._ask.block(block.get("fields"), f"{section}: fields")
        words = FIELDS[section]
        rules = []
        for field, (mark, node) in fields.entries.items() if fields else ():
            if field not in words:
                self._problems.add(mark, f'{section} has no field "{field}"{hint(field, words)}')
            elif (found := self._ask.block(node, field, _VERBS)) is not None:
                rules.append(self._field_rule(section, field, mark, found))
        return tuple(sorted(rules, key=lambda rule: words.index(rule.field)))

    def _field_rule(self, section: SectionName, field: str, mark: Mark, block: Block) -> FieldRule:
        table, otherwise = self._table(field, block.get("table"))
        steps = self._steps(block.get("as"))
        use = self._use(field, block.get("use"))
        rule = FieldRule(
            field=field,
            mark=mark,
            origins=self._origins(section, field, mark, block.get("from")),
            steps=(*steps, "date") if field == "birth_date" and "date" not in steps else steps,
            table=table,
            otherwise=otherwise,
            required=self._ask.yes(block, "required"),
            sensitive=self._ask.yes(block, "sensitive"),
            basis=clean(self._ask.text(block.get("basis"), f"{field}: basis")),
            decide=use == "decide",
            match=use == "match",
            space=clean(self._ask.text(block.get("space"), f"{field}: space")),
        )
        self._check(rule)
        return rule

    def _check(self, rule: FieldRule) -> None:
        field = rule.field
        if rule.sensitive and not rule.basis:
            self._problems.add(rule.mark, f"{field} is sensitive and needs a `basis`, in the owner's words")
        elif rule.basis and not rule.sensitive:
            self._problems.add(rule.mark, f"{field} has a `basis`; say `sensitive: yes` as well")
        elif field in SENSITIVE and not rule.sensitive:
            self._problems.add(rule.mark, f"{field} must say `sensitive: yes` and give its `basis`")
        if field == "national_number" and rule.required:
            self._problems.add(rule.mark, "national_number cannot be required: a missing number never blocks a user")
        if (rule.space or any(one.space for one in rule.origins)) and field not in LOCAL_NUMBERS:
            self._problems.add(rule.mark, f"{field} has a `space`; only {', '.join(LOCAL_NUMBERS)} stand in one")
        if field == "primary" and not {rule.otherwise, *dict(rule.table or ()).values()} <= {"yes", "no"}:
            self._problems.add(rule.mark, "primary needs a `table` whose words are yes and no")

    def _use(self, field: str, node: Node | None) -> str:
        if node is None:
            return ""
        use = self._ask.word(node, "use", ("decide", "match"))
        released = [role for role, fields in self._roles.release.items() if field in fields]
        if use == "decide" and released:
            where = f"the role model {self._roles.name} releases it to {', '.join(released)}"
            self._problems.add(node.mark, f"{field} is only for deciding, but {where}")
        if use == "match" and field not in MATCHING:
            self._problems.add(
                node.mark, f"nobody is recognised by {field}; `use: match` is for {', '.join(sorted(MATCHING))}"
            )
        return use

    def _origins(self, section: SectionName, field: str, mark: Mark, node: Node | None) -> tuple[Origin, ...]:
        if node is None:
            self._problems.add(mark, f"{field} needs `from`")
            return ()
        nodes = (node,) if isinstance(node, Text | Block) else node.nodes
        if not nodes:
            self._problems.add(node.mark, f"{field}: `from` names no field")
        return tuple(self._origin(section, field, one) for one in nodes)

    def _origin(self, section: SectionName, field: str, node: Node) -> Origin:
        what = f"{field}: from"
        if not isinstance(node, Block):
            return Origin(self._name(section, node, what))
        self._ask.known_keys(node, ("from", "as", "space"))
        name = self._ask.required(node, "from", what, lambda one, _: self._name(section, one, what))
        space = clean(self._ask.text(node.get("space"), f"{field}: space"))
        return Origin(name, self._steps(node.get("as")), space)

    def _steps(self, node: Node | None) -> tuple[str, ...]:
        names = self._ask.texts(node, "as")
        for name in names:
            if name.value not in TRANSFORMS:
                self._problems.add(name.mark, f'unknown transform "{name.value}"{hint(name.value, TRANSFORMS)}')
        return tuple(name.value for name in names)

    def _table(self, field: str, node: Node | None) -> tuple[tuple[tuple[str, str], ...] | None, str]:
        block = self._ask.block(node, f"{field}: table")
        if block is None:
            return None, ""
        if list(block.entries)[-1:] != ["otherwise"]:
            self._problems.add(block.mark, f"{field}: a table must end in `otherwise`")
        said = {key: self._ask.text(value, f"{field}: {key}") for key, (_, value) in block.entries.items()}
        if "" in said:
            self._problems.add(block.entries[""][0], f"{field}: a table never looks up a missing value")
        otherwise = said.pop("otherwise", "")
        return tuple((clean(key).casefold(), text) for key, text in said.items()), otherwise
