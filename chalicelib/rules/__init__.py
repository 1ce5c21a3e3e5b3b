"""The rules of supervision (监察规则) as data: names, severity, legal basis, parameters, which are disabled and why.

What each looks for is a function under its code (`chalicelib.domain.supervision`). A code is never given to another
rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.definitions import read
from chalicelib.domain.supervision.catalogue import parse
from chalicelib.domain.supervision.rule import Rule


@cache
def all_rules() -> Mapping[str, Rule]:
    """Every rule by its code, disabled ones included; BrokenDefinition names the place of what does not hold."""
    return read(Path(__file__).parent / "rules.toml", parse)
