"""Metrics as CloudWatch keeps them: what was told of a series in each minute, and statistics over periods.

Equal values of a minute are kept together and none is rounded, so that percentiles are exact and a long replay has
room. Times are whole seconds since the epoch. This module must not know moto, nor which metrics there are.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Dimensions = tuple[tuple[str, str], ...]
Key = tuple[str, str, Dimensions]  # namespace, name, dimensions in the order of their names
Points = Mapping[int, float]  # beginning of a period -> its statistic; a period without data is not there
Sample = tuple[float, float]  # a value, and how often it was told


def key(namespace: str, name: str, dimensions: Iterable[tuple[str, str]] = ()) -> Key:
    """What a series is known by, in whichever order its dimensions are told."""
    return namespace, name, tuple(sorted(dimensions))


@dataclass(slots=True)
class Series:
    """One series: three columns, in the order of time."""

    unit: str = "None"
    _minutes: array[int] = field(default_factory=lambda: array("q"))
    _values: array[float] = field(default_factory=lambda: array("d"))
    _counts: array[float] = field(default_factory=lambda: array("d"))

    def add(self, minute: int, value: float, count: float = 1) -> None:
        """Keep a value that was told `count` times in the minute that begins then."""
        if self._minutes and minute < self._minutes[-1]:
            place = bisect_left(self._minutes, minute)
            self._minutes.insert(place, minute)
            self._values.insert(place, value)
            self._counts.insert(place, count)
        elif self._minutes and minute == self._minutes[-1] and value == self._values[-1]:
            self._counts[-1] += count
        else:
            self._minutes.append(minute)
            self._values.append(value)
            self._counts.append(count)

    def clear(self) -> None:
        """Forget everything."""
        del self._minutes[:], self._values[:], self._counts[:]

    def points(self, statistic: str, period: int, start: int, end: int) -> Points:
        """A statistic for each period from `start` to `end` in which something was told. ValueError for a statistic
        that there is not."""
        found: dict[int, list[Sample]] = {}
        for place in range(bisect_left(self._minutes, start), bisect_left(self._minutes, end)):
            begun = start + (self._minutes[place] - start) // period * period
            found.setdefault(begun, []).append((self._values[place], self._counts[place]))
        return {begun: reckoned(statistic, samples) for begun, samples in found.items()}

    def minutes(self) -> Iterator[tuple[int, Sequence[Sample]]]:
        """Each minute in which something was told, with what."""
        begun, samples = 0, list[Sample]()
        for minute, value, count in zip(self._minutes, self._values, self._counts, strict=True):
            if samples and minute != begun:
                yield begun, samples
                samples = []
            begun = minute
            samples.append((value, count))
        if samples:
            yield begun, samples


class Store:
    """All series by their keys. Who holds a series may go on adding to it after `clear`."""

    def __init__(self) -> None:
        self.all: dict[Key, Series] = {}

    def series(self, key: Key, unit: str = "None") -> Series:
        """The series of this key, made if it is new."""
        found = self.all.get(key)
        if found is None:
            found = self.all[key] = Series(unit)
        return found

    def points(self, key: Key, statistic: str, period: int, start: int, end: int) -> Points:
        """As `Series.points`; nothing for a series that there is not."""
        found = self.all.get(key)
        return found.points(statistic, period, start, end) if found else {}

    def clear(self) -> None:
        """Forget what was told."""
        for series in self.all.values():
            series.clear()


def reckoned(statistic: str, samples: Sequence[Sample]) -> float:
    """A statistic of values as CloudWatch names it: Sum, Average, Minimum, Maximum, SampleCount, p99.9, PR(low:high) in
    per cent. ValueError for any other."""
    match statistic:
        case "Sum":
            return math.fsum(value * count for value, count in samples)
        case "SampleCount":
            return math.fsum(count for _, count in samples)
        case "Average":
            return reckoned("Sum", samples) / reckoned("SampleCount", samples)
        case "Minimum":
            return min(value for value, _ in samples)
        case "Maximum":
            return max(value for value, _ in samples)
    if statistic.startswith("PR(") and ":" in statistic:
        return _rank(statistic.removeprefix("PR(").removesuffix(")"), samples)
    if statistic.startswith("p"):
        return _percentile(float(statistic[1:]), samples)
    raise ValueError(f"there is no statistic {statistic}")


def _percentile(wanted: float, samples: Sequence[Sample]) -> float:
    """The smallest value that as many per cent of all do not exceed (nearest rank)."""
    needed = wanted / 100 * reckoned("SampleCount", samples)
    *lower, (most, _) = sorted(samples)
    seen = 0.0
    for value, count in lower:
        seen += count
        if seen >= needed:
            return value
    return most


def _rank(bounds: str, samples: Sequence[Sample]) -> float:
    low, _, high = bounds.partition(":")
    least, most = float(low or "-inf"), float(high or "inf")
    inside = math.fsum(count for value, count in samples if least < value <= most)
    return 100 * inside / reckoned("SampleCount", samples)
