"""What each function may do, as data: the grants of its policy file, and those that Lambda itself needs of it.

.chalice/policy-<function>.json is IAM's own document; its resources name what the stack declares, and are read as
names of the stack: `CasesTable`, `CasesTable/index/desk`, `CasesTable/stream`, `LakeBucket/facts/*`, `DeadLetters`.
What is not understood is refused by name, so that a file cannot mean less here than on AWS. This module must not know
what the functions do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from infra.functions import CONFIG, Function, Trigger

DIRECTORY = CONFIG.parent
_WITHIN = re.compile(r"\$\{(\w+)\.Arn\}(/index/\w+|/(?!index/).+)")
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]+")
# The conditions that are understood: what a key must look like that leads to the item, or with which a listing begins.
_CONDITIONS = (("ForAllValues:StringLike", "dynamodb:LeadingKeys"), ("StringLike", "s3:prefix"))

# What Lambda does in a function's name. The use of keys and the sending of traces are not among it: they are the same
# of all functions, and the stack's to give.
_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")  # the stack makes the group
_STREAM = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
_QUEUE = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
_DEAD_LETTER = ("sqs:SendMessage",)


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One action on one resource; `only`: the pattern that its keys must fit, where the policy says one."""

    action: str
    resource: str
    only: str = ""

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}" + (f" of {self.only}" if self.only else "")


@dataclass(frozen=True, slots=True)
class Grant:
    """One action on one resource, as a statement allows it: for keys each of which fits one of `only`, if there are
    any."""

    action: str
    resource: str
    only: tuple[str, ...] = ()

    def rights(self) -> Iterator[Right]:
        """One for each pattern."""
        yield from (Right(self.action, self.resource, pattern) for pattern in self.only or ("",))

    def used_for(self, keys: Collection[str]) -> list[Right]:
        """The rights of this grant that a call with these keys uses; none where it does not allow it."""
        if not self.only:
            return [Right(self.action, self.resource)]
        fitting = [[pattern for pattern in self.only if fnmatchcase(key, pattern)] for key in keys]
        if not all(fitting):
            return []
        return [Right(self.action, self.resource, pattern) for found in fitting for pattern in found]


class Policy:
    """The grants of one file."""

    def __init__(self, grants: Collection[Grant] = ()) -> None:
        self.grants = tuple(grants)
        self._plain = {(one.action, one.resource): [Right(one.action, one.resource)] for one in grants if not one.only}
        self._other = [one for one in grants if one.only or "*" in one.resource]

    def asks_for_keys(self, action: str, resource: str) -> bool:
        """Whether something of this is allowed, and only for some keys."""
        return any((each.action, each.resource) == (action, resource) for each in self._other if each.only)

    def used_for(
        self, action: str, resource: str, keys: Callable[[str], Collection[str]], leading: str = ""
    ) -> list[Right]:
        """The rights that a call uses; none where it is not allowed. `keys` gives the values of the partition key,
        which is called `leading`, and is asked only where that matters."""
        if plain := self._plain.get((action, resource)):
            return plain
        fits = (each for each in self._other if each.action == action and fnmatchcase(resource, each.resource))
        return [right for each in fits for right in each.used_for(keys(leading))]


def read(directory: Path = DIRECTORY) -> dict[str, Policy]:
    """The policy of each function that has a file there. ValueError for what is not understood, with file and place."""
    found = {}
    for path in sorted(directory.glob("policy-*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        grants = [one for each in document["Statement"] for one in _grants(path.name, each)]
        if repeated := {one for one in grants if grants.count(one) > 1}:
            raise ValueError(
                f"{path.name} says twice: {', '.join(sorted(f'{r}' for g in repeated for r in g.rights()))}"
            )
        found[path.stem.removeprefix("policy-")] = Policy(grants)
    return found


def lambdas_own(function: Function, mappings: Mapping[str, Any]) -> frozenset[Right]:
    """What Lambda does in the name of a function: it writes its log, reads what sets it off, and sends what it gives up
    to the destination that its mapping names. `mappings`: the resources of infra/mappings.yaml."""
    group = f"log-group:/aws/lambda/{function.physical_name('${Stage}')}:*"
    found: list[tuple[tuple[str, ...], str]] = [
        (_LOGS, f"arn:${{AWS::Partition}}:logs:${{AWS::Region}}:${{AWS::AccountId}}:{group}")
    ]
    if function.trigger is Trigger.stream:
        found.append((_STREAM, f"{function.source}/stream"))
        found += [(_DEAD_LETTER, queue) for queue in _destinations(mappings[function.logical_id])]
    if function.trigger is Trigger.queue:
        found.append((_QUEUE, str(function.source)))
    return frozenset(Right(action, resource) for actions, resource in found for action in actions)


def _destinations(resource: Mapping[str, Any]) -> Iterator[str]:
    for event in resource["Properties"]["Events"].values():
        if given := event["Properties"].get("DestinationConfig"):
            yield given["OnFailure"]["Destination"]["Fn::GetAtt"].partition(".")[0]


def _grants(file: str, statement: Mapping[str, Any]) -> Iterator[Grant]:
    if unknown := sorted(statement.keys() - {"Sid", "Effect", "Action", "Resource", "Condition"}):
        raise ValueError(f"{file}: {', '.join(unknown)} is not understood")
    if statement["Effect"] != "Allow":
        raise ValueError(f"{file}: what is not allowed is denied; a statement says Allow")
    only = _only(file, statement.get("Condition", {}))
    for resource in _listed(statement["Resource"]):
        name = _name(file, resource)
        for action in _listed(statement["Action"]):
            if not _ACTION.fullmatch(action):
                raise ValueError(f"{file}: {action} is not the name of one action")
            yield Grant(action, name, only)


def _only(file: str, condition: Mapping[str, Any]) -> tuple[str, ...]:
    if not condition:
        return ()
    for operator, key in _CONDITIONS:
        if condition.keys() == {operator} and condition[operator].keys() == {key}:
            return tuple(_listed(condition[operator][key]))
    known = " or ".join(f"{operator} {key}" for operator, key in _CONDITIONS)
    raise ValueError(f"{file}: a condition can only be {known}, not {json.dumps(condition)}")


def _name(file: str, resource: Any) -> str:
    match resource:
        case {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::GetAtt": [str(name), "StreamArn"]}:
            return f"{name}/stream"
        case {"Fn::Sub": str(text)} if found := _WITHIN.fullmatch(text):
            return f"{found[1]}{found[2]}"
        case {"Fn::Sub": str(text)} if text.startswith("arn:${AWS::Partition}:logs:"):
            return text
    message = "a resource is named by the stack's own name for it, an index by its name too"
    raise ValueError(f"{file}: {message}, not {json.dumps(resource)}")


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
