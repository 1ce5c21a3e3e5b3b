"""The town has a process of its own: the app reads its settings once a process, and other tests run other clouds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Protocol, TypeVar

import pytest

T = TypeVar("T")
LONGEST = 300  # seconds


class InTown(Protocol):
    """Runs a function of a module in the town's process; what it raises is raised here."""

    def __call__(self, function: Callable[..., T], *arguments: Any) -> T: ...


@pytest.fixture(scope="session")
def in_town() -> Iterator[InTown]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:

        def run(function: Callable[..., T], *arguments: Any) -> T:
            return process.submit(function, *arguments).result(LONGEST)

        yield run
