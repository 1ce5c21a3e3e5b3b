"""What the dashboards show of a run is what the tables hold and what was asked: every widget of all three, by name."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.domain.calendar import legal_day
from infra.local.wsgi_client import Reply
from infra.watch import dashboards
from infra.watch.watched import Place
from tests.flow.conftest import NINE, Filed, Hub, problem
from tests.flow.rating_steps import BAD, rated
from tests.flow.test_quarantine import BROKEN, out_of_reach, put, stored
from tests.support.declared import WATCHED
from tests.support.town import (
    ACCEPT,
    HAISHU,
    NOTE,
    PERSON,
    PUBLISHER,
    REVIEW,
    WANG,
    WHOLE,
    ZHEJIANG,
    hotel,
    lodging,
    staff,
)  # fmt: skip
from tests.support.wire import Call, Send, tapped, wire

DAY = 86_400
NOWHERE = "/v1/nowhere"
LAKE = "LAKE_BUCKET"
HEAD = staff("head", ZHEJIANG, "analysis")
PLACE = Place("local", "cn-north-1", "123456789012", "aws-cn")
BODIES = dashboards.dashboards(WATCHED, PLACE)
GOOD = {"level": "satisfied", "reasons": []}


@dataclass(slots=True)
class Run(Hub):
    """The door, remembering what was asked of it and what went over the wire."""

    answers: list[tuple[str, int]] = field(default_factory=list, repr=False)
    cases: list[str] = field(default_factory=list, repr=False)
    runs: Counter[str] = field(default_factory=Counter, repr=False)
    costs: Counter[tuple[str, bool]] = field(default_factory=Counter, repr=False)
    refused: Counter[str] = field(default_factory=Counter, repr=False)
    before: dict[str, int] = field(default_factory=dict, repr=False)
    slowest: float = 0.0

    def ask(self, method: str, path: str, *arguments: Any, **named: Any) -> Reply:
        began = time.perf_counter()
        reply = Hub.ask(self, method, path, *arguments, **named)
        if not path.startswith("/_local/"):
            self.answers.append((path, reply.status))
            self.slowest = max(self.slowest, time.perf_counter() - began)
        if (method, path, reply.status) == ("POST", "/v1/cases", 201):
            self.cases.append(reply.json()["case_id"])
        return reply

    def later(self, seconds: int) -> None:
        """The clock goes on; what fell due runs once."""
        before = self.cloud.now()
        self.cloud.advance(seconds)
        for name, schedule in self.cloud.scheduler.schedules.items():
            self.runs[name] += schedule.fell_due(before, self.cloud.now())

    def every_schedule(self) -> None:
        for name in self.cloud.schedule_names():
            self.cloud.run_schedule(name)
            self.runs[name] += 1

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Count by table, beside the platform, what is read and written and which conditions do not hold."""

        def handle(call: Call, send: Send) -> Any:
            answer = send()
            if call.operation != "TransactWriteItems" and "ConditionalCheckFailed" in answer[2] and answer[0] == 400:
                self.refused[call.arguments["TableName"]] += 1
            if answer[0] == 200 and "IndexName" not in call.arguments:  # what an index costs is told apart
                writing = not call.operation.endswith(("GetItem", "GetItems", "Query", "Scan"))
                self.costs.update((table, writing) for table in tables_of(call.arguments))
            return answer

        with tapped(handle):
            yield

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [row.item for row in self.cloud.tables[f"{table.capitalize()}Table"].rows.values()]


def tables_of(arguments: Mapping[str, Any]) -> Iterator[str]:
    if "TableName" in arguments:
        yield arguments["TableName"]
    for table, requests in arguments.get("RequestItems", {}).items():
        yield from [table] * (len(requests) if isinstance(requests, list) else 1)
    for each in arguments.get("TransactItems", []):
        yield from (operation["TableName"] for operation in each.values())


@pytest.fixture
def run(hub: Hub) -> Run:
    """A busy month: four channels, ratings, questions, refusals, what is overdue, what is put aside and given up."""
    run = Run(hub.cloud, before={each.name: each.stats.invocations for each in hub.cloud.pump.mappings})
    with run.watched():
        busy(run)
    return run


