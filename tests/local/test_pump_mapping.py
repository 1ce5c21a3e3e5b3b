"""What the template says of streams and queues, and what the local cloud makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from chalice.app import Chalice

from infra.local.cloud import DEAD_LETTERS, TEMPLATE
from infra.local.mappings import FILE, Mappings, queues, resources
from infra.local.pump import StreamMapping
from infra.local.tables import read_template

ROOT = Path(__file__).parents[2]


def app() -> Chalice:
    found = Chalice(app_name="small", configure_logs=False)
    found.on_dynamodb_record(stream_arn="stream/NotesTable", batch_size=7)(on_notes)
    found.on_sqs_message(queue_arn="arn:aws-cn:sqs:cn-north-1:1:replaced")(on_letter)
    return found


def on_notes(event: Any) -> None: ...


def on_letter(event: Any) -> None: ...


def mappings(where: Path, **properties: Any) -> Mappings:
    """The app under a template with these properties of its stream."""
    stream = {"Properties": {"Events": {"OnNotesDynamodbEventSource": {"Properties": properties}}}}
    queue = {"Queue": {"Fn::GetAtt": "Letters.Arn"}, "BatchSize": 2}
    resources = {
        "OnNotes": stream,
        "OnLetter": {"Properties": {"Events": {"OnLetterSqsEventSource": {"Properties": queue}}}},
        "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "small-${Stage}-letters"}}},
    }
    (where / FILE).write_text(yaml.safe_dump({"Resources": resources}), encoding="utf-8")
    return Mappings(app(), where / "tables.yaml", "test")


def stream(where: Path, **properties: Any) -> StreamMapping:
    (found,) = mappings(where, **properties).streams()
    return found


def test_without_a_template_a_mapping_has_the_defaults_of_aws(tmp_path: Path) -> None:
    (found,) = Mappings(app(), tmp_path / "tables.yaml", "test").streams()
    assert (found.name, found.table, found.batch_size, found.function) == (
        "on_notes",
        "NotesTable",
        7,
        "small-test-on_notes",
    )
    options = found.options
    assert (options.retries, options.max_age_seconds, options.window_seconds) == (-1, -1, 0)
    assert (options.bisect, options.report_item_failures, options.dead_letters) == (False, False, False)
    assert options.starting_position == "LATEST"  # chalice's own


def test_what_the_template_says_replaces_what_the_decorator_says(tmp_path: Path) -> None:
    pattern = json.dumps({"dynamodb": {"Keys": {"id": {"S": ["a"]}}}})
    found = stream(
        tmp_path,
        Stream={"Fn::GetAtt": "OtherTable.StreamArn"},
        StartingPosition="TRIM_HORIZON",
        BatchSize=50,
        MaximumBatchingWindowInSeconds=3,
        ParallelizationFactor=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=4,
        MaximumRecordAgeInSeconds=600,
        DestinationConfig={"OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": "Letters.Arn"}}},
        FilterCriteria={"Filters": [{"Pattern": pattern}]},
    )
    options = found.options
    assert (found.table, found.batch_size, options.starting_position) == ("OtherTable", 50, "TRIM_HORIZON")
    assert (options.retries, options.max_age_seconds, options.window_seconds) == (4, 600, 3)
    assert (options.bisect, options.report_item_failures, options.dead_letters) == (True, True, True)
    (passes,) = options.passes
    assert passes({"dynamodb": {"Keys": {"id": {"S": "a"}}}})
    assert not passes({"dynamodb": {"Keys": {"id": {"S": "b"}}}})


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"TumblingWindowInSeconds": 60}, "on_notes: the local cloud does not follow TumblingWindowInSeconds"),
        ({"BatchSize": 0}, "BatchSize must be 1 to 10000"),
        ({"BatchSize": "100"}, "BatchSize must be 1 to 10000"),
        ({"MaximumRetryAttempts": -2}, "MaximumRetryAttempts must be -1 to 10000"),
        ({"MaximumRecordAgeInSeconds": 604_801}, "MaximumRecordAgeInSeconds must be -1 to 604800"),
        ({"MaximumBatchingWindowInSeconds": 301}, "MaximumBatchingWindowInSeconds must be 0 to 300"),
        ({"ParallelizationFactor": 2}, "ParallelizationFactor must be 1 to 1"),
        ({"StartingPosition": "AT_TIMESTAMP"}, "StartingPosition must be TRIM_HORIZON or LATEST"),
        ({"FunctionResponseTypes": ["Else"]}, "FunctionResponseTypes can only be"),
        ({"FilterCriteria": {"Filters": [{"Pattern": '{"a": 1}'}]}}, "pattern.a"),
    ],
)
def test_what_the_local_cloud_cannot_follow_is_refused_by_name(
    properties: dict[str, Any], told: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=told):
        stream(tmp_path, **properties)


def test_a_queue_has_its_name_and_its_reader(tmp_path: Path) -> None:
    found = mappings(tmp_path)
    assert queues(resources(tmp_path / "tables.yaml"), "test") == {"Letters": "small-test-letters"}
    reader = found.reader("Letters")
    assert reader is not None
    assert reader.batch_size == 2
    assert found.reader("Others") is None


PLATFORM = read_template(TEMPLATE.with_name(FILE))["Resources"]
STREAMS = {
    name: event["Properties"]
    for name, resource in PLATFORM.items()
    for event in resource["Properties"].get("Events", {}).values()
    if "Stream" in event["Properties"]
}


@pytest.mark.parametrize("name", STREAMS)
def test_each_stream_of_the_platform_is_read_so_that_nothing_is_lost(name: str) -> None:
    found = STREAMS[name]
    assert found["StartingPosition"] == "TRIM_HORIZON"
    assert found["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert found["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": f"{DEAD_LETTERS}.Arn"}
    assert 0 < found["MaximumRetryAttempts"] <= 100
    assert 0 < found["MaximumRecordAgeInSeconds"] <= 86_400 / 2


def test_every_function_that_reads_has_its_mapping_and_every_mapping_its_function() -> None:
    text = (ROOT / "app.py").read_text(encoding="utf-8")
    declared = {
        "".join(part.title() for part in each.partition("(")[0].strip().split("_"))
        for decorator in ("@app.on_dynamodb_record", "@app.on_sqs_message")
        for each in (part.partition("\ndef ")[2] for part in text.split(decorator)[1:])
    }
    assert declared == {name for name, resource in PLATFORM.items() if "Type" not in resource}


@pytest.mark.parametrize("name", STREAMS)
def test_the_function_of_a_stream_may_write_to_its_destination_and_bears_the_name_by_which_letters_name_it(
    name: str,
) -> None:
    function = PLATFORM[name]["Properties"]["FunctionName"]["Fn::Sub"].removeprefix("zhongshu-${Stage}-")
    assert "".join(part.title() for part in function.split("_")) == name
    policy = json.loads((ROOT / f".chalice/policy-{function}.json").read_text(encoding="utf-8"))
    allowed = [each for each in policy["Statement"] if "sqs:SendMessage" in each["Action"]]
    assert [each["Resource"] for each in allowed] == [{"Fn::GetAtt": [DEAD_LETTERS, "Arn"]}]
