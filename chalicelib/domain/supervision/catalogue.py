"""Reads the catalogue of rules from its table, strictly: a broken one is refused with a message that names the place.

Every rule has its code and all the code is in the catalogue, so that none can be switched off without a trace. This
module must not know what a rule looks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.domain.item import Text
from chalicelib.domain.supervision.judging import CASE, CROSS
from chalicelib.domain.supervision.rule import SEVERITIES, Rule
from chalicelib.domain.supervision.span import PERIODS
from chalicelib.errors import BrokenDefinition

SCOPES = ("case", "clock", "cross")
_KEYS = ("code", "zh", "en", "severity", "scope", "period", "basis", "parameters", "disabled")
_CODE = re.compile(r"[AW]\d\d")


def parse(data: Mapping[str, Any]) -> Mapping[str, Rule]:
    """The rules by their codes, in the table's order; BrokenDefinition names whatever does not hold."""
    _known(data, ("rules",), "rules")
    entries = data.get("rules")
    if not isinstance(entries, list):
        raise BrokenDefinition("rules: a list of tables [[rules]] is needed")
    found: dict[str, Rule] = {}
    for number, entry in enumerate(entries, start=1):
        rule = _rule(entry, f"rules[{number}]")
        if rule.code in found:
            raise BrokenDefinition(f"rule {rule.code}: it stands there twice")
        found[rule.code] = rule
    forgotten = sorted({*CASE, *CROSS} - set(found))
    if forgotten:
        raise BrokenDefinition(f"rule {forgotten[0]}: there is code for it, but no entry; list it, if only as disabled")
    return found


def _rule(entry: Mapping[str, Any], place: str) -> Rule:
    _known(entry, _KEYS, place)
    code = entry.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise BrokenDefinition(f"{place}.code: a letter A or W and two digits are needed, not {code!r}")
    where = f"rule {code}"
    scope = _one_of(entry, "scope", SCOPES, where)
    disabled = _text(entry["disabled"], f"{where}.disabled") if "disabled" in entry else None
    return Rule(
        code=code,
        text=_text({key: entry[key] for key in ("zh", "en") if key in entry}, where),
        severity=_one_of(entry, "severity", SEVERITIES, where),
        basis=_filled(entry.get("basis"), f"{where}.basis"),
        scope=scope,
        parameters=_parameters(entry.get("parameters", {}), _wanted(code, scope, disabled, where), where),
        disabled=disabled,
        period=_period(entry, scope, where),
    )


def _wanted(code: str, scope: str, disabled: Text | None, where: str) -> tuple[str, ...]:
    """The parameters that the code of a rule reads."""
    if (scope == "clock") != code.startswith("W"):
        raise BrokenDefinition(f"{where}.scope: the rungs of clocks, and they alone, are named W")
    found = CROSS.get(code) if scope == "cross" else CASE.get(code)
    if found is None and disabled is None:
        raise BrokenDefinition(f"{where}: no function of scope {scope!r}; a rule without one is disabled, and says why")
    return found[1] if found else ()


def _parameters(entry: object, wanted: tuple[str, ...], where: str) -> Mapping[str, int]:
    _known(entry, wanted, f"{where}.parameters")
    assert isinstance(entry, Mapping)
    for name in wanted:
        if type(entry.get(name)) is not int or entry[name] < 0:
            raise BrokenDefinition(f"{where}.parameters.{name}: a whole number of 0 or more is needed")
    return dict(entry)


def _period(entry: Mapping[str, Any], scope: str, where: str) -> str:
    if scope == "cross":
        return _one_of(entry, "period", PERIODS, where)
    if "period" in entry:
        raise BrokenDefinition(f"{where}.period: only a rule of scope 'cross' looks at a period")
    return ""


def _known(entry: object, names: Iterable[str], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise BrokenDefinition(f"{where}: a table is needed")
    unknown = sorted(set(entry) - set(names))
    if unknown:
        raise BrokenDefinition(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(names) or 'none'}")


def _text(value: object, where: str) -> Text:
    _known(value, ("zh", "en"), where)
    assert isinstance(value, Mapping)
    return Text(_filled(value.get("zh"), f"{where}.zh"), _filled(value.get("en"), f"{where}.en"))


def _filled(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BrokenDefinition(f"{where}: a text is needed")
    return value


def _one_of(entry: Mapping[str, Any], field: str, allowed: tuple[str, ...], where: str) -> str:
    value = entry.get(field)
    if value not in allowed:
        raise BrokenDefinition(f"{where}.{field}: {value!r} is not one of {', '.join(allowed)}")
    return str(value)
