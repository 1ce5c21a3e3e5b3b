"""Invented applicants: valid in form, and nobody. This module must not send requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from stdnum.cn import ric, uscc

SURNAMES = "赵钱孙李周吴郑王冯陈蒋沈韩杨朱秦许何吕施"
STEMS = "甲乙丙丁戊己庚辛壬癸"
TRADES = ("旅馆", "网吧", "印章", "保安", "物流", "化工", "烟花", "典当", "物业", "文化传播")


@dataclass(frozen=True, slots=True)
class Applicant:
    """Somebody who applies: the body's `applicant`, and the account where there is one."""

    document: Mapping[str, Any]
    account: str


def invented(kind: str, area: str, number: int, random: Random) -> Applicant:
    """A person or an organisation of `area` (six digits); every name says 某."""
    name = f"{random.choice(SURNAMES)}某{random.choice(STEMS)}"
    phone = f"1380000{number % 10_000:04d}"
    account = f"sample-{number:04d}"
    if kind == "person":
        document = {"name": name, "id_type": "resident_id", "id_number": _resident_id(area, random)}
        return Applicant({"kind": kind, "phone": phone, **document}, account)
    trade = random.choice(TRADES)
    company = {"name": f"某某{trade}有限公司（示例{number:04d}）", "uscc": _uscc(area, random), "contact_name": name}
    return Applicant({"kind": kind, "phone": phone, **company}, account)


def _resident_id(area: str, random: Random) -> str:
    birth = f"{random.randint(1950, 2005)}{random.randint(1, 12):02d}{random.randint(1, 28):02d}"
    body = f"{area}{birth}{random.randint(0, 999):03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def _uscc(area: str, random: Random) -> str:
    body = f"91{area}{random.randint(0, 999_999_999):09d}"
    return body + str(uscc.calc_check_digit(body))
