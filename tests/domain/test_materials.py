"""The check-list as a bitmap: what goes in comes out, and what is missing is the required rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.item import Item
from chalicelib.domain.materials import bitmap, missing, present
from chalicelib.errors import InvalidInput
from tests.support.published import item_documents, published_item

ITEMS = [published_item(document["id"]) for document in item_documents()]


@st.composite
def filed(draw: st.DrawFn) -> tuple[Item, list[str]]:
    """An item, and some of its material codes in any order, perhaps twice."""
    item = draw(st.sampled_from(ITEMS))
    codes = [material.code for material in item.materials]
    return item, draw(st.lists(st.sampled_from(codes), max_size=8)) if codes else []


@given(filed())
def test_what_was_filed_is_present_in_the_items_order(case: tuple[Item, list[str]]) -> None:
    item, codes = case
    assert present(item, bitmap(item, codes)) == tuple(m.code for m in item.materials if m.code in codes)


@given(filed())
def test_what_is_missing_is_required_and_was_not_filed(case: tuple[Item, list[str]]) -> None:
    item, codes = case
    assert missing(item, bitmap(item, codes)) == tuple(m for m in item.required() if m.code not in codes)


@given(filed(), filed())
def test_what_is_filed_later_adds_to_what_is_there(one: tuple[Item, list[str]], other: tuple[Item, list[str]]) -> None:
    item, codes = one
    more = [code for code in other[1] if code in {material.code for material in item.materials}]
    assert bitmap(item, codes + more) == bitmap(item, codes) | bitmap(item, more)


def test_every_unknown_code_is_named_at_its_place_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        bitmap(published_item("hotel-licence"), ["m1", "x9", "m2", "m"])
    errors = refused.value.errors
    assert [error.field for error in errors] == ["materials.1.code", "materials.3.code"]
    assert {error.code for error in errors} == {"unknown_material"}
    assert "m1、m2" in errors[0].zh
