"""Least privilege: a policy file allows what its function does, what Lambda does in its name, and nothing else.

What a policy lacks is refused by the local cloud wherever a test or a run meets it. What it has too much of is seen
here: PLAYS, most of which are tests of this directory, are played one after the other, and each function begins as if
its process knew nothing of the registry. A right that nobody used is named.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest

from chalicelib import settings
from infra import policies
from infra.functions import Function, functions_of
from infra.local import tables
from infra.local.cloud import STAGE, TEMPLATE
from infra.local.environment import environment
from infra.local.mappings import resources
from infra.local.rights import Rights
from tests.flow import (
    test_centres,
    test_comparing,
    test_complaints,
    test_consultation,
    test_follow_up,
    test_forecasts,
    test_hand_over,
    test_indices,
    test_intake,
    test_lake,
    test_reports,
    test_supervision,
    test_watched,
)
from tests.flow.conftest import NINE, Hub
from tests.flow.rating_steps import DAY, FINISHED
from tests.flow.test_quarantine import out_of_reach
from tests.flow.test_supervision import WATCH, published
from tests.support.told import told
from tests.support.town import CORRECT, HAISHU, LI, NANMEN, POOL, PUBLISHER, SUPPLEMENT, hotel, materials, observed
from tests.support.wire import calm, wire

Play = Callable[[Hub], object]


def listed(hub: Hub) -> None:
    """What waits at a desk, and the ratings of an item anywhere."""
    hub.get(f"/v1/desk?org={HAISHU}", LI)
    hub.get("/v1/ratings?item=hotel-licence")


def redriven(hub: Hub) -> None:
    """What follows from the steps of a case, a finding among it, follows when their records are run again by hand."""
    quarantine = importlib.import_module("chalicelib.services.quarantine")  # reads its settings when it is imported
    hub.cloud.pump.held = True
    hub.life(hub.file(hotel(materials=materials(5, m2="lacking"))), CORRECT, SUPPLEMENT, CORRECT)
    stream = hub.cloud.tables["CasesTable"].stream
    assert stream
    for record in stream.records:
        quarantine.put("on_case_change", record, ValueError())
    for row in hub.get("/v1/quarantine", PUBLISHER)["items"]:
        assert _run_again(hub, row)["handled"]


def _run_again(hub: Hub, row: Any) -> Any:
    return hub.ask("POST", f"/v1/quarantine/{row['reader']}/{row['sequence']}/redrive", PUBLISHER).json()


def put_aside_and_given_up(hub: Hub) -> None:
    """Of every stream that is read, a record that its function puts aside, and one that Lambda gives up."""
    declared = tables.tables_of(tables.read_template(TEMPLATE), STAGE)
    read = [declared[each.table] for each in hub.cloud.pump.mappings]
    for key, weather in (("1", calm), ("2", out_of_reach)):
        for table in read:
            boto3.client("dynamodb").put_item(TableName=table["TableName"], Item=_broken(table, key))
        with wire(weather):
            hub.cloud.drain()
    hub.cloud.drain()
    rows = hub.get("/v1/quarantine", PUBLISHER)["items"]
    assert len({(row["reader"], row["reason"]) for row in rows}) == len(rows) == 2 * len(read)
    assert not _run_again(hub, rows[0])["handled"]


def _broken(table: dict[str, Any], key: str) -> dict[str, Any]:
    """An item that is nothing but its key; of the registry one of the kind that is read."""
    kinds = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    item = {each["AttributeName"]: {kinds[each["AttributeName"]]: key} for each in table["KeySchema"]}
    return item | ({"kind": {"S": "centre"}} if "kind" in item else {})


def called_off(hub: Hub) -> None:
    """A complaint that was late by a provisional date, and is not by the calendar that is published then."""

    def lights() -> dict[str, Any]:
        found = hub.get(f"/v1/findings?org={HAISHU}&about=order", WATCH)["items"]
        return {each["rule"]: each["order"] for each in found}

    hub.cloud.advance(302 * DAY)  # Tuesday 2026-12-29
    told(hub)
    hub.cloud.advance(30 * DAY)
    assert lights()["W02"]["state"] != "voided"
    assert hub.ask("PUT", "/v1/calendars/2027", PUBLISHER, published([*range(4, 30)])).status == 201
    hub.cloud.run_schedule("recount_deadlines")
    assert lights()["W02"]["state"] == "voided"


def seen_again(hub: Hub) -> None:
    """A day on which a cross-case rule found something is judged again, because more of it was pooled."""
    test_comparing.test_many_cases_of_one_person_are_found_by_their_numbers_and_not_by_the_person(hub)
    hub.file({**observed("2026-03-06T10:00:00+08:00", None), "organisation": NANMEN}, POOL)
    hub.cloud.advance(DAY)


def rated_by_default(hub: Hub) -> None:
    """Whoever does not rate is put down as fairly satisfied, where the setting says so."""
    with ExitStack() as stack:
        stack.callback(settings.current.cache_clear)
        stack.enter_context(environment({"DEFAULT_RATING": "on"}))
        settings.current.cache_clear()
        hub.life(hub.file(), *FINISHED)
        hub.cloud.advance(8 * DAY)


PLAYS: tuple[Play, ...] = (
    test_supervision.test_each_rung_is_found_once_however_often_it_is_swept,
    test_supervision.test_a_warning_on_a_provisional_date_is_withdrawn_with_its_order,
    test_follow_up.test_a_bad_rating_by_the_code_on_paper_is_followed_to_its_second_rating,
    test_follow_up.test_an_appeal_that_is_upheld_takes_a_rating_out_and_a_review_takes_it_in_again,
    test_consultation.test_what_is_not_known_is_answered_by_a_person_asked_again_and_released_by_another,
    test_complaints.test_public_results_are_told_in_pages_without_numbers,
    test_intake.test_the_window_files_for_an_account_and_the_applicant_sees_the_case_as_theirs,
    test_indices.test_what_happened_is_counted_at_every_level_and_period,
    test_indices.test_an_appeal_that_is_upheld_after_the_month_was_closed_is_an_erratum,
    test_lake.test_what_could_not_leave_while_s3_was_out_is_in_quarantine_and_leaves_when_it_is_run_again,
    test_hand_over.test_what_was_granted_is_handed_over_until_the_loop_is_closed,
    test_centres.test_the_rate_is_of_each_period_as_it_stood_and_a_correction_takes_back_what_was_told,
    test_reports.test_a_closed_month_is_reported_once_and_a_correction_is_a_further_edition,
    test_forecasts.test_six_weeks_later_it_is_told_how_it_came_out,
    test_watched.test_overdue_cases_are_shown_where_they_are_with_the_latest_red_lights,
    test_watched.test_counties_are_shown_by_rank_with_what_is_open_and_overdue,
    listed,
    called_off,
    seen_again,
    rated_by_default,
    put_aside_and_given_up,
    redriven,
)


@pytest.fixture
def played(hub: Hub) -> Iterator[Rights]:
    """The rights that were used in all plays."""
    registry, rights = importlib.import_module("chalicelib.services.registry"), hub.cloud.rights
    rights.used.clear()
    rights.begins = lambda _: registry.forget()
    try:
        for play in PLAYS:
            hub.cloud.reset(NINE)
            play(Hub(hub.cloud))
            hub.cloud.drain()
        yield rights
    finally:
        rights.begins = lambda _: None


def functions() -> tuple[Function, ...]:
    return functions_of(importlib.import_module("app").app)


def test_no_function_may_do_what_it_does_not(played: Rights) -> None:
    found = policies.read()
    unused = [
        f"policy-{each.name}.json allows {right}, which {each.name} did not use"
        for each in functions()
        for right in sorted(_allowed(found, each) - played.used[each.name] - _lambdas_own(each))
    ]
    advice = "take the right out, or add a play to tests/flow/test_rights.py in which the function needs it"
    assert not unused, "\n".join([*unused, advice])


def test_lambda_may_do_what_it_does_in_the_name_of_each_function(hub: Hub) -> None:
    assert hub.cloud.schedule_names()
    found = policies.read()
    lacking = [
        f"policy-{each.name}.json does not allow {right}, which Lambda does in the name of {each.name}"
        for each in functions()
        for right in sorted(_lambdas_own(each) - _allowed(found, each))
    ]
    assert not lacking, "\n".join(lacking)


def _allowed(found: dict[str, policies.Policy], function: Function) -> set[policies.Right]:
    return {right for grant in found[function.name].grants for right in grant.rights()}


def _lambdas_own(function: Function) -> frozenset[policies.Right]:
    mappings: Any = resources(TEMPLATE)
    return policies.lambdas_own(function, mappings)
