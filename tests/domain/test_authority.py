"""Who may do what: kind × post × place × line, and who sees and publishes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.authority import (
    NO_STANDING,
    Identity,
    Kind,
    Line,
    Post,
    Standing,
    Who,
    publishes,
    require_actor,
    sees_organisation,
)
from chalicelib.errors import Forbidden
from tests.support.people import APPLICANT, CENTRE_WINDOW, COUNTY, POOL, STATION, STATION_WINDOW, staff

INTAKE = Who(applicant=False, agent=None, system=False, posts=frozenset({Post.intake}), outposts=False, lines=False)
OUTPOSTS = replace(INTAKE, outposts=True)
OPEN = replace(OUTPOSTS, applicant=True)
LINED = replace(INTAKE, lines=True)
ONLY_APPLICANT = Who(applicant=True, agent=None, system=False, posts=frozenset(), outposts=False, lines=False)

TRAFFIC = frozenset({Line.traffic})
BOTH = frozenset({Line.traffic, Line.public_order})


def may(identity: Identity, who: Who, *, own: bool = False, organisation: str = COUNTY) -> bool:
    """Whether `identity` may act on a case of public order that `organisation` handles."""
    try:
        require_actor(
            identity, who, organisation=organisation, line=Line.public_order, standing=Standing(applicant=own)
        )
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("who", "own", "expected"),
    [(OPEN, True, True), (OPEN, False, False), (INTAKE, True, False), (ONLY_APPLICANT, True, True)],
)
def test_a_citizen_acts_on_the_own_case_where_applicants_may(who: Who, own: bool, expected: bool) -> None:
    assert may(APPLICANT, who, own=own) is expected


@pytest.mark.parametrize("who", [INTAKE, OUTPOSTS, OPEN, LINED, ONLY_APPLICANT])
@pytest.mark.parametrize(
    "identity",
    [POOL, staff("lost", Post.intake, org=None), replace(POOL, organisation="330000", posts=frozenset(Post))],
)
def test_a_system_and_staff_of_nowhere_take_no_step(identity: Identity, who: Who) -> None:
    assert not may(identity, who, own=True)


@pytest.mark.parametrize("post", Post)
def test_a_post_is_needed(post: Post) -> None:
    assert may(staff("a", post), INTAKE) is (post is Post.intake)
    assert may(staff("a", *set(Post) - {post}), INTAKE) is (post is not Post.intake)
    assert not may(staff("a"), INTAKE)
    assert not may(staff("a", post), ONLY_APPLICANT)


@pytest.mark.parametrize(
    ("place", "in_own_name", "as_outpost"),
    [
        (COUNTY, True, True),
        (CENTRE_WINDOW, True, True),  # a window of the centre acts in the centre's name
        (STATION, False, True),
        (STATION_WINDOW, False, True),
        ("330206", False, False),
        ("33020601", False, False),
        ("330200", False, False),  # above is not in the name of
        ("3302000001", False, False),
        ("330000", False, False),
    ],
)
def test_a_step_is_taken_in_the_handling_organisations_name(place: str, in_own_name: bool, as_outpost: bool) -> None:
    assert may(staff("a", Post.intake, org=place), INTAKE) is in_own_name
    assert may(staff("a", Post.intake, org=place), OUTPOSTS) is as_outpost


@pytest.mark.parametrize(
    ("place", "expected"), [(STATION, True), (STATION_WINDOW, True), ("33020302", False), (COUNTY, False)]
)
def test_a_stations_case_is_handled_by_the_station_and_its_windows(place: str, expected: bool) -> None:
    assert may(staff("a", Post.intake, org=place), INTAKE, organisation=STATION) is expected


@pytest.mark.parametrize(
    ("lines", "expected"), [(frozenset(), True), (frozenset({Line.public_order}), True), (BOTH, True), (TRAFFIC, False)]
)
def test_a_line_is_asked_for_where_the_step_is_the_lines_own(lines: frozenset[Line], expected: bool) -> None:
    assert may(staff("a", Post.intake, lines=lines), LINED) is expected
    assert may(staff("a", Post.intake, lines=lines), INTAKE)


def test_a_refusal_names_what_is_needed() -> None:
    with pytest.raises(Forbidden, match="one of these posts is needed: intake"):
        require_actor(staff("a"), INTAKE, organisation=COUNTY, line=Line.traffic, standing=NO_STANDING)
    with pytest.raises(Forbidden, match="handled by 330203"):
        require_actor(
            staff("a", Post.intake, org="330206"), INTAKE, organisation=COUNTY, line=Line.traffic, standing=NO_STANDING
        )
    traffic = staff("a", Post.intake, lines=TRAFFIC)
    with pytest.raises(Forbidden, match="the service line household is needed"):
        require_actor(traffic, LINED, organisation=COUNTY, line=Line.household, standing=NO_STANDING)


@pytest.mark.parametrize(
    ("place", "seen", "hidden"),
    [
        ("330000", ["330000", "330200", COUNTY, STATION, STATION_WINDOW, CENTRE_WINDOW], []),
        ("330200", [COUNTY, STATION, "3302000001"], ["330000", "330106"]),
        (COUNTY, [COUNTY, STATION, CENTRE_WINDOW], ["330200", "330206", "33020601"]),
        (CENTRE_WINDOW, [COUNTY, STATION, CENTRE_WINDOW], ["330200", "330206"]),
        (STATION_WINDOW, [STATION, STATION_WINDOW], [COUNTY, CENTRE_WINDOW, "33020302"]),
    ],
)
def test_staff_see_their_seat_and_what_is_below_it(place: str, seen: list[str], hidden: list[str]) -> None:
    member = staff("a", org=place)
    assert all(sees_organisation(member, code) for code in seen)
    assert not any(sees_organisation(member, code) for code in hidden)


def test_a_system_sees_every_organisation_and_a_citizen_none() -> None:
    assert sees_organisation(POOL, COUNTY)
    assert not sees_organisation(APPLICANT, COUNTY)
    assert not sees_organisation(replace(APPLICANT, organisation=COUNTY), COUNTY)
    assert not sees_organisation(staff("lost", org=None), COUNTY)


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (POOL, True),
        (staff("a", Post.operations, org="330000"), True),
        (staff("a", *set(Post) - {Post.operations}, org="330000"), False),
        (staff("a", Post.operations, org="330200"), False),
        (staff("a", Post.operations, org="3300000001"), False),
        (staff("a", Post.operations, org=None), False),
        (Identity("c", Kind.citizen, "330000", frozenset(Post)), False),
    ],
)
def test_systems_and_the_provinces_operations_publish(identity: Identity, expected: bool) -> None:
    assert publishes(identity) is expected
