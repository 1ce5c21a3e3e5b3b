"""Identities: an applicant, staff of a county by post, a pooling system."""

from __future__ import annotations

from chalicelib.domain.authority import Identity, Kind, Line, Post

CITY = "330200"
COUNTY = "330203"
STATION = "33020301"
STATION_WINDOW = "3302030101"
CENTRE_WINDOW = "3302030001"

APPLICANT = Identity("citizen-1", Kind.citizen)
POOL = Identity("pool", Kind.system)


def staff(name: str, *posts: Post, org: str | None = COUNTY, lines: frozenset[Line] = frozenset()) -> Identity:
    """A member of staff at `org`; without lines, one for all of them (全科)."""
    return Identity(name, Kind.staff, org, frozenset(posts), lines)


ACCEPTOR = staff("zhang", Post.intake)
REVIEWER = staff("li", Post.review)
CLERK = staff("wang", Post.delivery)
EVERYBODY = staff("zhao", *Post)  # holds every post, so that only table and guards can refuse
