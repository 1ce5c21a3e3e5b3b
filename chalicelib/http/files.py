"""Answers that are no JSON document: a table, a page. This module must not know what is in them."""

from __future__ import annotations

from dataclasses import dataclass

# A page carries its own style and needs nothing else; without this a browser shows it bare.
_PAGE = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class File:
    """`name` is what it is saved as, in ASCII; text, or bytes where the media type is not text."""

    media_type: str
    name: str
    content: str | bytes

    def headers(self) -> dict[str, str]:
        """What its answer says of it."""
        told = {"Content-Type": self.media_type, "Content-Disposition": f'inline; filename="{self.name}"'}
        return {**told, "Content-Security-Policy": _PAGE} if self.media_type.startswith("text/html") else told
