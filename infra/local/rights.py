"""IAM: a function of the local cloud may do what its policy file allows, and nothing else.

Each call to the SDK that is made while a function runs is held against the function's policy, and refused as AWS
refuses it. What runs outside of all functions (an operator's tool, the local cloud itself) is not asked. This module
must not know which functions, tables and buckets there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from infra.local import needs
from infra.local.needs import Need
from infra.policies import Policy, Right

Function = Callable[[Any, Any], Any]
_NOTHING = Policy()


class Rights:
    """What functions may do by `policies`; None: whatever they want. `names`: what a resource is called in the stack,
    by its name on AWS; `leading`: the partition key of a table or index, by its name in the stack.

    `used` has the rights that each function used; `refused` what was refused, in words, each once; `begins` can be set,
    and is called with a function's name when it begins."""

    def __init__(
        self, policies: Mapping[str, Policy] | None, names: Mapping[str, str], leading: Mapping[str, str]
    ) -> None:
        self._policies, self._names, self._leading = policies, names, leading
        self.used: defaultdict[str, set[Right]] = defaultdict(set)
        self.refused: dict[str, None] = {}
        self.begins: Callable[[str], None] = lambda _: None

    @contextmanager
    def acting(self, function: str) -> Iterator[None]:
        """While this lasts, and in this thread, `function` runs."""
        self.begins(function)
        before = _acting.set((self, function))
        try:
            yield
        finally:
            _acting.reset(before)

    def held(self, function: str, handler: Function) -> Function:
        """The handler of a function, held to its rights."""

        def run(event: Any, context: Any) -> Any:
            with self.acting(function):
                return handler(event, context)

        return run

    def refusal(self, function: str, needed: Iterable[Need]) -> str | None:
        """Why a call with these needs is refused, or None; then its rights are noted as used."""
        if self._policies is None:
            return None
        policy, used = self._policies.get(function, _NOTHING), list[Right]()
        for action, place, keys in needed:
            name, slash, inside = place.partition("/")
            resource = f"{self._names.get(name, name)}{slash}{inside}"
            leading = self._leading.get(resource, "")
            found = policy.used_for(action, resource, keys, leading)
            if not found:
                of = f" of {', '.join(keys(leading)) or '?'}" if policy.asks_for_keys(action, resource) else ""
                message = f"{function} calls {action} on {resource}{of}, which policy-{function}.json does not allow"
                self.refused[message] = None
                return message
            used += found
        self.used[function].update(used)
        return None


_acting: ContextVar[tuple[Rights, str] | None] = ContextVar("acting", default=None)


def refusal(operation: str, body: Mapping[str, Any]) -> str | None:
    """Why the function that runs may not do this in DynamoDB or its streams; None where it may, or none runs."""
    acting = _acting.get()
    return acting[0].refusal(acting[1], needs.of_dynamodb(operation, body)) if acting else None


def refusal_elsewhere(method: str, url: str, target: str, content: bytes | str) -> str | None:
    """The same of a request to another service."""
    acting = _acting.get()
    return acting[0].refusal(acting[1], needs.of_another(method, url, target, content)) if acting else None
