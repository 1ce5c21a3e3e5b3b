"""What applicants of the sample week say of it, by the link on their receipts: most are pleased, some say nothing.

This module must not print.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from infra.cli.hub import Hub

if TYPE_CHECKING:
    from infra.cli.demo_play import Act

SHARE = 0.45  # of those who can rate do
LEVELS = {"very_satisfied": 60, "satisfied": 24, "fairly_satisfied": 8, "dissatisfied": 6, "very_dissatisfied": 2}
_WAITING = ("received", "correction")  # not accepted yet, so not open to rating
_REASONS = {"web": "efficiency", "mobile": "convenience", "kiosk": "service_efficiency", "window": "service_attitude"}


def said(hub: Hub, acts: Sequence[Act]) -> Counter[str]:
    """Rates what was accepted; gives how often each level was chosen."""
    found = Counter[str]()
    for act in acts:
        random = Random(f"{act.key}:rating")  # noqa: S311  a sample has to be repeatable
        if act.link is None or act.state in _WAITING or random.random() > SHARE:
            continue
        level = random.choices(list(LEVELS), list(LEVELS.values()))[0]
        bad = level in ("dissatisfied", "very_dissatisfied")
        rating = {
            "link": act.link,
            "level": level,
            "reasons": [_REASONS[act.channel]] if bad else [],
            "text": "示例：希望再快一些" if bad else "",
            "anonymous": random.random() < 0.3,
            "channel": "qr",
        }
        hub.send("POST", "/v1/ratings", rating, headers={"Idempotency-Key": f"{act.key}-rating"})
        found[level] += 1
    return found
