"""Nine bugs, planted one at a time into a copy of the platform: the proof that the search finds such bugs.

Each is the smallest change of the text that makes the mistake. This module must not touch the platform itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("app.py", ".chalice", "chalicelib", "infra", "tests")


@dataclass(frozen=True, slots=True)
class Change:
    """One text of one file replaced by another."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug by name, what the mistake is, the changes that make it, and which kind of play must find it (`soak`)."""

    name: str
    mistake: str
    changes: Sequence[Change]
    kind: str = "schedules"


BUGS = (
    Bug(
        "version",
        "a step is written whatever version the case has by then",
        [
            Change(
                "chalicelib/store/books.py",
                "condition: Condition = self.model.version == before.version",
                "condition: Condition = self.model.version >= 1",
            )
        ],
    ),
    Bug(
        "read-back",
        "after a failed condition nobody looks whether the write was one's own",
        [
            Change(
                "chalicelib/services/transitions.py",
                "        raise casework.unknown()\n"
                "    earlier = casework.replayed(known, request)\n"
                "    if earlier:\n"
                "        return earlier\n",
                "        raise casework.unknown()\n",
            )
        ],
    ),
    Bug(
        "four-eyes",
        "neither the guard nor the write's condition keeps two steps of one person apart",
        [
            Change("chalicelib/domain/guards.py", "if case.actors.get(first) == wish.subject:", "if not first:"),
            Change("chalicelib/store/books.py", "        for action in apart:\n", "        for action in ():\n"),
        ],
    ),
    Bug(
        "request-row",
        "intake puts its request row before the transaction and not in it",
        [
            Change(
                "chalicelib/store/requests.py",
                "            transaction.save(request, condition=RequestRow.key.does_not_exist())\n",
                "            transaction.save(request)\n",
            ),
            Change(
                "chalicelib/store/requests.py",
                "    document = dossiers.row_of(case.id, 1, dossier)\n",
                "    document = dossiers.row_of(case.id, 1, dossier)\n"
                "    persistently(lambda: request.save(condition=RequestRow.key.does_not_exist()))\n",
            ),
        ],
    ),
    Bug(
        "dossier",
        "a correction puts its dossier first and then changes the case",
        [
            Change(
                "chalicelib/store/requests.py",
                "        with TransactWrite(connection=connection(), client_request_token=token) as transaction:\n"
                "            transaction.save(document)\n"
                "            transaction.update(row, actions=actions, condition=condition)\n",
                "        document.save()\n        row.update(actions=actions, condition=condition)\n",
            )
        ],
    ),
    Bug(
        "delivery",
        "the fact of a finding is numbered by its place among what was found with it, so by how it was delivered",
        [
            Change(
                "chalicelib/services/supervision.py",
                "from dataclasses import dataclass\n",
                "from dataclasses import dataclass, replace\n",
            ),
            Change(
                "chalicelib/services/supervision.py",
                "return [fact.of_finding(each, all_rules()[each.rule].severity) for each in found]",
                "made = (fact.of_finding(each, all_rules()[each.rule].severity) for each in found)\n"
                "    return [replace(each, n=number) for number, each in enumerate(made)]",
            ),
        ],
        "scenarios",
    ),
    Bug(
        "light-again",
        "a date that is moved when its light is on puts the light on again",
        [
            Change(
                "chalicelib/services/supervision.py",
                "keys = {finding.key for rungs in known for finding in rungs} if found else set()",
                "keys = {finding.key for rungs in known for finding in rungs} if not found else set()",
            )
        ],
        "scenarios",
    ),
    Bug(
        "waiting-key",
        "where the records of two keys must wait, the checkpoint is set behind the first of them",
        [
            Change(
                "chalicelib/reactions/records.py",
                "for sequence in list(waiting.values())[:1]]",
                "for sequence in list(waiting.values())[-1:]]",
            )
        ],
        "scenarios",
    ),
    Bug(
        "done-first",
        "a sweep says what comes after a rung before it puts what the rung brought about",
        [
            Change(
                "chalicelib/services/sweep.py",
                "    supervision.settle(brought)\n    for row, head in heads:\n",
                "    for row, head in heads:\n",
            ),
            Change(
                "chalicelib/services/sweep.py",
                "    return brought\n",
                "    supervision.settle(brought)\n    return brought\n",
            ),
        ],
        "scenarios",
    ),
)


def plant(bug: Bug, where: Path) -> None:
    """A copy of the platform and its tests in `where`, with the bug in it. ValueError if its text is not there once."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, where / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, where / name)
    for change in bug.changes:
        file = where / change.file
        text = file.read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            raise ValueError(f"{bug.name}: {change.file} does not have once: {change.old!r}")
        file.write_text(text.replace(change.old, change.new), encoding="utf-8")
