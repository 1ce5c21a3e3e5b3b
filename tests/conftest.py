"""How tests are drawn and in which order they begin.

Property tests draw the same examples in every run, so that a change is judged by what it changed; `make explore` draws
new ones each time, and what it finds becomes an example of its test. What takes minutes (`long`) begins first, so that
the other worker is not waited for in the end.
"""

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile("steady")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, the others as they stand."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
