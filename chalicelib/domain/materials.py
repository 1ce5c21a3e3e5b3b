"""The material check-list (材料清单) of a case: what the item asks for, what is there, what is missing.

A case carries its list as a bitmap over the item's pinned version, one bit a material in the item's order.
This module must not know where files are kept.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.item import Item, Material
from chalicelib.errors import FieldError, InvalidInput


def bitmap(item: Item, codes: Iterable[str]) -> int:
    """The bits of `codes`; InvalidInput names each code that the item does not list."""
    position = {material.code: bit for bit, material in enumerate(item.materials)}
    bits, errors = 0, []
    for number, code in enumerate(codes):
        if code in position:
            bits |= 1 << position[code]
        else:
            known = "、".join(position) or "—"
            errors.append(
                FieldError(
                    f"materials.{number}.code", "unknown_material",
                    f"该事项没有材料 {code}；可选：{known}", f"the item lists no material {code}; it lists {known}",
                )
            )  # fmt: skip
    if errors:
        raise InvalidInput("材料代码有误", "some material codes are not in the item's list", errors=errors)
    return bits


def missing(item: Item, bits: int) -> tuple[Material, ...]:
    """The required materials that are not there."""
    return tuple(
        material
        for bit, material in enumerate(item.materials)
        if material.necessity == "required" and not bits >> bit & 1
    )


def present(item: Item, bits: int) -> tuple[str, ...]:
    """The codes of the materials that are there."""
    return tuple(material.code for bit, material in enumerate(item.materials) if bits >> bit & 1)
