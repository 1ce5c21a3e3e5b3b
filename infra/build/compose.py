"""One template from chalice's part, the files of infra/ and what is generated for each function.

Later parts win. Mappings are merged key by key, and a null takes the key away. An intrinsic (`Ref`, `Fn::…`) is one
value: two of them are never mixed. Everything else, lists too, is replaced. This module must not name any resource.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.build import gateway, generated
from infra.functions import Function
from infra.local.tables import read_template
from infra.watch import resources

Template = dict[str, Any]
FILES = ("tables", "mappings", "storage", "archive", "attachments", "keys", "gateway", "options", "stack")
_INFRA = Path(__file__).parents[1]
# What is made from data instead of written: each takes the functions and the template so far, and gives a part.
GENERATORS: Sequence[Callable[[Sequence[Function], Template], Template]] = (
    generated.functions,
    generated.settings,
    generated.encryption,
    gateway.responses,
    gateway.keys,
    resources.part,
)


def files() -> list[Template]:
    """The parts that are written by hand, in the order in which they are merged."""
    return [read_template(_INFRA / f"{name}.yaml") for name in FILES]


def stack(emitted: Template, functions: Sequence[Function]) -> Template:
    """The SAM template of the whole stack, from what chalice emitted."""
    whole = copy.deepcopy(emitted)
    for part in files():
        whole = merge(whole, part)
    for generate in GENERATORS:
        whole = merge(whole, generate(functions, whole))
    composed: Template = _long({key: value for key, value in whole.items() if key != gateway.SECTION})
    return composed


def merge(base: Template, over: Mapping[str, Any]) -> Template:
    """`base` with `over` laid on it; neither is changed."""
    merged = dict(base)
    for key, value in over.items():
        there = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(there, dict) and isinstance(value, dict) and not (_intrinsic(there) or _intrinsic(value)):
            merged[key] = merge(there, value)
        else:
            merged[key] = copy.deepcopy(value)
    return merged


def _long(value: Any) -> Any:
    """With every `!GetAtt Id.Attribute` as the list that JSON templates have."""
    if isinstance(value, list):
        return [_long(each) for each in value]
    if not isinstance(value, dict):
        return value
    got = value.get("Fn::GetAtt")
    if isinstance(got, str):
        return {"Fn::GetAtt": got.split(".", 1)}
    return {key: _long(each) for key, each in value.items()}


def _intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::", "Condition"))
