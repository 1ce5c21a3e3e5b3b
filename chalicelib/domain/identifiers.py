"""Numbers that name people, organisations and cases: checked, brought to one form, masked.

Each check gives the normalised value or raises NotValid, which says in both languages what is allowed. A
check here can only find that a number is *malformed*; whether it was ever issued is for its issuer to say,
so nothing is refused for its region. This module must not look anything up and must not log.

The libraries are imported where they are asked: they are a tenth of a cold start, and most requests name no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class NotValid(ValueError):  # noqa: N818  pydantic turns a ValueError into a refusal of the field
    """The text is no such number. `code` is stable; `zh` and `en` never repeat the text."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.zh = zh
        self.en = en


class IdType(StrEnum):
    """Kinds of personal documents that a case may name."""

    resident_id = "resident_id"  # 居民身份证, also 港澳台居民居住证 and 外国人永久居留身份证 (2023)
    passport = "passport"  # 护照
    hk_macao_permit = "hk_macao_permit"  # 港澳居民来往内地通行证
    taiwan_permit = "taiwan_permit"  # 台湾居民来往大陆通行证
    officer = "officer"  # 军官证、警官证
    other = "other"  # 其他


class Sex(StrEnum):
    """As the 17th digit of a resident ID tells: odd is male."""

    male = "male"
    female = "female"


@dataclass(frozen=True, slots=True)
class ResidentId:
    """A resident ID in its normal form: 18 characters, X in upper case. `area` is where it was first
    issued: six digits of a division that may since have been renamed or merged."""

    number: str
    birth: date
    sex: Sex
    area: str


_FULLWIDTH = str.maketrans("０１２３４５６７８９Ｘｘ（）－　", "0123456789Xx()- ")
_RESIDENT = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_OLD_RESIDENT = re.compile(r"[1-9][0-9]{14}", re.ASCII)


def resident_id(text: str, today: date) -> ResidentId:
    """The resident ID (公民身份号码, GB 11643) in `text`; blanks and full-width digits are brought to form.

    Also taken: 港澳台居民居住证 (81, 82, 83…) and the 外国人永久居留身份证 of 2023 (9…), which share form and
    check digit. The 15-digit number is refused: it has not been valid since 2013-01-01 (居民身份证法
    art. 23), and to complete it would be a guess at the century. Raises NotValid.
    """
    from stdnum.cn import ric

    number = re.sub(r"[\s-]", "", text.translate(_FULLWIDTH)).upper()
    if _OLD_RESIDENT.fullmatch(number):
        raise NotValid(
            "resident_id_old",
            "15位身份证号码已停止使用，请填写18位公民身份号码",
            "15-digit numbers are no longer valid; give the 18-digit number",
        )
    if not _RESIDENT.fullmatch(number):
        raise NotValid(
            "resident_id_form",
            "应为18位公民身份号码：前17位为数字，末位为数字或X",
            "must be 18 characters: 17 digits, then a digit or X",
        )
    if number[-1] != ric.calc_check_digit(number):
        raise NotValid(
            "resident_id_check_digit",
            "校验码不符，请逐位核对号码",
            "the check digit does not fit; compare the number digit by digit",
        )
    birth = _birth(number, today)
    sex = Sex.male if int(number[16]) % 2 else Sex.female
    return ResidentId(number, birth, sex, number[:6])


def _birth(number: str, today: date) -> date:
    wrong = NotValid(
        "resident_id_birth",
        "号码中的出生日期不存在或晚于今天，请核对第7至14位",
        "the birth date in it does not exist or lies in the future; check characters 7 to 14",
    )
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise wrong from None
    if not date(1850, 1, 1) <= birth <= today:
        raise wrong
    return birth


