"""What each engine is known not to do as DynamoDB does it: check -> reason.

A check listed here must fail on that engine: one that passes unexpectedly fails the run, so the lists stay true. What
no engine on this machine can show stands in docs/decisions/0010-what-the-local-engine-cannot-show.md.
"""

from __future__ import annotations

VERSIONS = {"ours": "5.2.5", "ministack": "1.5.33"}  # of moto, which ours repairs, and of ministack

_UPDATE = "test_an_update_is_refused_whole_for"
_QUERY = "test_a_query_is_refused_for"
_READ = "test_a_read_costs_by_four_kilobytes_and_half_when_it_may_be_stale"

KNOWN: dict[str, dict[str, str]] = {
    "ours": {},
    "ministack": {
        # accepts what DynamoDB refuses
        f"{_UPDATE}[a sum of text and number]": "counts a text as nought",
        f"{_UPDATE}[appending to a text]": "makes a list of a text",
        f"{_UPDATE}[two paths that overlap]": "the later path wins",
        f"{_UPDATE}[setting and removing the same]": "the removal wins",
        f"{_UPDATE}[no expression at all]": "skips what it cannot parse",
        f"{_QUERY}[a filter on the index's own key]": "filters by it",
        f"{_QUERY}[an attribute that is not in the index]": "gives items without it",
        f"{_QUERY}[all attributes of an index that has some]": "gives what the index has",
        "test_a_transaction_is_refused_whole_for[an update of the key]": "moves the item",
        # answers otherwise
        "test_it_is_not_true_that[absent = gone]": "two absent attributes are equal",
        "test_it_cannot_be_asked_whether[v BETWEEN :one AND :x]": "is simply false",
        "test_sums_are_exact_to_38_digits": "28 digits",
        "test_elements_are_removed_by_the_positions_they_had": "the first removal moves the later positions",
        "test_what_does_not_fit_into_16_megabytes_is_left_as_unprocessed_keys": "gives every item at once",
        f"{_READ}[True-2]": "every read costs one unit",
        f"{_READ}[False-1]": "every read costs half a unit",
    },
}
