"""How people ask (问法) as data: words of asking, synonyms, traditional letters, the parts of a guide.

It knows of language only; matters stand in the registry.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.consultation.words import Lexicon, parse


@cache
def lexicon() -> Lexicon:
    """The one lexicon; BrokenDefinition names the place of what does not hold."""
    return read(Path(__file__).parent / "lexicon.toml", parse)
