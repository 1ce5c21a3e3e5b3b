"""The functions behind custom widgets, asked as a dashboard of CloudWatch asks them. This module must not know what
they show."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Chalice
from chalice.local import LambdaContext

from chalicelib.errors import NotFound


class Widgets:
    """The pure functions of an app, by name; `handlers` are what is called."""

    def __init__(self, app: Chalice, handlers: Mapping[str, Callable[[Any, Any], Any]]) -> None:
        self._handlers = {each.name: handlers[each.name] for each in app.pure_lambda_functions}

    @property
    def names(self) -> list[str]:
        """Those that there are."""
        return list(self._handlers)

    def ask(self, name: str, event: Mapping[str, Any]) -> str:
        """What a function answers to the event of a dashboard: HTML, or Markdown where it is asked to describe itself.
        NotFound with the names that there are."""
        if name not in self._handlers:
            known = ", ".join(self._handlers) or "—"
            raise NotFound(
                f"没有名为{name}的看板函数；现有：{known}",
                f"no function behind a widget is called {name}; there are: {known}",
            )
        answer: str = self._handlers[name](json.loads(json.dumps(event)), LambdaContext(name, 256, 25_000))
        return answer
