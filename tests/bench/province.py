"""One month of the province from its cells: `python -m tests.bench.province`.

1,602 organisations, a cell each for every day of March, invented and seeded. Prints CPU seconds of adding them up the
tree, of indicators, indices and ranks, and of unpacking the cells and packing the pages. At most MOST together.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

from chalicelib.domain.indices import board, histogram, period, sums, tally
from chalicelib.domain.indices.board import Rows
from chalicelib.indicators import in_force
from chalicelib.store.packing import pack, unpack
from tests.support.published import codes, item_documents, published_item

MOST = 20.0  # CPU seconds
STATIONS = 1_500
MARCH = period.parse("2026-03")
ITEMS = [published_item(one["id"]) for one in item_documents()]
CHANNELS = ("mobile", "web", "kiosk", "window")
Days = list[dict[str, bytes]]
T = TypeVar("T")


def organisations() -> list[str]:
    """The centres of the province, and so many stations below the counties."""
    centres = [code for code in codes() if len(code) == 6]
    counties = [code for code in centres if not code.endswith("00")]
    return centres + [f"{code}{number:02d}" for number in range(1, 18) for code in counties][:STATIONS]


def cell(day: date, chance: random.Random) -> dict[str, int]:
    """The cell of a day with five to forty cases, of which four fifths are finished."""
    found: list[str] = []
    stands: dict[str, int] = {}
    for _ in range(chance.randint(5, 40)):
        item, channel = chance.choice(ITEMS).id, chance.choice(CHANNELS)
        found += ["received", f"received/item/{item}", f"received/channel/{channel}", "fit", "unified", "kind/node"]
        due = f"stock/open/{(day + timedelta(days=chance.randint(3, 30))).isoformat()}"
        stands[due] = stands.get(due, 0) + 1
        if chance.random() < 0.8:
            times = histogram.class_of(chance.randint(60, 10**6)), chance.randint(0, 20)
            found += ["finished", f"finished/item/{item}", f"finished/channel/{channel}", "due", "closed"]
            found += [f"time/{times[0]}", f"days/{times[1]}"]
            stands[due] -= chance.randint(0, 1)
    return tally.total([*({name: 1} for name in found), stands])


def timed(what: str, work: Callable[[], T]) -> tuple[float, T]:
    """CPU seconds of a piece of work, and what it gave."""
    begun = time.process_time()
    given = work()
    spent = time.process_time() - begun
    print(f"{what:<40}{spent:6.2f} s")
    return spent, given


def main() -> None:
    """Prints what a month takes; fails where that is more than MOST."""
    chance, here = random.Random(1), organisations()
    kept: Days = [{code: pack(cell(MARCH.first + timedelta(days=day), chance)) for code in here} for day in range(31)]
    catalogue = {level: sums.of_items(ITEMS, level) for level in sums.LEVELS}
    print(f"{len(here)} organisations, {len(here) * len(kept)} cells")
    unpacking, books = timed("unpacking cells", lambda: [{c: unpack(d) for c, d in day.items()} for day in kept])
    adding, totals = timed("adding days, and up the tree", lambda: sums.up_the_tree(sums.together(books)))
    judging, rows = timed(
        "indicators, indices, ranks", lambda: board.rows(in_force(MARCH.last), totals, MARCH.last, catalogue, {})
    )
    packing, _ = timed("packing pages", lambda: pages(rows))
    spent = unpacking + adding + judging + packing
    print(f"{'together':<40}{spent:6.2f} s, at most {MOST:.0f}")
    assert spent <= MOST


def pages(rows: Rows) -> list[bytes]:
    """About what is kept of each family."""
    families = board.families(rows).values()
    return [pack({code: [dict(row.counts), repr(row.standing)] for code, row in each.items()}) for each in families]


if __name__ == "__main__":
    main()
