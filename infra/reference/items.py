"""The pages of the item catalogue: an overview, and for each service line a page with everything an item says.

Items are read as they will be published, from `infra/registry/items/`. An attribute that this module does not know is
shown under its name in the glossary; it must not leave one out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.domain.authority import Line
from chalicelib.procedures import all_procedures
from infra.reference import glossary, markdown, procedures, tables
from infra.reference.glossary import Glossary
from infra.reference.markdown import BREAK

PATH = "items.md"
TITLE = "事项 Service items"
_INTRO = """\
**示例**目录：法定时限取自法律文本；承诺时限、材料、次数等并非取自已公布的办事指南。来源和用词见
[infra/registry/README.md](../../infra/registry/README.md)。

A **sample** catalogue: statutory limits come from law texts; promised limits, materials and visits do not come from a
published guide.

\\* 必要 / 全部 required / all"""

_OVERVIEW = (
    "序号 No.", "事项 Item", "类型 Type", "层级 Level", "形式 Form",
    "法定 Law", "承诺 Promise", "材料 Materials*", "特别之处 Special",
)  # fmt: skip
_REACHES = {"county": "全县", "city": "全市", "province": "全省"}

Item = Mapping[str, Any]
Show = Callable[[Any, Glossary], str]


def read(registry: Path) -> list[Item]:
    """Every item, by its number in the catalogue."""
    files = sorted((registry / "items").glob("*.toml"))
    found = [item for file in files for item in tomllib.loads(file.read_text(encoding="utf-8"))["item"]]
    return sorted(found, key=lambda item: int(item["number"]))


def path(line: Line) -> str:
    """Where the page of a service line lies, under docs/reference/."""
    return f"items/{line}.md"


def title(line: Line, words: Glossary) -> str:
    """What the page of a service line is called."""
    return f"{words.zh(line, glossary.IDENTITIES)}事项 Items of {line.replace('_', ' ')}"


def overview(items: Sequence[Item], words: Glossary) -> str:
    """A row for each item, by service line."""
    return markdown.page(
        TITLE,
        "README.md",
        _INTRO,
        *(markdown.section(words.shown(line, glossary.IDENTITIES), _rows(line, items, words)) for line in Line),
    )


def page(line: Line, items: Sequence[Item], words: Glossary) -> str:
    """Everything that the items of a service line say."""
    own = [item for item in items if item["line"] == line]
    return markdown.page(title(line, words), "../README.md", *(_item(item, words) for item in own))


def _rows(line: Line, items: Iterable[Item], words: Glossary) -> str:
    return markdown.table(_OVERVIEW, [_row(item, words) for item in items if item["line"] == line])


def _row(item: Item, words: Glossary) -> tuple[str, ...]:
    name, required = item["name"], [m for m in item["materials"] if m["necessity"] == "required"]
    return (
        str(item["number"]),
        f"[**{name['zh']}**]({path(Line(item['line']))}#{item['id']}){BREAK}{name['en']}",
        words.choice("type", item["type"]),
        _levels(item["levels"], words),
        words.choice("form", item["form"]),
        _length(item.get("statutory"), words),
        _length(item.get("promised"), words),
        f"{len(required)} / {len(item['materials'])}" if item["materials"] else "",
        BREAK.join(_special(item, words)),
    )


def _special(item: Item, words: Glossary) -> Iterator[str]:
    """What sets an item apart from the usual one."""
    for name in ("extension", "lead_time"):
        if name in item:
            yield f"{words.heading(name)} {_length(item[name], words)}"
    for name in ("graded", "two_level", "event"):
        if name in item:
            yield words.heading(name)
    if item["on_site_check"]:
        yield words.zh("on_site_check", glossary.ITEM)
    if not item["online"]:
        yield "不宜网办 not online"
    if item["silence"] != "overdue":
        yield words.choice("silence", item["silence"])


def _item(item: Item, words: Glossary) -> str:
    name, known = item["name"], {"id", "number", "name", "line", *_SHOWN}
    rows = [(each.heading, _said(each, item[key], words)) for key, each in _SHOWN.items() if key in item]
    rows += [(f"{words.heading(key)} `{key}`", tables.value(item[key], words)) for key in item if key not in known]
    said = markdown.table(("", name["en"]), [row for row in rows if row[1]])
    return f"{markdown.anchor(item['id'])}\n\n## {item['number']} {name['zh']}\n\n`{item['id']}`\n\n{said}"


def _said(attribute: Attribute, value: Any, words: Glossary) -> str:
    """A value as its attribute shows it, and whatever inside it that does not tell."""
    inside = [part for part in (value if isinstance(value, list) else [value]) if isinstance(part, Mapping)]
    others = [{key: part[key] for key in part if key not in attribute.told} for part in inside]
    said = [attribute.show(value, words), *(tables.value(other, words) for other in others)]
    return BREAK.join(filter(None, said))


def _choices(attribute: str) -> Show:
    return lambda values, words: "、".join(words.choice(attribute, each) for each in values)


def _choice(attribute: str) -> Show:
    return lambda value, words: words.choice(attribute, value)


def _levels(levels: Iterable[str], words: Glossary) -> str:
    return "、".join(words.zh(level, glossary.IDENTITIES) for level in levels)


def _length(found: Mapping[str, Any] | None, words: Glossary) -> str:
    return words.amount(found["limit"], found["unit"]) if found else ""


def _limit(found: Mapping[str, Any], words: Glossary) -> str:
    return BREAK.join(filter(None, (_length(found, words), found.get("basis", ""))))


def _graded(found: Mapping[str, Any], words: Glossary) -> str:
    steps = [
        f"{'低于 ' + str(step['below']) if 'below' in step else '其余'}：{_levels([step['level']], words)}"
        for step in found["steps"]
    ]
    return f"按 `{found['by']}`：{'；'.join(steps)}"


def _two_level(found: Mapping[str, Any], words: Glossary) -> str:
    levels = f"{_levels([found['review']], words)}审查，{_levels([found['decide']], words)}决定"
    return BREAK.join(filter(None, (levels, _limit(found.get("limit", {}), words))))


def _materials(found: Iterable[Mapping[str, Any]], words: Glossary) -> str:
    """A line each; the medium is told where there is only one."""
    lines = []
    for each in found:
        said = [words.choice("necessity", each["necessity"]), words.choice("source", each["source"])]
        said += [f"仅{words.choice('mediums', each['mediums'][0])}"] if len(each["mediums"]) == 1 else []
        lines.append(f"`{each['code']}` {each['name']['zh']} {each['name']['en']}（{'，'.join(said)}）")
    return BREAK.join(lines)


def _separation(pairs: Iterable[Sequence[str]], words: Glossary) -> str:
    return "；".join(" ≠ ".join(words.zh(action, glossary.ACTIONS) for action in pair) for pair in pairs)


def _procedure(ref: str, _words: Glossary) -> str:
    found = all_procedures()[ref]
    return f"[{found.text.zh} `{ref}`](../{procedures.path(found)})"


def _result(found: Mapping[str, Any], words: Glossary) -> str:
    return f"{found['name']['zh']} {found['name']['en']}（{words.choice('result', found['kind'])}）"


def _fee(found: Mapping[str, Any], _words: Glossary) -> str:
    if not found["charged"]:
        return "未列收费 none named"
    more = [markdown.bilingual(found["told"]["zh"], found["told"]["en"])] if "told" in found else []
    return BREAK.join([f"收费：{found['basis']}", *more])


def _text(found: Mapping[str, str], _words: Glossary) -> str:
    return markdown.bilingual(found["zh"], found["en"])


def _yes(found: bool, _words: Glossary) -> str:
    return "是 yes" if found else "否 no"


@dataclass(frozen=True, slots=True)
class Attribute:
    """How an attribute is shown; `told` are the keys inside it that `show` tells."""

    heading: str
    show: Show
    told: tuple[str, ...] = ()


_OF_LIMIT = ("limit", "unit", "basis")
_OF_TEXT = ("zh", "en")
_SHOWN: Mapping[str, Attribute] = {
    "type": Attribute("事项类型 Type", _choice("type")),
    "levels": Attribute("行使层级 Levels", _levels),
    "two_level": Attribute("两级办理 Two levels", _two_level, ("review", "decide", "limit")),
    "graded": Attribute("分级管理 Graded", _graded, ("by", "steps")),
    "form": Attribute("办件类型 Form", _choice("form")),
    "procedure": Attribute("办理程序 Procedure", _procedure),
    "statutory": Attribute("法定时限 Statutory", _limit, _OF_LIMIT),
    "promised": Attribute("承诺时限 Promised", _limit, _OF_LIMIT),
    "extension": Attribute("延长 Extension", _limit, _OF_LIMIT),
    "lead_time": Attribute("提前申请期限 Lead time", _limit, _OF_LIMIT),
    "materials": Attribute("材料 Materials", _materials, ("code", "name", "necessity", "source", "mediums")),
    "result": Attribute("办理结果 Result", _result, ("name", "kind")),
    "delivery": Attribute("送达方式 Delivery", _choices("delivery")),
    "fee": Attribute("收费 Fee", _fee, ("charged", "basis", "told", *_OF_TEXT)),
    "visits": Attribute("到现场次数 Visits", lambda visits, _words: str(visits)),
    "separation": Attribute("岗位分离 Separation", _separation),
    "on_site_check": Attribute("现场核查 On-site check", _yes),
    "online": Attribute("网办 Online", _yes),
    "pooled": Attribute("外部归集 Pooled", _yes),
    "hand_over": Attribute("审管衔接 Handed over to", lambda line, _words: line),
    "reach": Attribute("通办范围 Reach", lambda reach, _words: _REACHES[reach]),
    "subjects": Attribute("服务对象 Subjects", _choices("subjects")),
    "silence": Attribute("逾期后果 Silence", _choice("silence")),
    "acceptance_condition": Attribute("受理条件 Condition", _text, _OF_TEXT),
    "note": Attribute("说明 Note", _text, _OF_TEXT),
}
