"""What cannot be handled: put aside by the function itself, or given up by Lambda and taken from the dead letters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from infra.cli.hub import Hub
from tests.e2e.stack import Stack
from tests.e2e.walking import post, until
from tests.support.told import complaint
from tests.support.town import PUBLISHER, ZHANG

SOON, GIVEN_UP = 60, 180  # seconds
READER = "on_order_change"
MAPPING, ROLE = "OnOrderChangeOnOrderChangeDynamodbEventSource", "OnOrderChangeRole"
A_MINUTE = 60  # the least that Lambda allows as the age of a record


def put_aside(hub: Hub, reader: str, key: str) -> list[Mapping[str, Any]]:
    """The records of an item that a function could not handle."""
    return [row for row in hub.pages("/v1/quarantine", PUBLISHER) if (row["reader"], row["key"]) == (reader, key)]


def redriven(hub: Hub, row: Mapping[str, Any]) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = hub.send(
        "POST", f"/v1/quarantine/{row['reader']}/{row['sequence']}/redrive", who=PUBLISHER
    )
    return answer


@contextmanager
def without_rights(stack: Stack, role: str) -> Iterator[None]:
    """While this lasts, a role has no policy of its own."""
    rights, name = stack.account.client("iam"), stack.physical(role)
    (policy,) = rights.list_role_policies(RoleName=name)["PolicyNames"]
    document = rights.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    rights.delete_role_policy(RoleName=name, PolicyName=policy)
    try:
        yield
    finally:
        rights.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def test_a_record_that_cannot_be_read_is_put_aside_and_the_others_go_on(hub: Hub, stack: Stack) -> None:
    key = "330205009901010000001"
    item = {"id": {"S": key}, "v": {"N": "1"}}  # no case is like this
    stack.account.client("dynamodb").put_item(TableName=stack.physical("CasesTable"), Item=item)
    (row,) = until(lambda: put_aside(hub, "on_case_change", key), SOON, "the record")
    assert row["kept"] is True
    assert redriven(hub, row)["failed"]["tries"] == 1


def test_what_lambda_gave_up_is_taken_from_the_dead_letters_and_handled_again(hub: Hub, stack: Stack) -> None:
    stack.account.client("lambda").update_event_source_mapping(
        UUID=stack.physical(MAPPING), MaximumRecordAgeInSeconds=A_MINUTE
    )
    with without_rights(stack, ROLE):
        order = post(hub, "/v1/orders", complaint(), ZHANG)["order_id"]
        (row,) = until(lambda: put_aside(hub, READER, order), GIVEN_UP, "the dead letter")
    assert (row["kept"], row["place"]) == (True, "")
    assert redriven(hub, row) == {"handled": True, "failed": None}
    assert put_aside(hub, READER, order) == []
