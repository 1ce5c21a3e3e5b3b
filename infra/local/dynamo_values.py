"""DynamoDB's typed values in their wire form: {"S": "text"}, {"N": "12"}, {"M": {…}} and so on.

Validation, normal form, size and comparison as DynamoDB documents them. Binary values stay base64 text, as on the
wire. Values that went through `checked` are never changed in place by anybody: rows, stream images and answers share
them. This module must not know about tables.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from decimal import Context, Decimal, DecimalException, Inexact
from typing import Any

Value = dict[str, Any]
Attributes = dict[str, Value]

ITEM_LIMIT = 400 * 1024
_DEPTH_LIMIT = 32
_PLAIN_INTEGER = re.compile(r"(?:0|-?[1-9][0-9]{0,36})\Z")
_EXACT = Context(prec=38, traps=[Inexact])
_SETS = ("SS", "NS", "BS")


class Fault(Exception):  # noqa: N818  it is an answer
    """An answer other than success: `code` is DynamoDB's error name, `extra` goes into the error document."""

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.extra = extra


def invalid(message: str) -> Fault:
    """The ValidationException with this message."""
    return Fault("ValidationException", message)


def number(text: str) -> str:
    """The normal form of a number: no exponent, no superfluous zeros; over 38 digits or out of range is refused."""
    if _PLAIN_INTEGER.match(text):
        return text
    try:
        value = _EXACT.create_decimal(text)
    except Inexact:
        raise invalid("Attempting to store more than 38 significant digits in a Number") from None
    except DecimalException:
        value = None
    if value is None or not value.is_finite() or text != text.strip():
        raise invalid(f"The parameter cannot be converted to a numeric value: {text}")
    return _number_text(value)


def _number_text(value: Decimal) -> str:
    if not value:
        return "0"
    if value.adjusted() > 125:
        message = "Number overflow. Attempting to store a number with magnitude larger than supported range"
        raise invalid(message)
    if value.adjusted() < -130:
        message = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
        raise invalid(message)
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def added(left: Value, right: Value, sign: int) -> Value:
    """left + right or left - right for two numbers, exact to 38 digits; anything else is refused."""
    if "N" not in left or "N" not in right:
        raise invalid("An operand in the update expression has an incorrect data type")
    a, b = Decimal(left["N"]), Decimal(right["N"])
    try:
        return {"N": _number_text(_EXACT.add(a, b) if sign > 0 else _EXACT.subtract(a, b))}
    except Inexact:
        raise invalid("Number overflow. The result has more than 38 significant digits") from None


def checked(value: Value, depth: int = 0) -> int:
    """Validate a value fresh from the wire, put its numbers into normal form, and give its size in bytes."""
    (kind, content) = next(iter(value.items()))
    if kind == "S":
        return len(content) if content.isascii() else len(content.encode())
    if kind == "N":
        value["N"] = content = number(content)
        return len(content) // 2 + 1
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "B":
        return _bytes_in(content)
    if kind in _SETS:
        return _checked_set(value, kind)
    if depth >= _DEPTH_LIMIT:
        raise invalid("Nesting Levels have exceeded supported limits")
    if kind == "L":
        return 3 + sum(1 + checked(each, depth + 1) for each in content)
    return 3 + sum(1 + len(name.encode()) + checked(each, depth + 1) for name, each in content.items())


def _checked_set(value: Value, kind: str) -> int:
    members = [number(each) for each in value[kind]] if kind == "NS" else value[kind]
    name = {"SS": "string", "NS": "number", "BS": "binary"}[kind]
    if not members:
        raise invalid(f"One or more parameter values were invalid: An {name} set  may not be empty")
    if len(set(members)) != len(members):
        message = "One or more parameter values were invalid: Input collection [{}] contains duplicates."
        raise invalid(message.format(", ".join(members)))
    value[kind] = members
    return sum(_bytes_in(each) if kind == "BS" else len(each.encode()) for each in members)


