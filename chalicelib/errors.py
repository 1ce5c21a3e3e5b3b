"""Every way in which the platform refuses a request, as a class that names the situation.

A refusal says what is wrong and where; which HTTP status and which words it becomes is decided in one
table, `chalicelib.http.problems`. This module imports only the standard library, so that the pure domain
may use it. It must not know about HTTP, tables or languages beyond the two texts of a field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: `field` is its path ("applicant.id_number"), `code` stable for
    programs, `zh` and `en` say what is allowed and what to do next."""

    field: str
    code: str
    zh: str
    en: str


class Refused(Exception):  # noqa: N818  a refusal is an answer, not a fault
    """Base of all refusals. `code` is the stable name that a client sees; `zh` and `en` tell the particulars."""

    code = "refused"

    def __init__(
        self,
        zh: str = "",
        en: str = "",
        *,
        errors: Sequence[FieldError] = (),
        allowed_actions: Sequence[str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(en or self.code)
        self.zh = zh
        self.en = en
        self.errors = tuple(errors)
        self.allowed_actions = None if allowed_actions is None else tuple(allowed_actions)
        self.retry_after = retry_after


class InvalidInput(Refused):
    """A field is missing, of the wrong type or form, or over its length."""

    code = "invalid_input"


class NotJson(Refused):
    """The body is not a JSON document."""

    code = "not_json"


class TooLarge(Refused):
    """The body is over 1 MB, or a case would outgrow its item."""

    code = "too_large"


class UnsupportedMediaType(Refused):
    """The body is announced as something other than application/json."""

    code = "unsupported_media_type"


class Unauthenticated(Refused):
    """No bearer token, or one that does not verify; `en` says which check failed, never the token."""

    code = "unauthenticated"


class Forbidden(Refused):
    """The identity is known, and its posts do not allow this."""

    code = "forbidden"


class NotFound(Refused):
    """Nothing under this name that the identity may see; another person's case is not found either."""

    code = "not_found"


class MethodNotAllowed(Refused):
    """The resource exists and does not take this method."""

    code = "method_not_allowed"


class PreconditionRequired(Refused):
    """A transition without If-Match, or a creating POST without Idempotency-Key."""

    code = "precondition_required"


class StaleVersion(Refused):
    """If-Match names a version that is no longer the current one."""

    code = "stale_version"


class VersionConflict(Refused):
    """Somebody else published or wrote at the same moment; read again and retry."""

    code = "version_conflict"


class ActionNotAllowed(Refused):
    """The procedure does not permit this action in the case's present state."""

    code = "action_not_allowed"


class SamePerson(Refused):
    """Four eyes: the same person may not take both of two steps."""

    code = "same_person"


class TooManySteps(Refused):
    """The case has as many steps as one item holds."""

    code = "too_many_steps"


class KeyReused(Refused):
    """The Idempotency-Key was used before with another body."""

    code = "key_reused"


class BadLink(Refused):
    """A rating link that was not made here, or was altered."""

    code = "bad_link"


class ExpiredLink(Refused):
    """A rating link whose time is over."""

    code = "expired_link"


class NotRateable(Refused):
    """What is to be rated cannot be rated now, or not by this person."""

    code = "not_rateable"


class AlreadyRated(Refused):
    """This service has its rating already."""

    code = "already_rated"


class BrokenHistory(Refused):
    """The stored steps of a case do not add up: somebody touched them; /history says where."""

    code = "broken_history"


class Busy(Refused):
    """The store is throttled or did not answer in time; nothing was half done."""

    code = "busy"


class BrokenDefinition(Exception):  # noqa: N818  it says what is broken
    """A procedure, item or calendar that the strict validator refuses. The message names the place."""
