"""How well questions are answered, and what that costs: `python -m tests.bench.consultation`, a part of `make bench`.

Prints what each set of questions came to and a table of confidence against truth, and gives the rows that are held to
a bound. Nothing here is tuned; see docs/consultation.md. This module must not decide what an answer is.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.consultation import knowledge
from chalicelib.domain.consultation.index import Index, Match
from chalicelib.lexicon import lexicon
from tests.bench.timing import compare
from tests.support import published, questions
from tests.support.questions import Asked

SEEDS = (20261128, 1, 2)
MANY = 2000
Row = tuple[str, str, str, float, float]  # what, against, unit, found, at most


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    asked: Asked
    found: tuple[Match, ...]

    @property
    def answered(self) -> bool:
        return bool(self.found) and self.found[0].sure

    @property
    def right(self) -> bool:
        """The first one is the right one, whether sure or not."""
        return bool(self.found) and self.found[0].passage.about == self.asked.about

    @property
    def offered(self) -> bool:
        """One of the nearest is the right one."""
        return any(match.passage.about == self.asked.about for match in self.found)


def ask(index: Index, asked: Sequence[Asked]) -> list[Outcome]:
    """Every question put to the index."""
    return [Outcome(each, tuple(index.search(each.text))) for each in asked]


def failures(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Shares: `first` not answered rightly, `three` not offered rightly, `wrong` answered wrongly, `other` answered
    though there is no answer."""
    known = [each for each in outcomes if each.asked.about]
    other = [each for each in outcomes if not each.asked.about]
    shares = {}
    if known:
        shares["first"] = _share(known, [not (each.answered and each.right) for each in known])
        shares["three"] = _share(known, [not each.offered for each in known])
        shares["wrong"] = _share(known, [each.answered and not each.right for each in known])
    if other:
        shares["other"] = _share(other, [each.answered for each in other])
    return shares


def _share(all_of: Sequence[object], which: Sequence[bool]) -> float:
    return round(sum(which) / len(all_of), 4)


def rows() -> Iterator[Row]:
    """The rows with their bounds; those that need data from outside are left out where they are absent."""
    if questions.shared():
        yield from _guangdong()
    for name in questions.SETS:
        found = failures(ask(questions.sample_index(), questions.written(name)))
        print(json.dumps({"set": name, **found}))
        if name == "unseen":
            yield "questions like those reported, answered wrongly", "labels", "share", found["wrong"], 0.05
            yield (
                "questions like those reported, answered though they should not be",
                "labels",
                "share",
                found["other"],
                0.1,
            )
        if name == "held_out":
            yield "held-out questions not answered rightly", "labels", "share", found["first"], 0.2
            yield "held-out questions on other matters answered", "labels", "share", found["other"], 0.1
    print(json.dumps({"confidence against truth": calibration(_everything())}))
    yield from costs()


def _guangdong() -> Iterator[Row]:
    index = questions.guangdong_index()
    for seed in SEEDS:
        found = failures(ask(index, questions.damaged(seed)))
        print(json.dumps({"set": f"guangdong, seed {seed}", **found}))
        yield f"damaged names, seed {seed}: first answer not right", "labels", "share", found["first"], 0.15
        yield f"damaged names, seed {seed}: none of three right", "labels", "share", found["three"], 0.05
    for whole in (False, True):
        for labels in (questions.OTHER_MATTERS, questions.BORDERING):
            what = f"{'messages' if whole else 'subjects'} under {'、'.join(labels)} answered"
            for name, base in (("177 items", index), ("the sample registry", questions.sample_index())):
                found = failures(ask(base, questions.others(labels, whole=whole)))
                yield f"{what}, {name}", "labels", "share", found["other"], 0.1


def _everything() -> list[Outcome]:
    sample = questions.sample_index()
    found = [*ask(sample, questions.written("fitted")), *ask(sample, questions.written("held_out"))]
    if questions.shared():
        found += ask(questions.guangdong_index(), questions.damaged(SEEDS[0], each=1))
        found += ask(sample, questions.others()[::3])
    return found


def calibration(outcomes: Sequence[Outcome]) -> list[dict[str, float]]:
    """In five steps of confidence: how many questions, the mean confidence, and the share that was right."""
    steps: list[list[Outcome]] = [[] for _ in range(5)]
    for each in outcomes:
        if each.found:
            steps[min(4, int(each.found[0].confidence * 5))].append(each)
    return [
        {
            "questions": len(step),
            "confidence": round(sum(each.found[0].confidence for each in step) / len(step), 2),
            "right": _share(step, [each.right for each in step]),
        }
        for step in steps
        if step
    ]


def costs() -> Iterator[Row]:
    """Building an index of 2,000 entries and asking it, each against reading the same entries as JSON."""
    documents = published.read(published.REGISTRY / "knowledge.toml")["knowledge"]
    entries = [{**documents[n % len(documents)], "id": f"entry-{n}"} for n in range(MANY)]
    text = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    passages = [knowledge.parse(entry, 1).passage for entry in entries]
    held = Index(passages, lexicon())
    longest = "".join(each.text for each in questions.written("tuned"))[: questions.LONGEST]

    def floor() -> object:
        return [json.loads(each) for each in text]

    for what, work, most in (
        (f"index of {MANY} entries, built", lambda: Index(passages, lexicon()), 200.0),
        ("a question of 20 characters", lambda: held.search(longest[:20]), 3.0),
        (f"a question of {questions.LONGEST} characters", lambda: held.search(longest), 25.0),
    ):
        found = compare(work, floor, calls=1, rounds=5)
        print(json.dumps({"row": what, "ours_us": round(found.ours * 1e6), "floor_us": round(found.floor * 1e6)}))
        yield what, "json.loads of the entries", "x", round(found.ratio, 2), most
    print(json.dumps({"phrases": sum(len(each.phrases) for each in passages), "entries": MANY}))


def main() -> int:
    """Prints every row; gives the number of those over their bound."""
    missed = 0
    for what, against, unit, found, most in rows():
        missed += found > most
        print(f"{'MISSED ' if found > most else ''}{what} ({against}): {found:g} {unit}, at most {most:g}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
