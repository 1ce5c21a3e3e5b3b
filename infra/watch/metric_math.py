"""CloudWatch's metric math, as much of it as our alarms and widgets use: which metrics an expression names, and what it
comes to at one moment.

moto answers every expression with nothing, and AWS does not say that an id is misspelt until the alarm stays silent; so
the linter reads expressions here, and tests and the local console compute them. Comparisons give 1 or 0; a division by
zero gives no value, as in CloudWatch. This module must not know any metric.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache

FUNCTIONS = frozenset({"IF", "FILL", "HOUR", "DAY"})
_WORDS = ((re.compile(r"\bAND\b"), "and"), (re.compile(r"\bOR\b"), "or"))
_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


class NotUnderstoodError(ValueError):
    """An expression that is none, or uses what we do not."""


@cache  # an expression is reckoned at every period of a graph
def ids(expression: str) -> frozenset[str]:
    """The ids that an expression names. NotUnderstoodError where it is none of ours."""
    tree = _parsed(expression)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    if not called <= FUNCTIONS:
        raise NotUnderstoodError(f"{expression}: no function {', '.join(sorted(called - FUNCTIONS))}")
    return frozenset(found - called)


def value(expression: str, at: datetime, values: Mapping[str, float | None]) -> float | None:
    """What an expression comes to at `at` (aware), given what each id has at that moment (None: no data); None where it
    has no value. NotUnderstoodError where it is no expression, KeyError for an id that is not given."""
    ids(expression)
    return _value(_parsed(expression).body, at.astimezone(UTC), values)


@cache
def _parsed(expression: str) -> ast.Expression:
    for word, ours in _WORDS:
        expression = word.sub(ours, expression)
    try:
        return ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise NotUnderstoodError(f"{expression}: {error.msg}") from error


def _value(node: ast.expr, at: datetime, values: Mapping[str, float | None]) -> float | None:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left, operation, right) if type(operation) in _ARITHMETIC:
            return _both(_ARITHMETIC[type(operation)], _value(left, at, values), _value(right, at, values))
        case ast.Compare(left, [operation], [right]) if type(operation) in _COMPARISONS:
            return _both(_COMPARISONS[type(operation)], _value(left, at, values), _value(right, at, values))
        case ast.BoolOp(operation, parts):
            found = [_value(part, at, values) for part in parts]
            return None if None in found else float((all if isinstance(operation, ast.And) else any)(found))
        case ast.Call(ast.Name(id=name), arguments):
            return _called(name, arguments, at, values)
    raise NotUnderstoodError(ast.unparse(node))


def _both(operation: Callable[[float, float], float], left: float | None, right: float | None) -> float | None:
    if left is None or right is None or (operation is operator.truediv and right == 0):
        return None
    return float(operation(left, right))


def _called(name: str, arguments: list[ast.expr], at: datetime, values: Mapping[str, float | None]) -> float | None:
    match name, arguments:
        case "IF", [condition, then, otherwise]:
            chosen = _value(condition, at, values)
            return None if chosen is None else _value(then if chosen else otherwise, at, values)
        case "FILL", [series, filling]:
            found = _value(series, at, values)
            return _value(filling, at, values) if found is None else found
        case "HOUR", [series]:
            return None if _value(series, at, values) is None else float(at.hour)
        case "DAY", [series]:  # Monday is 1, as CloudWatch counts
            return None if _value(series, at, values) is None else float(at.isoweekday())
    raise NotUnderstoodError(f"{name} with {len(arguments)} arguments")
