"""Findings as they are kept: put once under (subject, rule#occurrence), never changed. No other module touches the
table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.supervision.rule import Fact, Finding
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently


class _HandledBy(GlobalSecondaryIndex["FindingRow"]):
    class Meta:
        index_name = "handled_by"
        projection = AllProjection()

    organisation = UnicodeAttribute(hash_key=True, attr_name="o")
    at = NumberAttribute(range_key=True, attr_name="t")


class FindingRow(Model):
    """One finding; `evidence` is its canonical JSON."""

    class Meta:
        table_name = settings.current().findings_table
        billing_mode = "PAY_PER_REQUEST"

    subject = UnicodeAttribute(hash_key=True)
    key = UnicodeAttribute(range_key=True)
    organisation = UnicodeAttribute(attr_name="o")
    at = NumberAttribute(attr_name="t")
    evidence = UnicodeAttribute(attr_name="e")

    handled_by = _HandledBy()


share(FindingRow)


def put(found: Finding) -> bool:
    """Keeps a finding; False where it was kept before."""
    row = FindingRow(
        found.subject,
        found.key,
        organisation=found.organisation,
        at=round(found.at.timestamp() * 1000),
        evidence=json.dumps(dict(found.evidence), ensure_ascii=False, sort_keys=True, separators=(",", ":")),
    )
    try:
        persistently(lambda: row.save(condition=FindingRow.subject.does_not_exist()))
    except ConditionFailed:
        return False
    return True


def one(subject: str, key: str) -> Finding | None:
    """The finding of this name as of now (a consistent read), or None."""
    try:
        with guarded():
            return finding(FindingRow.get(subject, key, consistent_read=True))
    except FindingRow.DoesNotExist:
        return None


def of_subject(subject: str) -> list[Finding]:
    """Everything that was found of a case, an order or an organisation's day, by key; one read."""
    with guarded():
        return [finding(row) for row in FindingRow.query(subject)]


def handled_by(
    organisation: str,
    *,
    first: datetime,
    last: datetime,
    after: Mapping[str, Any] | None,
    most: int,
    newest_first: bool = False,
) -> tuple[list[Finding], Mapping[str, Any] | None]:
    """At most `most` findings at an organisation that came to be between two instants, in the order of time or
    the other way round, and where to go on; one read."""
    with guarded():
        page = FindingRow.handled_by.query(
            organisation,
            FindingRow.at.between(_ms(first), _ms(last)),
            limit=most,
            page_size=most,
            scan_index_forward=not newest_first,
            last_evaluated_key=_position(organisation, after) if after else None,
        )
        found = [finding(row) for row in page]
    onward = page.last_evaluated_key
    if not onward:
        return found, None
    return found, {"s": onward["subject"]["S"], "k": onward["key"]["S"], "t": int(onward["t"]["N"])}


def _position(organisation: str, after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "subject": {"S": after["s"]},
        "key": {"S": after["k"]},
        "o": {"S": organisation},
        "t": {"N": str(after["t"])},
    }


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def finding(row: FindingRow) -> Finding:
    """The finding in a row."""
    rule, _, occurrence = row.key.partition("#")
    evidence: dict[str, Fact] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in json.loads(row.evidence).items()
    }
    at = datetime.fromtimestamp(row.at / 1000, tz=UTC)
    return Finding(rule, row.subject, row.organisation, at, occurrence, evidence)
