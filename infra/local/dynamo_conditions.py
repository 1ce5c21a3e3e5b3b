"""Expressions applied to an item: the placeholders of a request, the value of an operand, the truth of a condition.

This module must not know about tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.local import dynamo_values as values
from infra.local.dynamo_expressions import Node, Parsed, Path
from infra.local.dynamo_values import Attributes, Value, invalid


@dataclass(slots=True)
class Names:
    """The placeholders of one request, and which of them were used so far."""

    names: Mapping[str, str]
    values: Mapping[str, Value]
    used: set[str] = field(default_factory=set)

    def take(self, parsed: Parsed) -> Any:
        """The tree of an expression, once every placeholder in it is known to be defined."""
        for each in parsed.placeholders:
            if each not in self.names and each not in self.values:
                kind = "name" if each[0] == "#" else "value"
                message = f"An expression attribute {kind} used in the document path is not defined"
                raise invalid(f"Invalid expression: {message}; attribute {kind}: {each}")
        self.used |= parsed.placeholders
        self._refuse_reversed(parsed.tree)
        return parsed.tree

    def _refuse_reversed(self, tree: Any) -> None:
        """Complain of BETWEEN with given bounds of two types, or the lower one above the upper."""
        kind = tree[0] if isinstance(tree, tuple) else ""
        if kind in ("and", "or", "not"):
            for each in tree[1:]:
                self._refuse_reversed(each)
        elif kind == "between" and tree[2][0] == tree[3][0] == "value":
            low, high = (self.values[bound[1]] for bound in tree[2:])
            if not values.before(low, high, or_same=True):
                raise invalid("The BETWEEN operator requires an upper bound that is not below the lower, of its type")

    def refuse_unused(self) -> None:
        """Once all expressions were taken: complain of placeholders that none of them uses, as DynamoDB does."""
        for kind, given in (("Names", self.names), ("Values", self.values)):
            if unused := [each for each in given if each not in self.used]:
                message = f"Value provided in ExpressionAttribute{kind} unused in expressions: keys: "
                raise invalid(message + "{" + ", ".join(unused) + "}")

    def path(self, path: Path) -> Path:
        """A path with its placeholders resolved."""
        return tuple(self.names[p] if isinstance(p, str) and p[0] == "#" else p for p in path)


def at(item: Attributes | None, path: Path) -> Value | None:
    """The value at a path of names and list positions, or None."""
    if item is None:
        return None
    found: Value | None = item.get(str(path[0]))
    for part in path[1:]:
        if found is None:
            return None
        inside = found.get("L" if isinstance(part, int) else "M")
        if inside is None:
            return None
        if isinstance(part, int):
            found = inside[part] if part < len(inside) else None
        else:
            found = inside.get(part)
    return found


def operand(node: Node, item: Attributes | None, names: Names) -> Value | None:
    """The value of an operand for an item, or None where it is absent."""
    kind = node[0]
    if kind == "value":
        return names.values[node[1]]
    if kind == "path":
        return at(item, names.path(node[1]))
    first = operand(node[1], item, names)
    if kind == "size":
        return values.length(first)
    second = operand(node[2], item, names)
    if kind == "if_not_exists":
        return second if first is None else first
    if first is None or second is None:
        raise invalid("The provided expression refers to an attribute that does not exist in the item")
    if kind == "list_append":
        if "L" not in first or "L" not in second:
            raise invalid("An operand in the update expression has an incorrect data type")
        return {"L": [*first["L"], *second["L"]]}
    return values.added(first, second, 1 if kind == "+" else -1)


def holds(node: Node, item: Attributes | None, names: Names) -> bool:
    """Whether a condition is true of an item (None: no item)."""
    kind = node[0]
    if kind == "and":
        return holds(node[1], item, names) and holds(node[2], item, names)
    if kind == "or":
        return holds(node[1], item, names) or holds(node[2], item, names)
    if kind == "not":
        return not holds(node[1], item, names)
    return _HOLDS[kind](*(operand(each, item, names) for each in node[1:]))


_Given = Value | None
_HOLDS: dict[str, Callable[..., bool]] = {
    "=": values.same,
    "<>": lambda a, b: not values.same(a, b),
    "<": values.before,
    "<=": lambda a, b: values.before(a, b, or_same=True),
    ">": lambda a, b: values.before(b, a),
    ">=": lambda a, b: values.before(b, a, or_same=True),
    "between": lambda a, low, high: values.before(low, a, or_same=True) and values.before(a, high, or_same=True),
    "in": lambda a, *listed: any(values.same(a, each) for each in listed),
    "attribute_exists": lambda a: a is not None,
    "attribute_not_exists": lambda a: a is None,
    "attribute_type": lambda a, kind: a is not None and kind["S"] in a,
    "begins_with": values.begins_with,
    "contains": values.contains,
}
