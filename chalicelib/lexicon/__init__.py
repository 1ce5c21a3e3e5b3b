"""How people ask (问法) as data: words of asking, synonyms, traditional letters, the parts of a guide.

It knows of language only; matters stand in the registry.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from chalicelib.domain.consultation.words import Lexicon, parse
from chalicelib.errors import BrokenDefinition


@cache
def lexicon() -> Lexicon:
    """The one lexicon; BrokenDefinition names the place of what does not hold."""
    file = Path(__file__).parent / "lexicon.toml"
    try:
        return parse(tomllib.loads(file.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, BrokenDefinition) as error:
        raise BrokenDefinition(f"{file.name}: {error}") from error
