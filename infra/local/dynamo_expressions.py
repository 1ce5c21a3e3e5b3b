"""DynamoDB's expression language: conditions, filters, key conditions, projections and updates, parsed.

An expression is parsed once into a small tree of tuples and kept; placeholders stay as they are. This module must not
know about items or tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from infra.local import dynamo_values as values
from infra.local.dynamo_values import invalid

_TOKEN = re.compile(r"\s*(<=|>=|<>|[#:]?[A-Za-z0-9_]+|[=<>(),.\[\]+\-])")
_COMPARATORS = ("=", "<>", "<", "<=", ">", ">=")
_TESTS = ("attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains")
_LENGTH_LIMIT = 4096

Path = tuple[str | int, ...]
Node = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Parsed:
    """One expression: its tree, and the placeholders that it uses."""

    tree: Any
    placeholders: frozenset[str]


class _Tokens:
    """A cursor over the tokens of one expression."""

    def __init__(self, text: str) -> None:
        if not text.strip():
            raise invalid("Invalid expression: The expression can not be empty;")
        if len(text.encode()) > _LENGTH_LIMIT:
            raise invalid("Invalid expression: Expression size has exceeded the maximum allowed size;")
        self._all = list(_split(text))
        self._at = 0

    def peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._all[at] if at < len(self._all) else ""

    def next(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def word(self) -> str:
        return self.peek().upper()

    def accept(self, token: str) -> bool:
        found = self.word() == token
        self._at += found
        return found

    def redundant(self, opened: int) -> bool:
        """Whether the parenthesis opened at `opened` and closed just now holds nothing but another pair."""
        if self._all[opened + 1] != "(":
            return False
        depth = 0
        for i in range(opened + 1, self._at - 1):
            depth += {"(": 1, ")": -1}.get(self._all[i], 0)
            if depth == 0:
                return i == self._at - 2
        return False

    @property
    def at(self) -> int:
        return self._at

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.wrong()

    def wrong(self) -> values.Fault:
        return invalid(f'Invalid expression: Syntax error; token: "{self.peek() or "<EOF>"}"')

    def finished(self, tree: Any) -> Parsed:
        if self.peek():
            raise self.wrong()
        return Parsed(tree, frozenset(t for t in self._all if t[0] in "#:"))


def _split(text: str) -> Iterator[str]:
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            raise invalid(f'Invalid expression: Syntax error; token: "{text[at:].strip()[:1]}"')
        yield match.group(1)
        at = match.end()


@lru_cache(maxsize=1024)
def condition(text: str) -> Parsed:
    """Parse a condition, filter or key condition expression."""
    tokens = _Tokens(text)
    return tokens.finished(_any_of(tokens))


@lru_cache(maxsize=256)
def projection(text: str) -> Parsed:
    """Parse a projection expression into its paths."""
    tokens = _Tokens(text)
    paths = [_path(tokens)]
    while tokens.accept(","):
        paths.append(_path(tokens))
    return tokens.finished(paths)


@lru_cache(maxsize=1024)
def update(text: str) -> Parsed:
    """Parse an update expression into a list of (clause, path, value)."""
    tokens, steps, seen = _Tokens(text), [], set[str]()
    while clause := tokens.next().upper():
        if clause not in ("SET", "REMOVE", "ADD", "DELETE") or clause in seen:
            raise invalid(f'Invalid UpdateExpression: Syntax error; token: "{clause}"')
        seen.add(clause)
        steps.append(_step(tokens, clause))
        while tokens.accept(","):
            steps.append(_step(tokens, clause))
    return tokens.finished(steps)


def _any_of(tokens: _Tokens) -> Node:
    left = _all_of(tokens)
    while tokens.accept("OR"):
        left = ("or", left, _all_of(tokens))
    return left


def _all_of(tokens: _Tokens) -> Node:
    left = _negation(tokens)
    while tokens.accept("AND"):
        left = ("and", left, _negation(tokens))
    return left


def _negation(tokens: _Tokens) -> Node:
    if tokens.accept("NOT"):
        return ("not", _negation(tokens))
    if tokens.peek() == "(":
        opened = tokens.at
        tokens.next()
        inside = _any_of(tokens)
        tokens.expect(")")
        if tokens.redundant(opened):
            raise invalid("Invalid expression: The expression has redundant parentheses;")
        return inside
    if tokens.peek().lower() in _TESTS and tokens.peek(1) == "(":
        return (tokens.next().lower(), *_arguments(tokens))
    return _comparison(tokens)


def _comparison(tokens: _Tokens) -> Node:
    left = _operand(tokens)
    if tokens.accept("BETWEEN"):
        low = _operand(tokens)
        tokens.expect("AND")
        return ("between", left, low, _operand(tokens))
    if tokens.accept("IN"):
        return ("in", left, *_arguments(tokens))
    comparator = tokens.next()
    if comparator not in _COMPARATORS:
        raise invalid(f'Invalid expression: Syntax error; token: "{comparator or "<EOF>"}"')
    return (comparator, left, _operand(tokens))


def _arguments(tokens: _Tokens) -> list[Node]:
    tokens.expect("(")
    found = [_operand(tokens)]
    while tokens.accept(","):
        found.append(_operand(tokens))
    tokens.expect(")")
    return found


def _operand(tokens: _Tokens) -> Node:
    if tokens.peek().startswith(":"):
        return ("value", tokens.next())
    if tokens.peek(1) == "(":
        name = tokens.next().lower()
        if name not in ("size", "if_not_exists", "list_append"):
            raise invalid(f"Invalid expression: Invalid function name; function: {name}")
        return (name, *_arguments(tokens))
    return ("path", _path(tokens))


def _path(tokens: _Tokens) -> Path:
    parts: list[str | int] = [_name(tokens)]
    while tokens.peek() in (".", "["):
        if tokens.next() == ".":
            parts.append(_name(tokens))
        else:
            parts.append(int(tokens.next()))
            tokens.expect("]")
    return tuple(parts)


def _name(tokens: _Tokens) -> str:
    name = tokens.peek()
    if not re.match(r"#?[A-Za-z_0-9]", name):
        raise tokens.wrong()
    if name.upper() in ReservedKeywords.get_reserved_keywords():
        message = f"Attribute name is a reserved keyword; reserved keyword: {name}"
        raise invalid(f"Invalid expression: {message}")
    return tokens.next()


def _step(tokens: _Tokens, clause: str) -> tuple[str, Path, Node | None]:
    path = _path(tokens)
    if clause == "REMOVE":
        return clause, path, None
    if clause == "SET":
        tokens.expect("=")
        left = _operand(tokens)
        if tokens.peek() in ("+", "-"):
            return clause, path, (tokens.next(), left, _operand(tokens))
        return clause, path, left
    return clause, path, _operand(tokens)
