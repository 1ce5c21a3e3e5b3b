"""Doors opened in the app when one of their paths is first asked for.

A process that answers one kind of request loads one door. Whoever lists the routes (the packager, the local gateway)
has all of them. This module must not know which doors there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalice.app import Chalice

from chalicelib.http import problems
from chalicelib.http.operation import Door

Load = Callable[[str], Door]
Beginnings = Mapping[str, tuple[str, ...]]  # the name of a door → what its paths begin with


class Routes(Mapping[str, dict[str, Any]]):
    """Chalice's table of routes: path → method → entry, empty for a path that nobody has. To look up a path opens every
    door of `beginnings` that may have it, so that all of its methods are there; to go through the paths opens all."""

    def __init__(self, app: Chalice, beginnings: Beginnings, load: Load) -> None:
        self._app = app
        self._closed = dict(beginnings)
        self._load = load
        self._entries: dict[str, dict[str, Any]] = {}

    def __getitem__(self, path: str) -> dict[str, Any]:
        if path not in self._entries:
            wanted = [name for name, begins in self._closed.items() if path.startswith(begins)]
            loaded = {name: self._load(name) for name in wanted}  # where one fails nothing is open by half
            self._entries[path] = {}  # chalice enters here, by way of this method, what the doors have of it
            for name, door in loaded.items():
                self._open(name, door)
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        for name in list(self._closed):
            self._open(name, self._load(name))
        return iter(self._entries)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _open(self, name: str, door: Door) -> None:
        if self._closed.pop(name, None) is None:
            return  # it was, for a path that it shares with another
        files = {each for declared in door.operations for each in declared.files}
        self._app.api.binary_types.extend(sorted(each for each in files if not each.startswith("text/")))
        self._app.register_blueprint(door)


def mount(app: Chalice, beginnings: Beginnings, load: Load) -> None:
    """Have `app` open the doors that `load` gives by the names in `beginnings`, behind the middleware that every HTTP
    answer passes. A path of a door that does not begin as it says there is answered as unknown."""
    app.register_middleware(problems.edge, "http")
    app.routes = Routes(app, beginnings, load)
