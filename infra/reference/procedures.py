"""The page of a procedure: its diagram, its states and its steps, to be held against the law.

This module must not judge a procedure; whatever passed the strict reader is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.authority import Post, Who
from chalicelib.domain.item import Text
from chalicelib.domain.pause_classes import PAUSE_CLASSES, PauseClass
from chalicelib.domain.procedure import BACK, CLOCKS, EFFECTS, Action, Procedure, Stage, State
from infra.reference import glossary, markdown, tables
from infra.reference.diagram import STAYS, diagram
from infra.reference.glossary import Glossary
from infra.reference.markdown import BREAK
from infra.reference.tables import Column

_LEGEND = (
    f"方框是状态；{STAYS.strip()} 后面是不改变状态的步骤。"
    f"A box is a state; behind {STAYS.strip()} stand the steps that leave it as it is."
)


def path(procedure: Procedure) -> str:
    """Where the page lies, under docs/reference/."""
    return f"procedures/{procedure.name}-{procedure.version}.md"


def title(procedure: Procedure) -> str:
    """What the page is called."""
    return f"{procedure.text.zh} {procedure.text.en} `{procedure.ref}`"


def page(procedure: Procedure, words: Glossary) -> str:
    """The page of one procedure."""
    states = tuple(procedure.states.values())
    pauses = any("pause_class" in row.demands for row in procedure.actions)
    return markdown.page(
        title(procedure),
        "../README.md",
        markdown.section("状态图 Diagram", diagram(procedure), _LEGEND),
        markdown.section("状态 States", tables.of(states, _of_states(procedure, words), words)),
        markdown.section(
            "步骤 Steps", tables.of(procedure.actions, _of_actions(procedure, words), words), _codes(procedure, words)
        ),
        markdown.section("特别程序 Special procedures", _pause_classes(words)) if pauses else "",
    )


def _of_states(procedure: Procedure, words: Glossary) -> tuple[Column[State], ...]:
    return (
        Column("状态 State", ("name", "text"), lambda state: _named(state.name, state.text)),
        Column("岗位 Post", ("post",), lambda state: _shown([state.post], glossary.IDENTITIES, words)),
        Column("环节时限 Limit", ("stage",), lambda state: _stage(state.stage, procedure, words)),
        Column("逾期视为 Deemed", ("deemed", "silence"), lambda state: _deemed(state, procedure, words)),
        Column("阶段 Phase", ("closed", "final"), lambda state: _phase(state, words)),
        Column("结果 Result", ("result",), lambda state: _shown([state.result], glossary.STATES, words)),
    )


def _of_actions(procedure: Procedure, words: Glossary) -> tuple[Column[Action], ...]:
    return (
        Column("步骤 Step", ("name", "text"), lambda row: _named(row.name, row.text)),
        Column("从 From", ("sources",), lambda row: _states(row.sources, procedure) or "新办件 new"),
        Column("到 To", ("target", "passes"), lambda row: _to(row, procedure, words)),
        Column("由谁 Who", ("who",), lambda row: _who(row.who, words)),
        Column("条件 Guards", ("guards",), lambda row: _guards(row.guards, words)),
        Column("必填 Demands", ("demands", "records"), lambda row: _demands(row, words)),
        Column("计时 Clocks", ("clocks",), lambda row: _clocks(row, words)),
    )


def _named(name: str, text: Text) -> str:
    return f"**{text.zh}**{BREAK}{text.en}{BREAK}`{name}`"


def _shown(codes: Iterable[str | None], section: str, words: Glossary) -> str:
    return BREAK.join(words.shown(code, section) for code in codes if code)


def _states(names: Iterable[str | None], procedure: Procedure) -> str:
    """The texts of states, in the table's order."""
    wanted = set(names)
    return "、".join(state.text.zh for name, state in procedure.states.items() if name in wanted)


def _target(row: Action, procedure: Procedure) -> str:
    if row.target is None:
        return "不变 stays"
    return "暂停前的状态 back" if row.target == BACK else _states([row.target], procedure)


