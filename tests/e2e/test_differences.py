"""How AWS behaves where this stack relies on it; what ministack does otherwise stands in differences.KNOWN."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.http import problems
from infra.cli.hub import Hub
from tests.e2e import differences
from tests.e2e import stack as stacks
from tests.e2e.account import Account
from tests.e2e.door import StackDoor
from tests.e2e.stack import Package, Stack
from tests.e2e.walking import filed, until
from tests.support.town import HAISHU

SECONDS = 6
PROBE = """
def report(event, context):
    print("SEEN", len(event["Records"]))
    return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["dynamodb"]["SequenceNumber"]}]}

def take(event, context):
    print("SEEN", len(event["Records"]))

def fail(event, context):
    print("SEEN", len(event["Records"]))
    raise ValueError
"""
Mapped = Callable[..., Callable[[], list[int]]]  # name of a function in PROBE, options → what it saw


@pytest.fixture(scope="module")
def spare(account: Account, package: Package) -> Stack:
    """A stack that may be spoilt."""
    found = stacks.deploy(account, package, "spare")
    assert found.description["StackStatus"] == "CREATE_COMPLETE", stacks.why(found)
    return found


@pytest.fixture
def mapped(account: Account, spare: Stack) -> Iterator[Mapped]:
    """Puts a reader of PROBE behind the stream of a new table with two rows; gives what it saw, in records a batch."""
    tables, functions, code = account.client("dynamodb"), account.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(code, "w") as zipped:
        zipped.writestr("probe.py", PROBE)
    made: list[tuple[str, str]] = []

    def put(name: str, **options: Any) -> Callable[[], list[int]]:
        table, function = f"probe-{name}", f"zhongshu-spare-probe_{name}"
        stream = tables.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )["TableDescription"]["LatestStreamArn"]
        role = account.client("iam").get_role(RoleName=spare.physical("OnFactRole"))["Role"]["Arn"]
        account.client("logs").create_log_group(logGroupName=f"/aws/lambda/{function}")
        functions.create_function(
            FunctionName=function, Runtime="python3.11", Role=role, Handler=f"probe.{name}", Timeout=10,
            Code={"ZipFile": code.getvalue()},
        )  # fmt: skip
        mapping = functions.create_event_source_mapping(
            FunctionName=function, EventSourceArn=stream, StartingPosition="TRIM_HORIZON", **options
        )["UUID"]
        made.append((table, mapping))
        for id in ("1", "2"):
            tables.put_item(TableName=table, Item={"id": {"S": id}})
        return lambda: [int(line.split()[1]) for line in spare.log(f"probe_{name}") if line.startswith("SEEN")]

    yield put
    for table, mapping in made:
        functions.delete_event_source_mapping(UUID=mapping)
        tables.delete_table(TableName=table)


def stream_of(stack: Stack) -> str:
    """The stream of the cases."""
    table = stack.account.client("dynamodb").describe_table(TableName=stack.physical("CasesTable"))["Table"]
    stream: str = table["LatestStreamArn"]
    return stream


def test_the_list_was_written_for_this_version_and_names_nothing_else(
    account: Account, request: pytest.FixtureRequest
) -> None:
    assert account.server.version == differences.VERSION
    checks = {item.name for item in request.session.items if item.path == request.path}
    assert len(checks) == 1 or differences.KNOWN.keys() <= checks


def test_names_are_of_the_partition_of_the_region(stack: Stack) -> None:
    assert stack.outputs["APIHandlerArn"].startswith("arn:aws-cn:lambda:cn-north-1:")


def test_a_route_that_there_is_not_is_answered_by_a_problem_document(stack: Stack) -> None:
    door = StackDoor.of(stack)
    reply = door.request("GET", "/v1/nothing")
    door.close()
    assert (reply.status, reply.headers["content-type"]) == (404, problems.MEDIA_TYPE)


def test_reading_a_stream_is_judged_by_the_name_of_the_stream(account: Account, spare: Stack) -> None:
    stream = stream_of(spare)
    described = account.client("dynamodbstreams").describe_stream(StreamArn=stream)["StreamDescription"]
    client = account.acting_as(spare.physical("OnDeadLetterRole"), "dynamodbstreams")
    iterator = client.get_shard_iterator(
        StreamArn=stream, ShardId=described["Shards"][0]["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )
    assert iterator["ShardIterator"]


def test_a_mapping_needs_the_right_to_read_its_stream(account: Account, spare: Stack) -> None:
    with pytest.raises(ClientError):
        account.client("lambda").create_event_source_mapping(
            FunctionName=spare.physical("CheckCalendar"),
            EventSourceArn=stream_of(spare),
            StartingPosition="LATEST",
        )


def test_without_the_right_to_use_the_key_nothing_encrypted_is_read(account: Account, spare: Stack) -> None:
    account.client("iam").detach_role_policy(
        RoleName=spare.physical("CheckCalendarRole"), PolicyArn=spare.physical("EveryFunction")
    )
    assert spare.run_schedule("check_calendar").get("FunctionError") == "Unhandled"


def test_a_gateway_needs_the_permission_to_invoke(account: Account, spare: Stack) -> None:
    functions, name = account.client("lambda"), spare.physical("APIHandler")
    for statement in json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"]:
        functions.remove_permission(FunctionName=name, StatementId=statement["Sid"])
    door = StackDoor.of(spare)
    reply = door.request("GET", "/v1/openapi.json")
    door.close()
    assert reply.status == 500


def test_a_firewall_stands_before_the_gateway(account: Account, package: Package) -> None:
    walled = stacks.deploy(account, package, "walled", Firewall="on")
    assert walled.description["StackStatus"] == "CREATE_COMPLETE"


def made(account: Account, name: str, kind: str, properties: Any) -> str:
    """What becomes of a stack of one resource."""
    stack, resource = account.client("cloudformation"), {"Type": f"AWS::{kind}", "Properties": properties}
    stack.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Probe": resource}}))

    def status() -> str | None:
        found: str = stack.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        return None if found.endswith("_IN_PROGRESS") else found

    return until(status, SECONDS, "the stack")


def test_an_alarm_can_be_made_of_alarms(account: Account) -> None:
    properties = {"AlarmRule": "FALSE", "AlarmName": "probe"}
    assert made(account, "rule", "CloudWatch::CompositeAlarm", properties) == "CREATE_COMPLETE"


def test_an_alarm_can_reckon_with_several_metrics(account: Account) -> None:
    metric = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
    read = {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}, "ReturnData": False}
    properties = {"EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold"}
    metrics = {"Metrics": [read, {"Id": "e", "Expression": "m * 2"}]}
    assert made(account, "math", "CloudWatch::Alarm", properties | metrics) == "CREATE_COMPLETE"


def test_a_record_that_is_reported_comes_again(mapped: Mapped) -> None:
    seen = mapped("report", FunctionResponseTypes=["ReportBatchItemFailures"], MaximumRetryAttempts=3)
    until(lambda: len(seen()) > 2, SECONDS, "the record again")


def test_a_batch_is_tried_as_often_as_the_mapping_says(mapped: Mapped, account: Account, spare: Stack) -> None:
    queue = account.client("sqs").create_queue(QueueName="probe")["QueueUrl"]
    target = account.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    mapped("fail", MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": target["QueueArn"]}})
    until(lambda: account.client("sqs").receive_message(QueueUrl=queue).get("Messages"), SECONDS, "the dead letter")


def test_records_wait_for_each_other_as_long_as_the_mapping_says(mapped: Mapped) -> None:
    seen = mapped("take", MaximumBatchingWindowInSeconds=60, BatchSize=100)
    with pytest.raises(TimeoutError):
        until(seen, 30, "a batch that need not come yet")


def test_numbers_in_log_lines_become_metrics(account: Account, hub: Hub) -> None:
    filed(hub, "web", organisation=HAISHU)
    until(lambda: account.client("cloudwatch").list_metrics(Namespace="Zhongshu")["Metrics"], SECONDS, "a metric")


def test_each_request_is_a_line_of_the_access_log(account: Account, stack: Stack, hub: Hub) -> None:
    hub.get("/v1/openapi.json")
    group = stack.physical("AccessLogGroup")
    until(lambda: account.client("logs").filter_log_events(logGroupName=group)["events"], SECONDS, "a line")


def test_points_in_time_are_recoverable(account: Account, stack: Stack) -> None:
    found = account.client("dynamodb").describe_continuous_backups(TableName=stack.physical("CasesTable"))
    backups = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert backups["PointInTimeRecoveryStatus"] == "ENABLED"


def test_rows_expire(account: Account, stack: Stack) -> None:
    found = account.client("dynamodb").describe_time_to_live(TableName=stack.physical("RequestsTable"))
    assert found["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"


def test_a_table_is_protected_against_deletion(account: Account, stack: Stack) -> None:
    with pytest.raises(ClientError, match="protect"):
        account.client("dynamodb").delete_table(TableName=stack.physical("CasesTable"))


def test_what_comes_without_tls_gets_nothing_of_a_bucket(account: Account, stack: Stack) -> None:
    policy = account.client("s3").get_bucket_policy(Bucket=stack.physical("LakeBucket"))["Policy"]
    assert "aws:SecureTransport" in policy
    found = account.client("s3").get_public_access_block(Bucket=stack.physical("LakeBucket"))
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}
