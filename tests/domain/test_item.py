"""Items: the whole catalogue parses, and a broken document is refused by a message that names the place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.authority import Line
from chalicelib.domain.clocks import Unit
from chalicelib.domain.item import parse
from chalicelib.domain.organisation import Level
from chalicelib.errors import BrokenDefinition
from chalicelib.procedures import all_procedures
from tests.support.published import Table, item_document, item_documents, published_item

CATALOGUE = item_documents()


def test_the_catalogue_has_thirty_eight_items() -> None:
    assert len(CATALOGUE) == 38


@pytest.mark.parametrize("document", CATALOGUE, ids=[document["id"] for document in CATALOGUE])
def test_an_item_of_the_catalogue_parses_and_its_words_mean_something(document: Table) -> None:
    item = parse(document, 3)
    assert item.ref == f"{document['id']}@3"
    procedure = all_procedures()[item.procedure]
    assert {action for pair in item.separation for action in pair} <= {row.name for row in procedure.actions}
    assert item.extension is None or (item.statutory and item.extension.unit is item.statutory.unit)
    assert len(item.materials) == len(document["materials"])


def test_an_item_holds_what_its_document_says() -> None:
    item = published_item("hotel-licence")
    assert (item.line, item.form, item.procedure) == (Line.public_order, "promised", "permit@1")
    assert item.statutory is not None
    assert (item.statutory.amount, item.statutory.unit) == (20, Unit.working_day)
    assert item.levels <= set(Level)
    assert item.separation == {("accept", "grant"), ("accept", "deny")}
    assert (item.on_site_check, item.active) == (True, True)
    assert {m.code for m in item.required()} == {m.code for m in item.materials if m.necessity == "required"}


BROKEN: dict[str, tuple[Callable[[Table], Any], str]] = {
    "id": (lambda d: d.update(id="Hotel Licence"), "item Hotel Licence.id:"),
    "no id": (lambda d: d.pop("id"), r"item \?.id:"),
    "name": (lambda d: d["name"].pop("en"), "hotel-licence.name: zh and en"),
    "line": (lambda d: d.update(line="fire"), "hotel-licence.line: 'fire' is not one of public_order"),
    "no levels": (lambda d: d.update(levels=[]), "hotel-licence.levels: at least one"),
    "a window's item": (lambda d: d.update(levels=["window"]), "hotel-licence.levels: 'window'"),
    "form": (lambda d: d.update(form="slow"), "hotel-licence.form: 'slow'"),
    "visits untold": (lambda d: d.pop("visits"), "hotel-licence.visits: how often"),
    "visits without end": (lambda d: d.update(visits=10), "hotel-licence.visits: .* 0 to 9"),
    "visits true": (lambda d: d.update(visits=True), "hotel-licence.visits: how often"),
    "limit below nothing": (lambda d: d["statutory"].update(limit=-1), "hotel-licence.statutory: a limit"),
    "limit beyond all law": (lambda d: d["statutory"].update(limit=10_001), "hotel-licence.statutory: a limit"),
    "limit in words": (lambda d: d["promised"].update(limit="5"), "hotel-licence.promised: a limit"),
    "limit true": (lambda d: d["promised"].update(limit=True), "hotel-licence.promised: a limit"),
    "unit": (lambda d: d["extension"].update(unit="moon"), "hotel-licence.extension: .* and a unit of"),
    "promise": (lambda d: d["promised"].update(limit=21), "hotel-licence.promised: longer than .* 20"),
    "material without a code": (lambda d: d["materials"][0].pop("code"), r"hotel-licence.materials.\?: a code"),
    "a code twice": (lambda d: d["materials"][1].update(code="m1"), "hotel-licence.materials.m1: a code of its own"),
    "necessity": (lambda d: d["materials"][0].update(necessity="nice"), "hotel-licence.materials.m1.necessity: 'nice'"),
    "material name": (lambda d: d["materials"][0].update(name={}), "hotel-licence.materials.m1.name: zh and en"),
    "pair of three": (lambda d: d.update(separation=[["a", "b", "c"]]), "hotel-licence.separation: pairs"),
    "pair of one person": (lambda d: d.update(separation=[["grant", "grant"]]), "hotel-licence.separation: pairs"),
    "reach": (lambda d: d.update(reach="moon"), "hotel-licence.reach: 'moon'"),
    "subjects": (lambda d: d.update(subjects=["dog"]), "hotel-licence.subjects: 'dog'"),
    "delivery": (lambda d: d.update(delivery=["pigeon"]), "hotel-licence.delivery: 'pigeon'"),
}


@pytest.mark.parametrize(("change", "place"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_item_is_refused_and_the_place_is_named(change: Callable[[Table], Any], place: str) -> None:
    document = item_document("hotel-licence")
    change(document)
    with pytest.raises(BrokenDefinition, match=place):
        parse(document, 1)


def test_a_promise_in_another_unit_than_the_law_is_not_compared() -> None:
    document = item_document("hotel-licence")
    document["promised"] = {"limit": 100, "unit": "hour"}
    assert parse(document, 1).promised is not None


def test_a_retired_item_says_so() -> None:
    assert parse(item_document("hotel-licence") | {"status": "retired"}, 2).active is False