def _to(row: Action, procedure: Procedure, words: Glossary) -> str:
    """The state that follows, and into whose hands the case goes."""
    passed = [f"移交：{words.guess(row.passes)}"] if row.passes else []
    return BREAK.join([_target(row, procedure), *passed])


def _demands(row: Action, words: Glossary) -> str:
    """What a step must bring, and what it records by itself."""
    recorded = [f"自动记录：{words.shown(name, glossary.DEMANDS)}" for name in row.records]
    return BREAK.join([*(words.shown(name, glossary.DEMANDS) for name in row.demands), *recorded])


def _stage(found: Stage | None, procedure: Procedure, words: Glossary) -> str:
    """A limit, from which step on it counts, and its rule."""
    if found is None:
        return ""
    texts = {row.name: row.text.zh for row in procedure.actions if row.name in found.since}
    since = f"自“{'”或“'.join(texts.values())}”起算" if texts else ""
    length = (
        words.amount(found.limit.amount, found.limit.unit)
        if found.limit
        else f"{words.heading('two_level')}事项所定 by the item"
    )
    basis = found.limit.basis if found.limit else ""
    said = [length, since, basis, *tables.rest(found, ("limit", "since"), words)]
    return BREAK.join(part for part in said if part)


def _deemed(state: State, procedure: Procedure, words: Glossary) -> str:
    """What the law makes of a limit that passed; silence is a grant only where the item's law says so."""
    said = [_states([state.deemed], procedure)] if state.deemed else []
    if state.silence:
        said.append(f"{_states([state.silence], procedure)}（限{words.choice('silence', 'deemed_grant')}的事项）")
    return BREAK.join(said)


def _phase(state: State, words: Glossary) -> str:
    return _shown(["closed" if state.closed else None, "final" if state.final else None], glossary.STATES, words)


def _who(found: Who, words: Glossary) -> str:
    """Who may take a step, one line each."""
    said = [
        words.zh("applicant", glossary.THINGS) if found.applicant else "",
        *(words.zh(post, glossary.IDENTITIES) for post in Post if post in found.posts),
        f"含{words.zh('outposts', glossary.THINGS)}" if found.outposts else "",
        f"限本{words.zh('lines', glossary.THINGS)}" if found.lines else "",
        *tables.rest(found, ("applicant", "posts", "outposts", "lines"), words),
    ]
    return BREAK.join(part for part in said if part)


def _guards(names: Iterable[str], words: Glossary) -> str:
    return BREAK.join(f"[{words.zh(name, glossary.DEMANDS)}](../guards.md#{name})" for name in names)


def _clocks(row: Action, words: Glossary) -> str:
    return BREAK.join(
        f"{words.zh(effect, glossary.CLOCKS)}：{_clock_names(clocks, words)}" for effect, clocks in row.clocks.items()
    )


def _clock_names(clocks: Iterable[str], words: Glossary) -> str:
    return "、".join(words.zh(clock, glossary.CLOCKS) for clock in CLOCKS if clock in set(clocks))


def _codes(procedure: Procedure, words: Glossary) -> str:
    """The codes of the words that the table of steps gives in Chinese only."""
    posts = {post for row in procedure.actions for post in row.who.posts}
    clocks = {name for row in procedure.actions for effect, of in row.clocks.items() for name in (effect, *of)}
    said = [
        *(words.shown(name, glossary.THINGS) for name in ("applicant", "outposts", "lines")),
        *(words.shown(post, glossary.IDENTITIES) for post in Post if post in posts),
        *(words.shown(name, glossary.CLOCKS) for name in (*EFFECTS, *CLOCKS) if name in clocks),
    ]
    return f"用词 Words: {' · '.join(said)}"


def _pause_classes(words: Glossary) -> str:
    columns: tuple[Column[PauseClass], ...] = (
        Column("类别 Class", ("code", "zh", "en"), lambda kind: f"{kind.zh} {kind.en} `{kind.code}`"),
        Column("暂停 Stops", ("stops",), lambda kind: _clock_names(kind.stops, words)),
        Column("依据 Basis", ("basis",), lambda kind: kind.basis),
    )
    return tables.of(tuple(PAUSE_CLASSES.values()), columns, words)
