"""The parties of a case as bodies: applicants, organisations, agents, and their numbers in normal form.

This module must not know what a party may do.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.domain import identifiers
from chalicelib.domain.identifiers import IdType, NotValid
from chalicelib.errors import FieldError, InvalidInput
from chalicelib.http.fields import Closed, Short, visible, without_personal_data

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(visible)]
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:@-]{1,64}$")]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]
Authority = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    AfterValidator(without_personal_data),
    Field(description="授权委托书编号"),
]


class PersonIn(Closed):
    """A natural person (自然人). `account`: their own account, where staff file for somebody present."""

    kind: Literal["person"]
    name: Name
    id_type: IdType
    id_number: Number
    phone: Number
    account: Account | None = None


class OrganisationIn(Closed):
    """A legal person or other organisation (法人、其他组织), with a contact."""

    kind: Literal["organisation"]
    name: Short
    uscc: Annotated[Number, Field(description="统一社会信用代码")]
    contact_name: Name
    phone: Number
    account: Account | None = None


class AgentIn(Closed):
    """Who files for the applicant (委托代理人), and by what authority (授权委托书): its number, what it covers, and the
    last day on which it holds. `account`: the agent's own, where staff file for an agent who is present."""

    name: Name
    id_type: IdType
    id_number: Number
    phone: Number
    account: Account | None = None
    authority: Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(visible)]
    may: Annotated[list[Literal["file", "withdraw", "collect"]], Field(min_length=1, max_length=3)]
    until: date | None = None


def identified(applicant: PersonIn | OrganisationIn | None, today: date) -> tuple[Mapping[str, Any], str | None]:
    """The applicant with normal numbers, and the document that is indexed where there is no account."""
    if applicant is None:
        return {}, None
    found = normal(applicant, "applicant", today)
    if isinstance(applicant, PersonIn):
        return found, f"{applicant.id_type.value}:{found['id_number']}"
    return found, f"uscc:{found['uscc']}"


def normal(party: PersonIn | OrganisationIn | AgentIn, place: str, today: date) -> dict[str, Any]:
    """A party with normal numbers; InvalidInput names each that is wrong."""
    found = party.model_dump(exclude_none=True, mode="json")
    errors: list[FieldError] = []

    def checked(field: str, bring: Any) -> None:
        try:
            found[field] = bring(found[field])
        except NotValid as wrong:
            errors.append(FieldError(f"{place}.{field}", wrong.code, wrong.zh, wrong.en))

    checked("phone", identifiers.phone)
    if isinstance(party, OrganisationIn):
        checked("uscc", identifiers.social_credit_code)
    else:
        id_type = party.id_type
        checked("id_number", lambda text: identifiers.document_number(id_type, text, today))
    if errors:
        raise InvalidInput(errors=errors)
    return found
