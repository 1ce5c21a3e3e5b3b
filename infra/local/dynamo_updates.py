"""Applying a parsed update or projection to an item; the old item stays as it was, parts not touched are shared."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from infra.local import dynamo_values as values
from infra.local.dynamo_conditions import Names, at, operand
from infra.local.dynamo_expressions import Node, Path
from infra.local.dynamo_values import Attributes, Value, invalid

Step = tuple[str, Path, Node | None]


def apply(steps: list[Step], item: Attributes, names: Names) -> tuple[Attributes, list[Path]]:
    """The item after the update, and the paths that were touched. Every value is computed from the item as it was."""
    resolved = [(clause, names.path(path), value) for clause, path, value in steps]
    _refuse_overlap([path for _, path, _ in resolved])
    changes = [(path, _outcome(clause, at(item, path), node, item, names)) for clause, path, node in resolved]
    changed = dict(item)
    # later list positions first, so that every position means what it meant before the update
    for path, value in sorted(changes, key=lambda change: _positions(change[0]), reverse=True):
        if value is None:
            _remove(changed, path)
    for path, value in changes:
        if value is not None:
            _set(changed, path, value)
    return changed, [path for path, _ in changes]


def _outcome(clause: str, had: Value | None, node: Node | None, item: Attributes, names: Names) -> Value | None:
    """What stands at the path afterwards; None: nothing."""
    if node is None:
        return None
    given = operand(node, item, names)
    if given is None:
        raise invalid("The provided expression refers to an attribute that does not exist in the item")
    if clause == "SET":
        return given
    if clause == "ADD" and "N" in given:
        return values.added(had or {"N": "0"}, given, 1)
    if clause == "DELETE" and had is None:
        if next(iter(given)) not in ("SS", "NS", "BS"):
            raise invalid("An operand in the update expression has an incorrect data type")
        return None
    return values.united(had, given, minus=clause == "DELETE")


def _refuse_overlap(paths: list[Path]) -> None:
    for i, one in enumerate(paths):
        for other in paths[i + 1 :]:
            shared = min(len(one), len(other))
            if one[:shared] == other[:shared]:
                message = "Invalid UpdateExpression: Two document paths overlap with each other; "
                raise invalid(message + "must remove or rewrite one of these paths")


def _positions(path: Path) -> list[tuple[int, str]]:
    return [(part, "") if isinstance(part, int) else (0, part) for part in path]


def _parent(item: Attributes, path: Path) -> Any:
    """The copied container of the path's last part: a dict for a name, a list for a position."""
    inside: Any = item
    for part, then in pairwise(path):
        kind = "L" if isinstance(then, int) else "M"
        try:
            value = inside[part]
        except (KeyError, IndexError):
            value = {}
        if kind not in value:
            raise invalid("The document path provided in the update expression is invalid for update")
        copied = list(value[kind]) if kind == "L" else dict(value[kind])
        inside[part] = {kind: copied}
        inside = copied
    return inside


def _set(item: Attributes, path: Path, value: Value) -> None:
    inside, last = _parent(item, path), path[-1]
    if isinstance(last, int) and last >= len(inside):
        inside.append(value)
    else:
        inside[last] = value


def _remove(item: Attributes, path: Path) -> None:
    inside, last = _parent(item, path), path[-1]
    if isinstance(last, int):
        del inside[last : last + 1]
    else:
        inside.pop(last, None)


def project(item: Attributes, paths: list[Path]) -> Attributes:
    """Only what stands at these paths, nested as in the item; list elements close up."""
    tree: dict[Any, Any] = {}
    for path in paths:
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
    found = {}
    for name, below in tree.items():
        if (value := _picked(item.get(name), below)) is not None:
            found[name] = value
    return found


def _picked(value: Value | None, below: dict[Any, Any]) -> Value | None:
    if value is None or not below:
        return value
    if "M" in value:
        picked = {name: _picked(value["M"].get(name), deeper) for name, deeper in below.items()}
        kept = {name: each for name, each in picked.items() if each is not None}
        return {"M": kept} if kept else None
    if "L" in value:
        positions = sorted(p for p in below if isinstance(p, int) and p < len(value["L"]))
        elements = [_picked(value["L"][p], below[p]) for p in positions]
        return {"L": [each for each in elements if each is not None]} if elements else None
    return None
