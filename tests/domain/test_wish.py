"""Wishes: whom a node will name, and long texts set apart under their digests."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.wish import APPLICANT as APPLICANT_NAME
from chalicelib.domain.wish import LONGEST_INLINE, set_apart, text_digest
from tests.support.people import ACCEPTOR, APPLICANT, POOL
from tests.support.walks import wish

texts = st.text(max_size=120) | st.text("办理意见", min_size=60, max_size=80)
values = texts | st.integers() | st.binary(max_size=16) | st.lists(st.text(max_size=9), max_size=3).map(tuple)


def test_a_node_names_staff_systems_and_who_did_it_elsewhere_but_no_applicant() -> None:
    assert wish("accept", ACCEPTOR).subject == "zhang"
    assert wish("submit", APPLICANT).subject == APPLICANT_NAME
    assert wish("accept", POOL).subject == "pool"
    assert wish("accept", POOL, observed_by="officer 3").subject == "officer 3"


@given(st.dictionaries(st.sampled_from(["note", "reason", "remedy", "days"]), values))
def test_evidence_set_apart_can_be_put_together_again(evidence: dict[str, str | int | bytes | tuple[str, ...]]) -> None:
    kept, apart = set_apart(evidence)
    assert {
        name: apart[value] if isinstance(value, bytes) and value in apart else value for name, value in kept.items()
    } == evidence
    assert all(len(text.encode()) > LONGEST_INLINE for text in apart.values())
    assert not any(isinstance(value, str) and len(value.encode()) > LONGEST_INLINE for value in kept.values())


@pytest.mark.parametrize(
    ("text", "apart"), [("a" * 200, False), ("a" * 201, True), ("办" * 66, False), ("办" * 67, True)]
)
def test_two_hundred_bytes_stay_and_one_more_is_kept_apart(text: str, apart: bool) -> None:
    kept, texts_apart = set_apart({"note": text})
    assert kept == {"note": text_digest(text) if apart else text}
    assert texts_apart == ({text_digest(text): text} if apart else {})


def test_a_text_is_kept_under_half_its_sha_256() -> None:
    assert text_digest("办") == hashlib.sha256("办".encode()).digest()[:16]


def test_one_text_in_two_fields_is_kept_once() -> None:
    kept, apart = set_apart({"note": "长" * 100, "reason": "长" * 100})
    assert kept["note"] == kept["reason"]
    assert len(apart) == 1
