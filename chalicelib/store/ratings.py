"""Ratings as they are kept: put once under (service, number), never changed. No other module touches the table."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pynamodb.attributes import Attribute, BinaryAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from chalicelib import settings
from chalicelib.domain.rating import Channel, Rating, RatingLevel, Way
from chalicelib.store.connection import share
from chalicelib.store.failures import ConditionFailed, guarded, persistently

Position = Mapping[str, Any]
_FEATURES = ("after", "adverse", "own", "device", "address", "person", "way")  # what no list is read by


class _ServedBy(GlobalSecondaryIndex["RatingRow"]):
    class Meta:
        index_name = "served_by"
        projection = AllProjection()

    organisation = UnicodeAttribute(hash_key=True, attr_name="o")
    at = NumberAttribute(range_key=True, attr_name="t")


class _OfItem(GlobalSecondaryIndex["RatingRow"]):
    class Meta:
        index_name = "of_item"
        projection = AllProjection()

    item = UnicodeAttribute(hash_key=True, attr_name="i")
    at = NumberAttribute(range_key=True, attr_name="t")


class RatingRow(Model):
    """One rating; `features` is JSON of what only rules look at."""

    class Meta:
        table_name = settings.current().ratings_table
        billing_mode = "PAY_PER_REQUEST"

    service = UnicodeAttribute(hash_key=True)
    number = NumberAttribute(range_key=True, attr_name="n")
    case_id = UnicodeAttribute(attr_name="c")
    visit = NumberAttribute(attr_name="v")
    organisation = UnicodeAttribute(attr_name="o")
    window = UnicodeAttribute(attr_name="w")
    staff = UnicodeAttribute(attr_name="s", null=True)
    item = UnicodeAttribute(attr_name="i")
    item_version = NumberAttribute(attr_name="j")
    at = NumberAttribute(attr_name="t")
    level = UnicodeAttribute(attr_name="l")
    channel = UnicodeAttribute(attr_name="k")
    case_channel = UnicodeAttribute(attr_name="h")
    reasons = UnicodeAttribute(attr_name="y", null=True)
    reasons_version = NumberAttribute(attr_name="z")
    text = UnicodeAttribute(attr_name="x", null=True)
    anonymous = NumberAttribute(attr_name="a")
    features: Attribute[dict[str, Any]] = JSONAttribute(attr_name="f")
    request = BinaryAttribute(legacy_encoding=False, attr_name="r")

    served_by = _ServedBy()
    of_item = _OfItem()


share(RatingRow)


def put(rating: Rating) -> bool:
    """Keeps a rating; False where this service has one of this number."""
    id, _, version = rating.item.rpartition("@")
    row = RatingRow(
        rating.service,
        rating.number,
        case_id=rating.case_id,
        visit=rating.visit,
        organisation=rating.organisation,
        window=rating.window,
        staff=rating.staff or None,
        item=id,
        item_version=int(version),
        at=round(rating.at.timestamp() * 1000),
        level=rating.level.value,
        channel=rating.channel.value,
        case_channel=rating.case_channel,
        reasons=",".join(rating.reasons) or None,
        reasons_version=rating.reasons_version,
        text=rating.text or None,
        anonymous=int(rating.anonymous),
        features={name: getattr(rating, name) for name in _FEATURES},
        request=rating.request,
    )
    try:
        persistently(lambda: row.save(condition=RatingRow.service.does_not_exist()))
    except ConditionFailed:
        return False
    return True


def one(service: str, number: int) -> Rating | None:
    """A rating as of now (a consistent read), or None."""
    try:
        with guarded():
            return rating(RatingRow.get(service, number, consistent_read=True))
    except RatingRow.DoesNotExist:
        return None


def of_services(services: Sequence[str]) -> list[Rating]:
    """The ratings of services, by service and number; one consistent read a service."""
    with guarded():
        return [rating(row) for name in services for row in RatingRow.query(name, consistent_read=True)]


def many(services: Sequence[str], number: int) -> list[Rating]:
    """The ratings of this number that these services have, each told once; one round trip a hundred."""
    with guarded():
        return [rating(row) for row in RatingRow.batch_get([(name, number) for name in services])]


def served_by(
    organisation: str, *, first: datetime, last: datetime, after: Position | None, most: int
) -> tuple[list[Rating], Position | None]:
    """At most `most` ratings of an organisation between two instants, newest first, and where to go on; one read."""
    return _page(RatingRow.served_by, "o", organisation, RatingRow.at.between(_ms(first), _ms(last)), after, most)


def of_item(
    item: str, *, first: datetime, last: datetime, after: Position | None, most: int
) -> tuple[list[Rating], Position | None]:
    """The same of an item, whatever its version."""
    return _page(RatingRow.of_item, "i", item, RatingRow.at.between(_ms(first), _ms(last)), after, most)


def _page(
    index: Any, attribute: str, key: str, between: Any, after: Position | None, most: int
) -> tuple[list[Rating], Position | None]:
    with guarded():
        page = index.query(
            key,
            between,
            scan_index_forward=False,
            limit=most,
            page_size=most,
            last_evaluated_key=_key(attribute, key, after) if after else None,
        )
        found = [rating(row) for row in page]
    onward = page.last_evaluated_key
    if not onward:
        return found, None
    return found, {"s": onward["service"]["S"], "n": int(onward["n"]["N"]), "t": int(onward["t"]["N"])}


def position(last: Rating) -> Position:
    """Where a list goes on behind a rating."""
    return {"s": last.service, "n": last.number, "t": _ms(last.at)}


def _key(attribute: str, key: str, after: Position) -> dict[str, Any]:
    return {
        "service": {"S": after["s"]},
        "n": {"N": str(after["n"])},
        "t": {"N": str(after["t"])},
        attribute: {"S": key},
    }


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def of_image(image: Mapping[str, Any]) -> Rating:
    """The rating in an item as the stream carries it, its bytes in base64."""
    row = RatingRow()
    row.deserialize({name: {"B": b64decode(value["B"])} if "B" in value else value for name, value in image.items()})
    return rating(row)


def rating(row: RatingRow) -> Rating:
    """The rating in a row."""
    return Rating(
        service=row.service,
        number=int(row.number),
        case_id=row.case_id,
        visit=int(row.visit),
        organisation=row.organisation,
        window=row.window,
        staff=row.staff or "",
        item=f"{row.item}@{int(row.item_version)}",
        at=datetime.fromtimestamp(row.at / 1000, tz=UTC),
        level=RatingLevel(row.level),
        channel=Channel(row.channel),
        reasons=tuple(row.reasons.split(",")) if row.reasons else (),
        reasons_version=int(row.reasons_version),
        text=row.text or "",
        anonymous=bool(row.anonymous),
        case_channel=row.case_channel,
        request=row.request,
        **{**row.features, "way": Way(row.features.get("way", Way.own))},
    )
