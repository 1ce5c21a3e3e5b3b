"""The town has a process of its own, and so has the silence: the app reads its settings once a process, and other tests
run other clouds."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import pytest

T = TypeVar("T")
LONGEST = 300  # seconds


class Elsewhere(Protocol):
    """Runs a function of a module in another process; what it raises is raised here."""

    def __call__(self, function: Callable[..., T], *arguments: Any) -> T: ...


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """A process for as long as this lasts."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:

        def run(function: Callable[..., T], *arguments: Any) -> T:
            return process.submit(function, *arguments).result(LONGEST)

        yield run


@pytest.fixture(scope="session")
def in_town() -> Iterator[Elsewhere]:
    with elsewhere() as run:
        yield run


@pytest.fixture
def in_silence() -> Iterator[Elsewhere]:
    with elsewhere() as run:
        yield run
