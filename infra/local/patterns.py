"""Event patterns: which records of a stream a mapping's filters let through.

The operators that AWS documents for Lambda's filter criteria, read strictly: one that is unknown or misspelt is
refused by its place when the pattern is read, so that none is passed over in silence. This module must not know what
the records mean.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Found = Sequence[Any]  # the values at a place of a record; none: the place is not there
Test = Callable[[Found], bool]

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def parse(text: str) -> Callable[[Mapping[str, Any]], bool]:
    """What the pattern in `text` (JSON) says of a record. Raises ValueError that names the place of what is wrong.

    Numbers in DynamoDB's records are texts ({"N": "5"}): they are matched as texts, and `numeric` never matches them.
    """
    test = _object(json.loads(text), "pattern")
    return lambda record: test([record])


def _object(pattern: Any, place: str) -> Test:
    if not isinstance(pattern, dict) or not pattern:
        raise ValueError(f"{place}: an object of fields is needed")
    parts = [_part(name, inner, f"{place}.{name}") for name, inner in pattern.items()]

    def test(found: Found) -> bool:
        return any(all(part([node]) for part in parts) for node in found) if found else all(part([]) for part in parts)

    return test


def _part(name: str, inner: Any, place: str) -> Test:
    if name == "$or":
        if not isinstance(inner, list) or not inner:
            raise ValueError(f"{place}: a list of patterns is needed")
        branches = [_object(branch, f"{place}[{n}]") for n, branch in enumerate(inner)]
        return lambda found: any(branch(found) for branch in branches)
    test = _alternatives(inner, place) if isinstance(inner, list) else _object(inner, place)
    return lambda found: test(_inside(found, name))


def _inside(found: Found, name: str) -> Found:
    values = [node[name] for node in found if isinstance(node, dict) and name in node]
    return [each for value in values for each in (value if isinstance(value, list) else [value])]


def _alternatives(given: list[Any], place: str) -> Test:
    """Any of the alternatives, of which the last step of a path has a list. They look at leaves: an object that is
    there is no value."""
    if not given:
        raise ValueError(f"{place}: at least one value is needed")
    tests = [_alternative(each, place) for each in given]
    return lambda found: any(test([each for each in found if not isinstance(each, dict)]) for test in tests)


def _alternative(given: Any, place: str) -> Test:
    if isinstance(given, list):
        raise ValueError(f"{place}: a value cannot be a list")
    if not isinstance(given, dict):
        return lambda found: any(_same(each, given) for each in found)
    if len(given) != 1:
        raise ValueError(f"{place}: one operator at a time, not {', '.join(given) or 'none'}")
    ((name, value),) = given.items()
    match name:
        case "exists" if isinstance(value, bool):
            return lambda found: bool(found) is value
        case "prefix" if isinstance(value, str):
            return lambda found: any(isinstance(each, str) and each.startswith(value) for each in found)
        case "suffix" if isinstance(value, str):
            return lambda found: any(isinstance(each, str) and each.endswith(value) for each in found)
        case "equals-ignore-case" if isinstance(value, str):
            return lambda found: any(isinstance(each, str) and each.casefold() == value.casefold() for each in found)
        case "anything-but":
            return _anything_but(value, place)
        case "numeric":
            return _numeric(value, place)
    raise ValueError(f"{place}: {name} with {json.dumps(value)} is no operator of Lambda's filter criteria")


def _anything_but(value: Any, place: str) -> Test:
    unwanted = value if isinstance(value, list) else [value]
    if not unwanted or any(isinstance(each, dict | list) for each in unwanted):
        raise ValueError(f"{place}: anything-but takes a value or a list of values")
    return lambda found: any(not any(_same(each, one) for one in unwanted) for each in found)


def _numeric(value: Any, place: str) -> Test:
    pairs = list(zip(value[::2], value[1::2], strict=False)) if isinstance(value, list) else []
    sound = all(isinstance(sign, str) and sign in _COMPARISONS and _is_number(bound) for sign, bound in pairs)
    if not pairs or len(value) % 2 or not sound:
        raise ValueError(f'{place}: numeric takes pairs such as [">", 0, "<=", 5]')
    return lambda found: any(
        _is_number(each) and all(_COMPARISONS[sign](each, bound) for sign, bound in pairs) for each in found
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) is isinstance(other, bool)