def document_number(kind: IdType, text: str, today: date) -> str:
    """The number of a personal document in its normal form: upper case, without blanks. Only resident IDs
    are checked closely; the others come from hundreds of issuers, so 4 to 24 characters are taken."""
    if kind is IdType.resident_id:
        return resident_id(text, today).number
    number = re.sub(r"\s", "", text.translate(_FULLWIDTH)).upper()
    pattern = r"[A-Z0-9]{5,15}" if kind is IdType.passport else r"[\u4e00-\u9fffA-Z0-9()/-]{4,24}"
    if not re.fullmatch(pattern, number):
        raise NotValid(
            "document_number_form",
            "证件号码格式不符，请按证件填写字母和数字，不含其他符号",
            "not the form of a document number; give its letters and digits as printed",
        )
    return number


_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)


def social_credit_code(text: str) -> str:
    """The unified social credit code (统一社会信用代码, GB 32100) in `text`, 18 characters, upper case.

    Only the check digit is left to stdnum: its validate() wants digits in the first two places and so would
    refuse rural collectives (N2…). Raises NotValid.
    """
    from stdnum.cn import uscc

    code = re.sub(r"[\s-]", "", text.translate(_FULLWIDTH)).upper()
    if not _USCC.fullmatch(code):
        raise NotValid(
            "uscc_form",
            "应为18位统一社会信用代码，由数字和大写字母组成，不含I、O、S、V、Z",
            "must be 18 digits and capital letters, without I, O, S, V, Z",
        )
    if code[-1] != uscc.calc_check_digit(code[:-1]):
        raise NotValid(
            "uscc_check_digit",
            "校验码不符，请对照营业执照逐位核对",
            "the check digit does not fit; compare it with the licence",
        )
    return code


def phone(text: str) -> str:
    """The telephone number in `text` as E.164 ("+8613800138000", "+8657187654321"). Numbers without a country
    code are Chinese; a landline needs its area code. Raises NotValid."""
    import phonenumbers

    wrong = NotValid(
        "phone_form",
        "请填写11位手机号码，或带区号的固定电话（如0571-87654321）",
        "give an 11-digit mobile number, or a landline with its area code (0571-87654321)",
    )
    if len(text) > 32 or re.search(r"[^0-9+()\-\s]", text.translate(_FULLWIDTH)):
        raise wrong
    try:
        number = phonenumbers.parse(text.translate(_FULLWIDTH), "CN")
    except phonenumbers.NumberParseException:
        raise wrong from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise wrong
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def mask_name(name: str) -> str:
    """ "张三丰" as "张**"; of an organisation or foreign name likewise only the first character remains."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def mask_id(number: str) -> str:
    """A document number with the first three and last two characters left; a short one loses all but one."""
    if len(number) < 8:
        return number[:1] + "*" * max(len(number) - 1, 0)
    return number[:3] + "*" * (len(number) - 5) + number[-2:]


def mask_phone(number: str) -> str:
    """ "+8613800135678" as "138****5678"; of any other number the last four digits remain."""
    national = number.removeprefix("+86")
    if re.fullmatch(r"1[0-9]{10}", national):
        return national[:3] + "****" + national[-4:]
    return "****" + national[-4:]


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """The parts of a case number (办件编号, 21 digits): `area` 6, `origin` 2 (channel and system), `day` as
    yymmdd, `serial` 7 digits that tell nothing."""

    area: str
    origin: str
    day: date
    serial: int

    def __post_init__(self) -> None:
        digits = re.fullmatch(r"[0-9]{8}", self.area + self.origin) and len(self.area) == 6
        if not digits or not 2000 <= self.day.year <= 2099 or not 0 <= self.serial <= 9_999_999:
            raise ValueError("a case number needs a 6-digit area, 2-digit origin, 20yy day, 7-digit serial")

    def __str__(self) -> str:
        return f"{self.area}{self.origin}{self.day:%y%m%d}{self.serial:07d}"


def case_number(text: str) -> CaseNumber:
    """The parts of the case number in `text`. Raises NotValid."""
    wrong = NotValid("case_number_form", "办件编号应为21位数字", "a case number has 21 digits")
    if not re.fullmatch(r"[0-9]{21}", text, re.ASCII):
        raise wrong
    try:
        day = date(2000 + int(text[8:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise wrong from None
    return CaseNumber(text[:6], text[6:8], day, int(text[14:]))
