"""A conversation (对话): what somebody asked in one go, and what they were told each time.

An answer is told again from its turn: a turn names the passages that were found in their versions, and versions never
change. This module must not search and must not know where conversations are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.consultation.index import SURE

MOST_TURNS = 20
KEPT = timedelta(days=1)  # of what was answered
KEPT_HANDED_OVER = timedelta(days=30)  # of what a person answers: long enough to ask again


@dataclass(frozen=True, slots=True)
class Offer:
    """A passage that was found: `ref` in its version, and what it is about; `confidence` in 0 … 1."""

    ref: str
    about: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One question. `request` names the request that asked it, `digest` its body; `order` and
    `step`: the work order that it was handed over with, and the version that it gave it ("" and 0 where it was not)."""

    at: datetime
    text: str
    request: str
    digest: str
    offers: tuple[Offer, ...]
    order: str = ""
    step: int = 0

    @property
    def answered(self) -> bool:
        """Whether the first passage was sure enough to be told as the answer."""
        return bool(self.offers) and self.offers[0].confidence >= SURE


@dataclass(frozen=True, slots=True)
class Conversation:
    """`owner`: the blind index of the account that began it, "" for somebody without one."""

    id: str
    owner: str
    turns: tuple[Turn, ...] = ()

    def asked(self, request: str) -> Turn | None:
        """The turn of a request, if this conversation has it."""
        return next((turn for turn in self.turns if turn.request == request), None)

    def followed_by(self, turn: Turn) -> Conversation:
        """The conversation with one more turn."""
        return replace(self, turns=(*self.turns, turn))

    @property
    def about(self) -> str:
        """What the last answer was about: the matter of a question that names none; "" where nothing was answered."""
        return next((turn.offers[0].about for turn in reversed(self.turns) if turn.answered), "")

    @property
    def expires(self) -> datetime:
        """Until when it can be continued."""
        return self.turns[-1].at + (KEPT_HANDED_OVER if any(turn.order for turn in self.turns) else KEPT)


def document(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns as JSON can hold them; `turns_of` reads them back."""
    return [{**asdict(turn), "at": round(turn.at.timestamp() * 1000)} for turn in turns]


def told(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """Turns as whoever answers them reads them: what was asked, when, and what was offered; nothing of the requests."""
    shown = ("at", "text", "offers")
    return [{name: turn[name] for name in shown} for turn in document(turns)]


def turns_of(entries: Sequence[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Turns from their document."""
    return tuple(
        Turn(
            **{
                **entry,
                "at": datetime.fromtimestamp(entry["at"] / 1000, tz=UTC),
                "offers": tuple(Offer(**offer) for offer in entry["offers"]),
            }
        )
        for entry in entries
    )
