"""Identifiers: every real number is taken, a slip of a digit is noticed, and masks hide what they should."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from chalicelib.domain import identifiers
from chalicelib.domain.identifiers import CaseNumber, IdType, NotValid, Sex

TODAY = date(2026, 11, 22)

# County-level codes of Zhejiang as of 2023, with those that 2021 abolished (330103, 330104) or created
# (330113 临平, 330114 钱塘) and 龙港 330383.
ZHEJIANG = re.findall(
    r"[0-9]{6}",
    """
    330102 330103 330104 330105 330106 330108 330109 330110 330111 330112 330113 330114
    330122 330127 330182 330203 330205 330206 330211 330212 330213 330225 330226 330281
    330282 330302 330303 330304 330305 330324 330326 330327 330328 330329 330381 330382
    330383 330402 330411 330421 330424 330481 330482 330483 330502 330503 330521 330522
    330523 330602 330603 330604 330624 330681 330683 330702 330703 330723 330726 330727
    330781 330782 330783 330784 330802 330803 330822 330824 330825 330881 330902 330903
    330921 330922 331002 331003 331004 331022 331023 331024 331081 331082 331083 331102
    331121 331122 331123 331124 331125 331126 331127 331181
    """,
)

areas = st.sampled_from([*ZHEJIANG, "810000", "820000", "830000", "901000", "110101"])
births = st.dates(date(1930, 1, 1), date(2020, 12, 31))


@st.composite
def resident_ids(draw: st.DrawFn) -> str:
    serial = draw(st.integers(0, 999))
    stem = f"{draw(areas)}{draw(births):%Y%m%d}{serial:03d}"
    return f"{stem}{ric.calc_check_digit(stem + '0')}"


def refusal(text: str) -> str:
    with pytest.raises(NotValid) as caught:
        identifiers.resident_id(text, TODAY)
    return caught.value.code


@given(resident_ids())
def test_every_well_formed_resident_id_is_taken_whatever_its_region_and_year(number: str) -> None:
    found = identifiers.resident_id(number, TODAY)
    assert found.number == number
    assert f"{found.birth:%Y%m%d}" == number[6:14]
    assert found.area == number[:6]
    assert found.sex is (Sex.male if number[16] in "13579" else Sex.female)


@given(resident_ids(), st.integers(0, 17), st.integers(1, 9))
def test_a_slip_in_any_one_digit_of_a_resident_id_is_noticed(number: str, place: int, shift: int) -> None:
    old = 10 if number[place] == "X" else int(number[place])
    slipped = number[:place] + str((old + shift) % 10 if old < 10 else shift) + number[place + 1 :]
    with pytest.raises(NotValid):
        identifiers.resident_id(slipped, TODAY)


@given(resident_ids())
def test_blanks_full_width_digits_and_a_small_x_are_brought_to_form(number: str) -> None:
    wide = number.lower().translate(str.maketrans("0123456789x", "０１２３４５６７８９ｘ"))
    assert identifiers.resident_id(f" {wide[:6]} {wide[6:14]}　{wide[14:]}\n", TODAY).number == number


def test_a_birth_date_after_today_is_refused_and_one_of_today_is_taken() -> None:
    def born(day: date) -> str:
        stem = f"330203{day:%Y%m%d}001"
        return f"{stem}{ric.calc_check_digit(stem + '0')}"

    assert identifiers.resident_id(born(TODAY), TODAY).birth == TODAY
    assert refusal(born(TODAY + timedelta(days=1))) == "resident_id_birth"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("330203700101001", "resident_id_old"),
        ("", "resident_id_form"),
        ("33020319700101001", "resident_id_form"),
        ("3302031970010100111", "resident_id_form"),
        ("030203197001010011", "resident_id_form"),
        ("33020319700101001Y", "resident_id_form"),
        ("٣٣٠٢٠٣١٩٧٠٠١٠١٠٠١١", "resident_id_form"),
        ("330203197002300010", "resident_id_check_digit"),
    ],
)
def test_what_is_no_resident_id_is_refused_by_name(text: str, code: str) -> None:
    assert refusal(text) == code


def test_a_day_that_does_not_exist_is_refused_even_with_a_right_check_digit() -> None:
    stem = "33020319710229001"
    assert refusal(stem + ric.calc_check_digit(stem + "0")) == "resident_id_birth"


def every_check(text: str) -> list[NotValid]:
    """What the checks say against `text`; none of them may fail in another way."""
    refusals = []
    for check in (
        lambda: identifiers.resident_id(text, TODAY),
        lambda: identifiers.document_number(IdType.passport, text, TODAY),
        lambda: identifiers.document_number(IdType.other, text, TODAY),
        lambda: identifiers.social_credit_code(text),
        lambda: identifiers.phone(text),
        lambda: identifiers.case_number(text),
    ):
        try:
            check()
        except NotValid as refused:
            refusals.append(refused)
    return refusals


@given(st.text(max_size=40))
def test_no_text_makes_a_check_fail_in_any_other_way(text: str) -> None:
    every_check(text)


@given(st.text(alphabet="0123456789X", min_size=4, max_size=40))
def test_no_refusal_repeats_the_number_that_it_refuses(number: str) -> None:
    for refused in every_check(number):
        assert number not in refused.zh + refused.en


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        (IdType.passport, "e1234 5678", "E12345678"),
        (IdType.hk_macao_permit, "H12345678", "H12345678"),
        (IdType.taiwan_permit, "12345678", "12345678"),
        (IdType.officer, "军字第1234567号", "军字第1234567号"),
        (IdType.resident_id, "11010519491231002x", "11010519491231002X"),
    ],
)
def test_document_numbers_are_brought_to_form(kind: IdType, text: str, number: str) -> None:
    assert identifiers.document_number(kind, text, TODAY) == number


@pytest.mark.parametrize("text", ["E1", "E12345678;", "护照12345", "E" * 30])
def test_what_is_no_passport_number_is_refused(text: str) -> None:
    with pytest.raises(NotValid):
        identifiers.document_number(IdType.passport, text, TODAY)


CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def social_credit_codes(draw: st.DrawFn) -> str:
    head = draw(st.sampled_from(["91", "92", "93", "11", "12", "51", "N2", "Y1"]))
    body = "".join(draw(st.lists(st.sampled_from(CODE_LETTERS), min_size=9, max_size=9)))
    stem = head + draw(st.sampled_from(ZHEJIANG)) + body
    return f"{stem}{uscc.calc_check_digit(stem)}"


@given(social_credit_codes())
def test_every_social_credit_code_is_taken_also_of_rural_collectives(code: str) -> None:
    assert identifiers.social_credit_code(f" {code[:8]} {code[8:].lower()}") == code


@given(social_credit_codes(), st.integers(0, 17), st.sampled_from(CODE_LETTERS))
def test_a_slip_in_a_social_credit_code_is_noticed(code: str, place: int, other: str) -> None:
    slipped = code[:place] + other + code[place + 1 :]
    if slipped != code:
        with pytest.raises(NotValid):
            identifiers.social_credit_code(slipped)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("0571-87654321", "+8657187654321"),
        ("(0574) 87123456", "+8657487123456"),
        ("+852 2123 4567", "+85221234567"),
    ],
)
def test_telephone_numbers_are_brought_to_e164(text: str, number: str) -> None:
    assert identifiers.phone(text) == number


@pytest.mark.parametrize("text", ["", "12345", "23800138000", "1380013800", "87654321", "13800138000 ext 5", "电话"])
def test_what_is_no_telephone_number_is_refused(text: str) -> None:
    with pytest.raises(NotValid):
        identifiers.phone(text)


def test_masks_leave_what_a_window_needs_to_recognise_and_no_more() -> None:
    assert identifiers.mask_name("张三丰") == "张**"
    assert identifiers.mask_name("张") == "张"
    assert identifiers.mask_name("") == ""
    assert identifiers.mask_id("330106199001011234") == "330*************34"
    assert identifiers.mask_id("E123456") == "E******"
    assert identifiers.mask_phone("+8613800135678") == "138****5678"
    assert identifiers.mask_phone("13800135678") == "138****5678"
    assert identifiers.mask_phone("+8657187654321") == "****4321"


@given(
    st.sampled_from(ZHEJIANG),
    st.integers(0, 99),
    st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    st.integers(0, 9_999_999),
)
def test_a_case_number_reads_back_as_its_parts(area: str, origin: int, day: date, serial: int) -> None:
    number = CaseNumber(area, f"{origin:02d}", day, serial)
    assert len(str(number)) == 21
    assert identifiers.case_number(str(number)) == number


@pytest.mark.parametrize("text", ["", "3" * 20, "3" * 22, "330203012602300000001", "33020301260101000000x"])
def test_what_is_no_case_number_is_refused(text: str) -> None:
    with pytest.raises(NotValid):
        identifiers.case_number(text)


@pytest.mark.parametrize(
    ("area", "origin", "day", "serial"),
    [
        ("3302", "01", date(2026, 1, 1), 1),
        ("33020", "101", date(2026, 1, 1), 1),
        ("330203", "0a", date(2026, 1, 1), 1),
        ("330203", "01", date(1999, 1, 1), 1),
        ("330203", "01", date(2026, 1, 1), 10_000_000),
        ("330203", "01", date(2026, 1, 1), -1),
    ],
)
def test_a_case_number_is_not_composed_of_wrong_parts(area: str, origin: str, day: date, serial: int) -> None:
    with pytest.raises(ValueError, match="case number"):
        CaseNumber(area, origin, day, serial)
