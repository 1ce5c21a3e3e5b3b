"""A node in DynamoDB's own form: short names, numbers for times, bytes for digests.

Written by hand and not by a model of attributes, because every byte and every microsecond of it is paid for
at each step. `pack` and `unpack` are each other's inverse; nothing else knows the short names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from chalicelib.domain.case import Evidence, Node
from chalicelib.domain.clocks import Due

REQUEST_BYTES = 6

_EVIDENCE = {
    "note": "n",
    "reason": "y",
    "remedy": "m",
    "notice": "o",
    "result_number": "k",
    "approver": "p",
    "pause_class": "c",
    "days": "j",
    "on_site_staff": "f",
    "handed_to": "b",
    "receipt": "q",
    "materials": "l",
    "competent_authority": "z",
    "due": "u",
    "activity": "v",
    "source": "x",
    "source_id": "i",
    "recorded_at": "r",
    "corrections": "d",
    "deemed_since": "e",
    "to_organisation": "t",
    "to_line": "h",
    "seat": "s",
    "present": "w",
    "authority": "a",
    "agent": "g",
    "agent_until": "gu",
    "event": "ev",
    "finding": "fi",
    "severity": "sv",
    "type": "ty",
    "object": "ob",
    "item": "it",
    "window": "wi",
    "line": "ln",
    "case": "cs",
    "against": "ag",
    "anonymous": "an",
    "earlier": "er",
    "complexity": "cx",
    "reply": "rp",
    "verdict": "vd",
    "disclosure": "dc",
    "call_back": "cb",
    "question": "qu",
    "helpful": "hp",
    "rating": "rt",
    "satisfaction": "sf",
}
_CLOCK = {"statutory": "s", "promised": "p", "stage": "g"}
_NAMES = {short: name for name, short in _EVIDENCE.items()}
_CLOCKS = {short: name for name, short in _CLOCK.items()}


def pack(node: Node) -> dict[str, Any]:
    """The node as a DynamoDB attribute value of type M."""
    item: dict[str, Any] = {
        "a": {"S": node.action},
        "t": {"N": str(round(node.at.timestamp() * 1000))},
        "w": {"S": node.actor},
        "r": {"B": node.request + node.digest},
        "h": {"B": node.chain},
    }
    if node.evidence:
        item["e"] = {"M": {_EVIDENCE[name]: _value(value) for name, value in node.evidence.items()}}
    if node.dues:
        item["d"] = {"M": {_CLOCK[name]: _due(due) for name, due in node.dues.items()}}
    if node.dossier:
        item["g"] = {"B": node.dossier}
    return {"M": item}


def unpack(value: Mapping[str, Any], plain: Callable[[Any], bytes] = bytes) -> Node:
    """The node from its attribute value; `plain` makes bytes of what a binary attribute holds."""
    item = value["M"]
    identity = plain(item["r"]["B"])
    return Node(
        action=item["a"]["S"],
        at=datetime.fromtimestamp(int(item["t"]["N"]) / 1000, tz=UTC),
        actor=item["w"]["S"],
        request=identity[:REQUEST_BYTES],
        digest=identity[REQUEST_BYTES:],
        evidence=MappingProxyType(
            {_NAMES[short]: _plain(v, plain) for short, v in item["e"]["M"].items()} if "e" in item else {}
        ),
        dues=MappingProxyType(
            {_CLOCKS[short]: _plain_due(v) for short, v in item["d"]["M"].items()} if "d" in item else {}
        ),
        dossier=plain(item["g"]["B"]) if "g" in item else None,
        chain=plain(item["h"]["B"]),
    )


def _value(value: Evidence) -> dict[str, Any]:
    match value:
        case int():
            return {"N": str(value)}
        case bytes():
            return {"B": value}
        case tuple():
            return {"L": [{"S": part} for part in value]}
        case _:
            return {"S": value}


def _plain(value: Mapping[str, Any], plain: Callable[[Any], bytes]) -> Evidence:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return int(content)
        case "B":
            return plain(content)
        case "L":
            return tuple(part["S"] for part in content)
        case _:
            return str(content)


def _due(due: Due | None) -> dict[str, Any]:
    """Epoch seconds; a provisional date as a list of one, a clock that stands still as NULL."""
    if due is None:
        return {"NULL": True}
    seconds = {"N": str(int(due.last.timestamp()))}
    return {"L": [seconds]} if due.provisional else seconds


def _plain_due(value: Mapping[str, Any]) -> Due | None:
    if "NULL" in value:
        return None
    provisional = "L" in value
    seconds = value["L"][0] if provisional else value
    return Due(datetime.fromtimestamp(int(seconds["N"]), tz=UTC), provisional)
