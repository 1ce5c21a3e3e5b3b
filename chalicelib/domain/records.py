"""Records: what a step writes down beside what was sent, each under the name that the table uses.

So a notice names all that is missing whatever was typed. A record refuses only what it cannot write down; it must not
change anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chalicelib.domain import materials
from chalicelib.domain.case import Case, Evidence, Law
from chalicelib.domain.wish import Wish

Record = Callable[[Case, Wish, Law], Mapping[str, Evidence]]


def missing_materials(case: Case, wish: Wish, law: Law) -> Mapping[str, Evidence]:
    """行政许可法 art. 32(4): everything to be corrected is told at once. The required materials that are missing are
    named besides those in `corrections`; InvalidInput for a code that the item has not."""
    named = wish.evidence.get("corrections")
    codes = named if isinstance(named, tuple) else ()
    bits = materials.bitmap(law.item, codes) | materials.bitmap(
        law.item, [material.code for material in materials.missing(law.item, case.materials)]
    )
    return {"corrections": materials.present(law.item, bits)} if bits else {}


def line_concerned(case: Case, wish: Wish, _law: Law) -> Mapping[str, Evidence]:
    """An order that names an item or a case goes to the service line (警种) that owns it, unless another is named."""
    line = case.nodes[0].evidence.get("line")
    return {"to_line": line} if line and not wish.evidence.get("to_line") else {}


RECORDS: Mapping[str, Record] = {"missing_materials": missing_materials, "line_concerned": line_concerned}
