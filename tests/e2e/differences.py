"""What ministack does otherwise than AWS, of what this stack stands on: check of test_differences → reason.

Each check says how AWS behaves. One listed here must fail on ministack; one that passes unexpectedly fails the run, so
that a version that mends it is noticed. Of DynamoDB itself they stand in tests/contract/gaps.py. What a difference
makes necessary stands here too: resources that are left out of the template, and what is done to the stack that stands.
Nothing that is built is ever changed for it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.e2e.stack import Stack

VERSION = "1.5.33"  # of ministack, for which the list was written

KNOWN: dict[str, str] = {
    "test_names_are_of_the_partition_of_the_region": "every name is of the partition aws",
    "test_a_route_that_there_is_not_is_answered_by_a_problem_document": (
        "the gateway's responses in the definition of an API are not read"
    ),
    "test_reading_a_stream_is_judged_by_the_name_of_the_stream": "it is judged by no name at all",
    "test_a_mapping_needs_the_right_to_read_its_stream": "streams are read by nobody's right",
    "test_without_the_right_to_use_the_key_nothing_encrypted_is_read": "tables do not ask for their key",
    "test_a_gateway_needs_the_permission_to_invoke": "it invokes without",
    "test_a_firewall_stands_before_the_gateway": "it has no AWS::WAFv2::WebACLAssociation",
    "test_an_alarm_can_be_made_of_alarms": "it has no AWS::CloudWatch::CompositeAlarm",
    "test_an_alarm_can_reckon_with_several_metrics": "its alarms have one metric",
    "test_a_record_that_is_reported_comes_again": "the whole batch counts as handled",
    "test_a_batch_is_tried_as_often_as_the_mapping_says": "it is tried until its records are too old",
    "test_records_wait_for_each_other_as_long_as_the_mapping_says": "they are delivered at once",
    "test_numbers_in_log_lines_become_metrics": "the embedded metric format is not read",
    "test_each_request_is_a_line_of_the_access_log": "nothing is written there",
    "test_points_in_time_are_recoverable": "the property is not read",
    "test_rows_expire": "the property is not read",
}


def can_be_made(resource: Mapping[str, Any]) -> bool:
    """Whether its CloudFormation takes a resource of a template; it refuses some alarms, to which nothing refers."""
    reckons = resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource["Properties"]
    return not reckons and resource["Type"] != "AWS::CloudWatch::CompositeAlarm"


def fit(stack: Stack) -> None:
    """What a stack that was just made needs here."""
    allow_reading_streams(stack)
    name_where_the_code_lies(stack)


def name_where_the_code_lies(stack: Stack) -> None:
    """Lets every function find the SDK's description that the zip brings: ministack unpacks it into a directory of
    its own, not into /var/task, and starts the function there."""
    functions = stack.account.client("lambda")
    for each in stack.of_type("Lambda::Function"):
        name = stack.physical(each)
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        fitted = {**variables, "AWS_DATA_PATH": variables["AWS_DATA_PATH"].replace("/var/task/", "")}
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": fitted})


def allow_reading_streams(stack: Stack) -> None:
    """Lets on_dead_letter read any stream, since ministack does not see that its policy names the very stream."""
    actions = ["dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    stack.account.client("iam").put_role_policy(
        RoleName=stack.physical("OnDeadLetterRole"),
        PolicyName="streams-of-ministack",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
