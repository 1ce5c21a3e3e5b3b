"""Filter criteria: which records a pattern lets through, and which patterns are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.patterns import parse

RECORD: dict[str, Any] = {
    "eventName": "MODIFY",
    "dynamodb": {
        "SizeBytes": 120,
        "Keys": {"id": {"S": "330203-1"}},
        "NewImage": {
            "id": {"S": "330203-1"},
            "v": {"N": "5"},
            "x": {"BOOL": True},
            "note": {"NULL": True},
            "tags": {"SS": ["red", "blue"]},
            "n": {"L": [{"M": {"a": {"S": "submit"}, "t": {"N": "1"}}}, {"M": {"a": {"S": "accept"}}}]},
        },
    },
}


def image(**attributes: Any) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": attributes}}


@pytest.mark.parametrize(
    ("pattern", "passes"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["REMOVE"]}, False),
        ({"eventName": ["MODIFY"], "dynamodb": {"Keys": {"id": {"S": ["other"]}}}}, False),
        (image(v={"N": ["5"]}), True),
        pytest.param(image(v={"N": [5]}), False, id="a number of DynamoDB is a text"),
        pytest.param(image(v={"N": [{"numeric": [">", 1]}]}), False, id="and no numeric operator sees it"),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 100, "<=", 120]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["=", 100]}, {"numeric": ["<", 120]}]}}, False),
        (image(x={"BOOL": [True]}), True),
        pytest.param(image(x={"BOOL": [1]}), False, id="true is not one"),
        (image(id={"S": [{"prefix": "330203"}]}), True),
        (image(id={"S": [{"prefix": "330204"}]}), False),
        (image(id={"S": [{"suffix": "-1"}]}), True),
        (image(id={"S": [{"equals-ignore-case": "330203-1"}]}), True),
        (image(id={"S": [{"anything-but": ["330203-1"]}]}), False),
        (image(id={"S": [{"anything-but": "another"}]}), True),
        pytest.param(image(gone={"S": [{"anything-but": ["x"]}]}), False, id="what is not there is not anything"),
        (image(id={"S": [{"exists": True}]}), True),
        (image(gone={"S": [{"exists": True}]}), False),
        (image(gone={"S": [{"exists": False}]}), True),
        pytest.param({"dynamodb": {"OldImage": {"id": {"S": [{"exists": False}]}}}}, True, id="nor what would hold it"),
        pytest.param(image(id=[{"exists": True}]), False, id="exists looks at leaves only"),
        (image(tags={"SS": ["blue"]}), True),
        (image(tags={"SS": ["green"]}), False),
        (image(n={"L": {"M": {"a": {"S": ["accept"]}}}}), True),
        pytest.param(image(n={"L": {"M": {"a": {"S": ["accept"]}, "t": {"N": ["1"]}}}}), False, id="in one element"),
        ({"$or": [{"eventName": ["REMOVE"]}, image(v={"N": ["5"]})]}, True),
        ({"$or": [{"eventName": ["REMOVE"]}, image(v={"N": ["6"]})]}, False),
        (image(note={"NULL": [None]}), False),
    ],
)
def test_a_pattern_lets_through_what_aws_documents(pattern: dict[str, Any], passes: bool) -> None:
    assert parse(json.dumps(pattern))(RECORD) is passes


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ({}, "pattern"),
        ({"eventName": "MODIFY"}, "pattern.eventName"),
        ({"eventName": []}, "pattern.eventName"),
        ({"eventName": [["MODIFY"]]}, "pattern.eventName"),
        ({"eventName": [{"wildcard": "M*"}]}, "wildcard"),
        ({"eventName": [{"exists": "yes"}]}, "exists"),
        ({"eventName": [{"anything-but": {"prefix": "M"}}]}, "anything-but takes"),
        ({"eventName": [{"prefix": "M", "suffix": "Y"}]}, "one operator at a time"),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">"]}]}}, "pattern.dynamodb.SizeBytes"),
        ({"dynamodb": {"SizeBytes": [{"numeric": ["about", 5]}]}}, "numeric"),
        ({"$or": []}, r"pattern.\$or"),
    ],
)
def test_a_pattern_that_is_not_understood_is_refused_by_its_place(pattern: dict[str, Any], place: str) -> None:
    with pytest.raises(ValueError, match=place):
        parse(json.dumps(pattern))
