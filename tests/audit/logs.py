"""Small logs as a test writes them, and their audit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chalicelib.domain.supervision.rule import Finding
from chalicelib.rules import all_rules
from infra.audit import auditing, report
from infra.logs import mapping, reading
from infra.logs.log import Log

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SHARED = Path(__file__).parents[2].parent / "shared" / "data"

HEAD = """
source = "small"
timezone = "Asia/Shanghai"
[case]
id = "id"
start = "start"
due = "due"
end = "end"
[event]
activity = "what"
time = "when"
resource = "who"
"""
STEPS = "".join(
    f'[[activity]]\nis = "{name}"\naction = "{name}"\n'
    for name in ("check", "correct", "supplement", "accept", "review", "suspend", "grant", "deny", "deliver")
)


def read(folder: Path, cases: str, events: str, more: str = "", top: str = "", head: str = HEAD) -> Log:
    """A log of two tables under a mapping: `top` goes before its tables, `more` behind them."""
    log = folder / "log"
    log.mkdir(exist_ok=True)
    if cases:
        (log / "cases.csv").write_text("id,start,due,end\n" + cases, encoding="utf-8")
    (log / "events.csv").write_text("id,what,when,who\n" + events, encoding="utf-8")
    (folder / "map.toml").write_text(top + head + STEPS + more, encoding="utf-8")
    return reading.read(log, mapping.read(folder / "map.toml", log), NOW)


def audit(log: Log) -> tuple[dict[str, Any], list[Finding]]:
    """The document, as a program reads it, and every finding."""
    found: list[Finding] = []
    document = report.document(auditing.audit(log, all_rules().values(), found.append))
    return json.loads(json.dumps(document)), found


def rule(document: dict[str, Any], code: str) -> dict[str, Any]:
    """What one rule said."""
    return next(each for each in document["rules"] if each["code"] == code)


def shipped(name: str) -> dict[str, Any]:
    """The audit of a log that lies beside the project, by the mapping that ships."""
    log = SHARED / name
    return audit(reading.read(log, mapping.read(mapping.find(log), log), NOW))[0]