def _bytes_in(encoded: str) -> int:
    return len(encoded) * 3 // 4 - encoded.count("=", -2)


def sizes(attributes: Attributes) -> dict[str, int]:
    """Size in bytes of each attribute with its name, after validation; over 400 KB together is refused."""
    found = {name: len(name.encode()) + checked(value) for name, value in attributes.items()}
    if sum(found.values()) > ITEM_LIMIT:
        raise invalid("Item size has exceeded the maximum allowed size")
    return found


def native(value: Value) -> Any:
    """A key value as something Python hashes and orders as DynamoDB does: str, Decimal or bytes."""
    (kind, content) = next(iter(value.items()))
    if kind == "N":
        return Decimal(content)
    return base64.b64decode(content) if kind == "B" else content


def same(left: Value | None, right: Value | None) -> bool:
    """Equality of two values; an absent value equals nothing, not even NULL or another absent one."""
    if left is None or right is None:
        return False
    (kind, a), (other, b) = next(iter(left.items())), next(iter(right.items()))
    if kind != other:
        return False
    if kind == "N":
        return Decimal(a) == Decimal(b)
    if kind in _SETS:
        return set(a) == set(b)
    if kind == "L":
        return len(a) == len(b) and all(map(same, a, b))
    if kind == "M":
        return a.keys() == b.keys() and all(same(a[name], b[name]) for name in a)
    return bool(a == b)


def before(left: Value | None, right: Value | None, *, or_same: bool = False) -> bool:
    """left < right (or <=) for two strings, numbers or binaries of one kind; of two kinds it is simply false."""
    if left is None or right is None or left.keys() != right.keys() or next(iter(left)) not in ("S", "N", "B"):
        return False
    a, b = native(left), native(right)
    return bool(a <= b) if or_same else bool(a < b)


def length(value: Value | None) -> Value | None:
    """What the function size() gives, as a number; None where it has no meaning."""
    if value is None:
        return None
    (kind, content) = next(iter(value.items()))
    if kind == "S":
        return {"N": str(len(content.encode()))}
    if kind == "B":
        return {"N": str(len(base64.b64decode(content)))}
    return {"N": str(len(content))} if kind in ("L", "M", *_SETS) else None


def contains(whole: Value | None, part: Value | None) -> bool:
    """contains(): a substring, a member of a set, or an element of a list."""
    if whole is None or part is None:
        return False
    (kind, content) = next(iter(whole.items()))
    if kind == "S":
        return "S" in part and part["S"] in content
    if kind in _SETS:
        return kind[0] in part and part[kind[0]] in content
    return kind == "L" and any(same(each, part) for each in content)


def begins_with(whole: Value | None, start: Value | None) -> bool:
    """begins_with() for strings and binaries."""
    if whole is None or start is None or whole.keys() != start.keys() or next(iter(whole)) not in ("S", "B"):
        return False
    return bool(native(whole).startswith(native(start)))


def united(left: Value | None, right: Value, *, minus: bool = False) -> Value | None:
    """ADD and DELETE on sets: the union or the difference; None when nothing is left."""
    kind = next(iter(right))
    if kind not in _SETS or (left is not None and kind not in left):
        raise invalid("An operand in the update expression has an incorrect data type")
    had: list[str] = [] if left is None else left[kind]
    if minus:
        members = [each for each in had if each not in right[kind]]
    else:
        members = [*had, *(each for each in right[kind] if each not in had)]
    return {kind: members} if members else None


def token(given: str | None) -> str | None:
    """A ClientRequestToken, if there is one; over 36 characters it is refused."""
    if given and len(given) > 36:
        raise invalid("Value at 'clientRequestToken' failed to satisfy constraint: Member must have length <= 36")
    return given


def key_kind(value: Mapping[str, Any]) -> str:
    """The type letter of a value."""
    return next(iter(value))