def busy(run: Run) -> None:
    rated(run, run.life(run.file(), *WHOLE), GOOD, key="rate-good")
    rated(run, run.life(run.file(hotel(channel="web")), *WHOLE), BAD, key="rate-bad")
    run.life(run.file(), *WHOLE)  # nobody rates it, so the applicant is invited
    run.file(lodging(channel="kiosk"))
    run.file(lodging(channel="window", applicant={**PERSON, "account": "zhang"}), staff("lu", "33020301", "intake"))
    late = run.life(run.file(), ACCEPT, REVIEW)
    problem(run.act(late, "grant", staff("li", HAISHU, "review"), {"note": NOTE}), 403, "same_person")
    for text in ("身份证丢了去哪补办", "无人机航拍要找你们报备吗"):
        assert run.ask("POST", "/v1/questions", None, {"text": text, "organisation": HAISHU}).status == 200
    assert run.ask("GET", f"/v1/desk?org={HAISHU}", headers={"Authorization": "Bearer bad"}).status == 401
    assert run.ask("GET", NOWHERE).status == 404
    run.cloud.drain()
    given_up(run, late)
    run.later(20 * DAY)
    run.every_schedule()
    assert run.ask("POST", "/_local/rebuild").status == 200


def given_up(run: Run, case: Filed) -> None:
    """A record that cannot be read, while the quarantine does not answer: a dead letter, until it does. Then the item
    is mended, and a comparison finds what is missing of it."""
    item = stored(case)
    put(BROKEN, {name: value for name, value in item.items() if name != "c"})
    with wire(out_of_reach):
        run.cloud.drain()
    run.cloud.drain()
    put(BROKEN, item)
    run.cloud.drain()


# What the tables hold, and what was asked


@dataclass(frozen=True, slots=True)
class Between:
    """A number of which only this much can be known beforehand."""

    low: float
    high: float = float("inf")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and self.low <= other <= self.high

    def __hash__(self) -> int:
        raise TypeError


Shown = dict[str, Any]  # label → a number, or what is known of it
UNMEASURED = None


def ladder(run: Run, *rules: str) -> Counter[str]:
    """Findings of these rules by what they are about: a case, or a kind of order."""
    kinds = {row["id"]["S"]: row["i"]["S"].partition("@")[0] for row in run.rows("orders")}
    found = [row for row in run.rows("findings") if row["key"]["S"].partition("#")[0] in rules]
    return Counter(kinds.get(row["subject"]["S"], "case") for row in found)


def quarantined(run: Run) -> Counter[str]:
    """Records that lie in the quarantine by the function that could not read them."""
    found = Counter[str]()
    for row in run.get("/v1/quarantine", PUBLISHER)["items"]:
        found[row["reader"]] += row["records"]
    return found


def delivered(run: Run) -> Shown:
    """Batches that the pump gave to each reader, of those that got any."""
    given = {each.name: each.stats.invocations - run.before[each.name] for each in run.cloud.pump.mappings}
    return {name: number for name, number in given.items() if number}


def invocations(run: Run) -> Shown:
    """Calls of each function: what was asked, what the pump delivered, and the schedules that fell due."""
    entered = sum(path != NOWHERE for path, _ in run.answers)
    return {"api_handler": entered, **delivered(run), "on_dead_letter": 2, **run.runs}  # one letter: in vain, and again


