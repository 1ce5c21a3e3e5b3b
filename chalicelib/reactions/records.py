"""How every function that reads a stream goes through its records.

Records come in the order in which their items changed, each with the whole item before and after. They come at least
once, so a reaction must be able to meet a record again, after later ones too. This module must not know what the
reactions do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib import observability
from chalicelib.errors import Busy, StaleVersion, VersionConflict
from chalicelib.services import quarantine
from chalicelib.services.quarantine import Reaction

Report = dict[str, list[dict[str, str]]]
LATER = (Busy, StaleVersion, VersionConflict)  # the store does not answer, or somebody else was at the item: try again
MOST_WAITING = 3  # keys; when so many wait it is not an item that is held but the store, and the rest would wait too


def handle(reader: str, records: Sequence[Mapping[str, Any]], reaction: Reaction) -> Report:
    """Runs `reaction` on each record; gives what Lambda wants to know: from which record on to come again.

    A record that must wait (LATER) holds up what follows of the same key, so that a key's records are handled in order;
    other keys go on, and meet the reaction again with the retry. A record that is poison is put into the quarantine,
    under the name of the function `reader`, and what follows of the same key goes on: each record carries the whole
    item, so a later one may well be read. Any other error is one of the code and is raised.
    """
    waiting: dict[str, str] = {}  # key → its first record that must come again
    for record in records:
        observability.begin(operation=reader)
        key = quarantine.key_of(record)
        if key in waiting:
            continue
        try:
            _handle(reader, record, reaction)
        except LATER:
            waiting[key] = record["dynamodb"]["SequenceNumber"]
            if len(waiting) == MOST_WAITING:
                break
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in list(waiting.values())[:1]]}


def take_in(messages: Sequence[Mapping[str, Any]]) -> None:
    """Puts what dead letters point to into the quarantine. A message comes again until that went well."""
    for message in messages:
        observability.begin()
        quarantine.take_in(json.loads(message["body"]))


def _handle(reader: str, record: Mapping[str, Any], reaction: Reaction) -> None:
    try:
        reaction(record)
    except quarantine.POISON as error:
        quarantine.put(reader, record, error)
