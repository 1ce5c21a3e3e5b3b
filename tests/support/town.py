"""Invented people of one town, and what they file: identities for tokens, bodies for the door.

Numbers are valid by their check digits and belong to nobody. This module must not send anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stdnum.cn import ric

Identity = Mapping[str, Any]
Body = dict[str, Any]

HAISHU, JIANGBEI, NINGBO, HANGZHOU, ZHEJIANG = "330203", "330205", "330200", "330100", "330000"
NANMEN = "33020301"  # a station of Haishu
NANMEN_WINDOW = "3302030101"
HAISHU_WINDOW = "3302030001"
WAITAN = "33020501"  # a station of Jiangbei


def citizen(subject: str) -> Identity:
    """An applicant with an account."""
    return {"sub": subject, "kind": "citizen"}


def staff(subject: str, org: str, *posts: str, lines: tuple[str, ...] = ()) -> Identity:
    """A member of staff."""
    return {"sub": subject, "kind": "staff", "org": org, "posts": list(posts), "lines": list(lines)}


ZHANG, WU = citizen("zhang"), citizen("wu")
LI = staff("li", HAISHU, "intake")
SUN = staff("sun", HAISHU_WINDOW, "intake")
WANG = staff("wang", HAISHU, "review", lines=("public_order",))
ZHAO = staff("zhao", HAISHU, "delivery")
POOL = {"sub": "pool", "kind": "system"}
PUBLISHER = staff("ops", ZHEJIANG, "operations")

ID_NUMBER = "330203199001010011"[:17] + ric.calc_check_digit("330203199001010011")
PHONE = "13800138000"
NAME = "某甲乙"
USCC = "91330203MA2AF00007"
FIRM = "海曙某旅馆有限公司"
CONTACT = "某丙丁"

NOTE = "材料齐全符合法定形式同意受理请尽快办理完"  # twenty characters
LONG = "经现场核查消防设施与平面图不符需整改后重新核查" * 4  # over 200 bytes

PERSON: Body = {"kind": "person", "name": NAME, "id_type": "resident_id", "id_number": ID_NUMBER, "phone": PHONE}
COMPANY: Body = {"kind": "organisation", "name": FIRM, "uscc": USCC, "contact_name": CONTACT, "phone": PHONE}


def materials(number: int, **media: str) -> list[Body]:
    """The first `number` materials m1, m2 …, electronic unless `media` says otherwise."""
    return [{"code": f"m{n}", "medium": media.get(f"m{n}", "electronic")} for n in range(1, number + 1)]


def hotel(**changes: Any) -> Body:
    """A hotel licence: promised, at the county, checked on site, accepted and granted by two persons."""
    body = {
        "item": "hotel-licence",
        "organisation": HAISHU,
        "channel": "mobile",
        "applicant": COMPANY,
        "form": {"rooms": "20"},
        "materials": materials(5),
        "delivery": {"way": "collect"},
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def permit(**changes: Any) -> Body:
    """A residence permit of a person: promised, at a station or county, without a check on site."""
    return hotel(**{"item": "residence-permit", "applicant": PERSON, "materials": materials(2), **changes})


def lodging(**changes: Any) -> Body:
    """A residence registration: instant, at a station."""
    return hotel(
        **{
            "item": "residence-registration",
            "organisation": NANMEN,
            "applicant": PERSON,
            "materials": materials(2),
            **changes,
        }
    )


def observed(at: str, due: str | None, number: str = "7") -> Body:
    """A case that another system handles, as a pooling system files it."""
    told = {"at": at, "due": due, "source": "old-system", "source_id": number, "actor": "clerk-1"}
    return hotel(applicant=..., materials=..., form=..., delivery=..., observed=told)


TWO = ["wang", "zhao"]
Step = tuple[str, Identity, Body]
ACCEPT: Step = ("accept", LI, {"note": NOTE})
REVIEW: Step = ("review", WANG, {"note": NOTE, "on_site_staff": TWO})
GRANT: Step = ("grant", WANG, {"note": NOTE})
COMPLETE: Step = ("complete", ZHAO, {"result_number": "甬海公特旅字第1号"})
DELIVER: Step = ("deliver", ZHAO, {"handed_to": "applicant"})
ARCHIVE: Step = ("archive", ZHAO, {"note": NOTE})
CORRECT: Step = ("correct", LI, {"notice": "请补正消防安全检查意见"})
SUPPLEMENT: Step = ("supplement", ZHANG, {"materials": [{"code": "m2", "medium": "electronic"}]})
SUSPEND: Step = ("suspend", WANG, {"pause_class": "hearing", "reason": NOTE, "notice": NOTE, "days": 5})
RESUME: Step = ("resume", WANG, {"note": NOTE})
WHOLE = (ACCEPT, REVIEW, GRANT, COMPLETE, DELIVER, ARCHIVE)