def of_operations(run: Run) -> dict[str, Shown | None]:
    statuses = Counter(status // 100 for _, status in run.answers)
    functions = invocations(run)
    slowest = Between(0.1, 1_000 * run.slowest)
    costs = {writing: {name: 0 for name, _ in run.costs} for writing in (False, True)}
    for (table, writing), number in run.costs.items():
        costs[writing][table] = number
    return {
        "请求量与错误 Traffic and errors": {
            "请求 requests": len(run.answers), "客户端错误 4xx": statuses[4], "服务端错误 5xx": statuses[5],
        },
        "响应时间 Latency": {
            **{f"p{at} 全程 in all": slowest for at in (50, 90, 99)}, "p99 函数 in the function": slowest,
        },
        "接口自计 As the door counts": {"令牌被拒 tokens refused": sum(status == 401 for _, status in run.answers)},
        "可用性误差预算 Error budget: availability": {"剩余 % left": 100},
        "可用性消耗倍率 Burn rate: availability 99.9 %": {"消耗倍率 burn rate": 0},
        "响应时间误差预算 Error budget: latency": {"剩余 % left": Between(100 if run.slowest < 3 else -10_000, 100)},
        "响应时间消耗倍率 Burn rate: latency 99 %": {"消耗倍率 burn rate": Between(0, 0 if run.slowest < 3 else 100)},
        "调用 Invocations": functions,
        "出错 Errors": {name: int(name == "on_dead_letter") for name in functions},
        "时长 p99 Duration": {name: Between(0) for name in functions},
        "限流 Throttles": dict.fromkeys(functions, 0),
        "并发 Concurrency": UNMEASURED,
        "数据流落后 Iterator age": {name: Between(0) for name in delivered(run)},
        "队列消息 Messages": {"dead-letters": 1},
        "最老消息 Oldest message": {"dead-letters": 0},
        "读取容量 Reads": {short(name): Between(number / 2) for name, number in costs[False].items() if number},
        "写入容量 Writes": {short(name): Between(number) for name, number in costs[True].items() if number},
        "办件表时延 Latency of cases": UNMEASURED,
        "限流 Throttles 2": UNMEASURED,
        "DynamoDB 自身错误 System errors": UNMEASURED,
        "条件未满足 Conditions that did not hold": {short(name): number for name, number in run.refused.items()},
        "事务冲突 Transaction conflicts": UNMEASURED,
    }  # fmt: skip


def short(table: str) -> str:
    return table.removeprefix("zhongshu-local-")


def of_data(run: Run) -> dict[str, Shown | None]:
    aside = quarantined(run)
    told = run.ask("POST", "/_local/rebuild").json()
    differences = sum(told[name]["number"] for name in ("missing", "different", "unfounded"))
    assert differences > 0
    broken = sum(not run.get(f"/v1/cases/{case}/history", WANG)["verified"] for case in run.cases)
    swept = reached(run)
    pages = [row["page"]["S"] for row in run.rows("forecasts")]
    return {
        "指数落后（秒） Indices behind, s": {" ": 0},
        "重建差异 Rebuild differences": {" ": differences},
        "节点前后不符 Broken histories": {" ": broken},
        "进入隔离区 Quarantined": {"条 records": aside.total()},
        "死信 Dead letters": {"条 messages": 1},
        "日历剩余（天） Calendar left, days": {" ": (date(2026, 12, 31) - legal_day(run.cloud.now())).days},
        "落后 Iterator age": {name: Between(0) for name in delivered(run)},
        "隔离区 Quarantined": dict(aside),
        "死信 Dead letters 2": {"dead-letters": 1},
        "运行到底的次数 Runs that came to their end": dict(run.runs),
        "未能启动 Not started": {},
        "指数与清单 Indices and lists": {
            "口径单元 cells": sum(int(row["v"]["N"]) for row in run.rows("cells")),
            "发布周期 periods": Between(len({row["page"]["S"].partition("#")[0] for row in run.rows("indices")})),
            "单位预测 forecasts": sum(page.startswith("made#") for page in pages),
            "预测核对 forecasts scored": len({page for page in pages if page.startswith("scored#")}),
            "月报 reports": len(run.cloud.buckets.keys("REPORTS_BUCKET")),
            "数据湖清单 manifests": Between(sum(key.startswith("manifests/") for key in run.cloud.buckets.keys(LAKE))),
            "比对区间 spans compared": Between(len(run.rows("days"))),
        },
        "监督 Supervision": {
            "到期时限 deadlines due": Between(ladder(run, "W02").total()),
            "预警和异常 rungs reached": swept,
            "跨件规律 patterns": patterns(run),
            "重算期限 recounted": 0,
        },
        "时效 Freshness": {"指数落后 indices behind": 0},
    }


def reached(run: Run) -> int:
    """What the sweep found: rungs of the ladder, and the silence that counts as a decision (A21)."""
    return ladder(run, "W01", "W02", "W03", "A21").total()


def patterns(run: Run) -> int:
    """Findings that are about neither a case nor an order."""
    single = {row["id"]["S"] for table in ("cases", "orders") for row in run.rows(table)}
    return sum(row["subject"]["S"] not in single for row in run.rows("findings"))


def of_business(run: Run) -> dict[str, Shown | None]:
    histories = [run.get(f"/v1/cases/{case}/history", WANG)["nodes"] for case in run.cases]
    actions = Counter(node["action"] for nodes in histories for node in nodes)
    channels = Counter(row["c"]["S"] for row in run.rows("cases") if row["id"]["S"] in run.cases)
    levels = Counter(row["l"]["S"] for row in run.rows("ratings"))
    late, finished = ladder(run, "W02"), actions["complete"] + actions["settle"]
    bad = levels["dissatisfied"] + levels["very_dissatisfied"]
    return {
        "收件 Received": {"件 cases": len(run.cases)},
        "办结 Completed": {"件 cases": finished},
        "超期 Ran out": {"个时限 clocks": late["case"]},
        "差评率 Bad ratings": {"%": 100 * bad / levels.total()},
        "咨询自动答复率 Answered at once": {"%": 50},
        "超期整改 Follow-ups overdue": {"件 orders": late["follow_up"]},
        "收件渠道 Intake by channel": dict(channels),
        "收件与办结 Received and completed": {"收件 received": len(run.cases), "办结 completed": finished},
        "超期 Clocks that ran out": dict(late),
        "流程节点 Steps": dict(actions),
        "评价 Ratings": dict(levels),
        "咨询 Questions": {"answered": 1, "handed_over": 1},
        "监督预警 Supervision": {"findings": reached(run), "cases": patterns(run)},
        "邀评与回访 Invitations and callbacks": {
            "invitations": sum(row["fact"]["S"].startswith("rating_invitation#") for row in run.rows("facts")),
            "callbacks": sum(row["i"]["S"].startswith("satisfaction_call@") for row in run.rows("orders")),
        },
    }


EXPECTED: Mapping[str, Callable[[Run], dict[str, Shown | None]]] = {
    "operations": of_operations, "data": of_data, "business": of_business,
}  # fmt: skip


def shown(run: Run, properties: Mapping[str, Any]) -> Shown | None:
    """What a widget shows of the whole run, by label; None where it says that nothing is measured."""
    start, end = NINE - timedelta(hours=1), run.cloud.now() + timedelta(minutes=1)
    whole = properties.get("setPeriodToTimeRange")
    period = int((end - start).total_seconds()) if whole else DAY
    asked = {"metrics": properties["metrics"], "period": period, "from": start.isoformat(), "to": end.isoformat()}
    series = run.ask("POST", "/_local/metrics", None, asked).json()["series"]
    if not any(each["measured"] for each in series):
        return UNMEASURED
    how = {row[-1]["id"]: row[-1].get("stat", "Sum") for row in properties["metrics"]}
    return {each["label"]: total(how[each["id"]], each["points"]) for each in series if each["points"]}


def total(statistic: str, points: list[list[float]]) -> float:
    values = [value for _, value in points]
    if statistic in ("Sum", "SampleCount"):
        return sum(values)
    return min(values) if statistic == "Minimum" else max(values)


def widgets(board: str, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Title and properties of the widgets of a kind; a title that comes again is numbered."""
    seen = Counter[str]()
    for widget in BODIES[board]["widgets"]:
        if widget["type"] == kind:
            title = widget["properties"]["title"]
            seen[title] += 1
            yield f"{title} {seen[title]}" if seen[title] > 1 else title, widget["properties"]


def same(found: Shown | None, wanted: Shown | None) -> bool:
    """Whether a widget shows what it must; a label may be told by its last word, which is the name in the code."""
    if found is None or wanted is None:
        return found is wanted
    names = {label if label in wanted else label.rpartition(" ")[2]: value for label, value in found.items()}
    return names.keys() == wanted.keys() and all(wanted[name] == value for name, value in names.items())


def test_every_widget_shows_what_the_tables_hold_and_what_was_asked(run: Run) -> None:
    wrong = []
    for board in BODIES:
        wanted = EXPECTED[board](run)
        found = {title: shown(run, properties) for title, properties in widgets(board, "metric")}
        assert found.keys() == wanted.keys(), board
        wrong += [(board, each, found[each], wanted[each]) for each in found if not same(found[each], wanted[each])]
    assert wrong == [], "\n".join(map(str, wrong))


def test_custom_widgets_show_what_the_door_answers(run: Run) -> None:
    month = f"{run.cloud.now():%Y-%m}"
    counties = run.get(f"/v1/indices/{month}?level=county", HEAD)["items"]
    by_title = dict(widgets("business", "custom"))
    ranking = lines(run, by_title["县级指数 Indices of counties"])
    told = [
        [str(each["rank"] or "—"), each["name"]["zh"], "—" if each["index"] is None else f"{each['index']:.2f}"]
        for each in counties
    ]
    assert ranking
    assert all(row[:3] in told for row in ranking)
    assert all(row in [each[:3] for each in ranking] for row in told if row[2] != "—")
    overdue = lines(run, by_title["超期办件 Overdue"])
    late = {row["subject"]["S"] for row in run.rows("findings") if row["key"]["S"].startswith("W02#")} & set(run.cases)
    assert sum(int(row[2]) for row in overdue) == len(late)


def lines(run: Run, properties: Mapping[str, Any]) -> list[list[str]]:
    """The lines of the first table of a custom widget, asked as the console asks it."""
    until = int(run.cloud.now().timestamp() * 1000)
    context = {"theme": "dark", "locale": "zh", "width": 600, "height": 900, "params": properties["params"]}
    context["timeRange"] = {"start": 0, "end": until}
    name = properties["endpoint"].rpartition("zhongshu-local-")[2]
    html = run.ask("POST", f"/_local/widgets/{name}", None, {"widgetContext": context}).json()["shown"]
    table = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in table.split("</tr>") if row]
