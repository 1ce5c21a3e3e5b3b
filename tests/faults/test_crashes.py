"""Every point of death, enumerated."""

from __future__ import annotations

import pytest

from tests.faults.alone import DEEDS
from tests.faults.conftest import Elsewhere
from tests.faults.crashes import enumerate_crashes


@pytest.mark.parametrize("name", DEEDS)
def test_wherever_it_dies_once_or_twice_the_retry_ends_where_the_undisturbed_run_does(
    name: str, in_town: Elsewhere
) -> None:
    runs = in_town(enumerate_crashes, name)
    print(f"{name}: {runs} runs")
    assert runs >= 50
