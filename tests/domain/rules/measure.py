"""What it costs to judge a stream batch of 100 records by every rule of one case, beside `json.loads` of that batch.

`python -m tests.domain.rules.measure` prints the ratios of one run. No I/O, no folding; timelines are measured apart.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from chalicelib.domain import engine
from chalicelib.domain.case import Case
from chalicelib.domain.supervision.judging import judge
from chalicelib.domain.supervision.of_case import timeline
from chalicelib.rules import all_rules
from chalicelib.store.nodes import pack
from tests.bench.timing import compare
from tests.support.published import calendar
from tests.support.walks import ample, law, opened, there, wish

PLAIN = ("check", "accept", "check", "review", "grant", "complete", "deliver", "archive")
LONG = (
    "correct",
    "supplement",
    "check",
    "accept",
    "suspend",
    "resume",
    "review",
    "grant",
    "complete",
    "deliver",
)
RECORDS = 100


def grown(actions: tuple[str, ...], hours: int) -> list[Case]:
    """Every version of a case with so many hours from step to step, each step by somebody else."""
    versions = [opened(law())]
    for action in actions:
        case = versions[-1]
        at = case.nodes[-1].at + timedelta(hours=hours)
        actor = replace(there(case, action), subject=f"staff-{action}")
        versions.append(engine.take(case, wish(action, actor, at, ample(case, action)), law(), calendar()))
    return versions[1:]


def record(case: Case) -> Mapping[str, Any]:
    """The stream record of the last step of a case, with both images."""

    def image(nodes: int) -> dict[str, Any]:
        return {
            "id": {"S": case.id}, "v": {"N": str(nodes)}, "i": {"S": case.item}, "o": {"S": case.organisation},
            "c": {"S": case.channel}, "a": {"S": "1:0123456789abcdefghijkl"}, "r": {"N": "1772413200000"},
            "s": {"S": case.state}, "h": {"S": case.holder}, "q": {"N": "1772413200"},
            "n": {"L": [_wire(pack(node)) for node in case.nodes[:nodes]]},
        }  # fmt: skip

    change: dict[str, Any] = {
        "NewImage": image(case.version),
        "OldImage": image(case.version - 1),
        "SequenceNumber": "1",
    }
    change["ApproximateCreationDateTime"] = int(case.nodes[-1].at.timestamp())
    return {"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": change}


def batch(*hours: int) -> list[Case]:
    """A hundred cases, some in each version of their lives, with so many hours from step to step."""
    lives = [case for pace in hours for actions in (PLAIN, LONG) for case in grown(actions, pace)]
    return (lives * RECORDS)[:RECORDS]


def _wire(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _wire(part) for name, part in value.items()}
    return [_wire(part) for part in value] if isinstance(value, list) else value


def main() -> None:
    """Prints a line for cases in order and one for cases at which rules find something."""
    for name, hours in (("in order", 20), ("slow", 170)):
        print(f"{name}: {measured(hours)}")


def measured(hours: int) -> str:
    """What a batch of cases with so many hours from step to step comes to."""
    rules = [rule for rule in all_rules().values() if rule.scope == "case"]
    cases = batch(hours)
    lines = [timeline(case, law()) for case in cases]
    text = json.dumps({"Records": [record(case) for case in cases]})
    found = sum(len(judge(line, calendar(), rules).findings) for line in lines)
    judged = compare(lambda: [judge(line, calendar(), rules) for line in lines], lambda: json.loads(text), calls=1)
    made = compare(lambda: [timeline(case, law()) for case in cases], lambda: json.loads(text), calls=1)
    return (
        f"{found} findings, {len(text) // RECORDS} bytes a record; judge {judged.ratio:.2f} x json.loads "
        f"({judged.ours / RECORDS * 1e6:.0f} us a case), timeline {made.ratio:.2f} x"
    )


if __name__ == "__main__":
    main()
