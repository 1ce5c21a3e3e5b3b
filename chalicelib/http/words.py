"""What a client says, read strictly, and what each refused field is told in both languages.

Each sentence says what is allowed, never what was sent: a value may be personal data. This module must not
decide statuses or build answers.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

from chalice.app import Request
from pydantic import BaseModel, ValidationError

from chalicelib.domain.identifiers import NotValid
from chalicelib.errors import FieldError, InvalidInput, NotJson, TooLarge, UnsupportedMediaType

MAX_BODY = 1_000_000  # bytes
REPLACED = "\ufffd"
MAX_DEPTH = 32  # of lists and objects inside each other
_JSON = re.compile(r'(?i)application/json(\s*;\s*charset="?utf-8"?)?\s*')
_Model = TypeVar("_Model", bound=BaseModel)

_FORM = ("not_allowed", "内容不符合要求", "this value is not allowed")

# pydantic's error type -> our code, zh, en; braces are filled from the error's context
_WORDS: Mapping[str, tuple[str, str, str]] = {
    "missing": ("required", "必填", "is required"),
    "extra_forbidden": ("unknown_field", "没有这个字段，请删除", "there is no such field; leave it out"),
    "string_type": ("not_text", "应为文本", "must be text"),
    "string_too_short": ("too_short", "至少{min_length}个字符", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "最多{max_length}个字符", "must have at most {max_length} characters"),
    "string_pattern_mismatch": (
        "wrong_form",
        "格式应符合 {pattern}",
        "must match {pattern}",
    ),
    "string_unicode": ("not_text", "应为有效的Unicode文本", "must be valid Unicode text"),
    "int_type": ("not_integer", "应为整数", "must be an integer"),
    "int_parsing": ("not_integer", "应为整数", "must be an integer"),
    "int_from_float": ("not_integer", "应为整数，不能有小数", "must be an integer without a fraction"),
    "int_parsing_size": ("out_of_range", "数值过大", "the number is too large"),
    "float_type": ("not_number", "应为数字", "must be a number"),
    "float_parsing": ("not_number", "应为数字", "must be a number"),
    "finite_number": ("not_number", "应为有限的数字", "must be a finite number"),
    "bool_type": ("not_boolean", "应为 true 或 false", "must be true or false"),
    "bool_parsing": ("not_boolean", "应为 true 或 false", "must be true or false"),
    "greater_than": ("out_of_range", "应大于{gt}", "must be greater than {gt}"),
    "greater_than_equal": ("out_of_range", "不得小于{ge}", "must be at least {ge}"),
    "less_than": ("out_of_range", "应小于{lt}", "must be less than {lt}"),
    "less_than_equal": ("out_of_range", "不得大于{le}", "must be at most {le}"),
    "enum": ("not_a_choice", "应为以下之一：{expected}", "must be one of {expected}"),
    "literal_error": ("not_a_choice", "应为以下之一：{expected}", "must be one of {expected}"),
    "union_tag_invalid": ("not_a_choice", "应为以下之一：{expected_tags}", "must be one of {expected_tags}"),
    "union_tag_not_found": ("required", "必填：请注明种类", "is required: say which kind this is"),
    "date_type": ("not_date", "应为日期，如 2026-09-30", "must be a date such as 2026-09-30"),
    "date_parsing": ("not_date", "应为日期，如 2026-09-30", "must be a date such as 2026-09-30"),
    "date_from_datetime_parsing": (
        "not_date",
        "应为日期，如 2026-09-30",
        "must be a date such as 2026-09-30",
    ),
    "date_from_datetime_inexact": (
        "not_date",
        "应为日期，不带时间",
        "must be a date without a time",
    ),
    "datetime_type": (
        "not_time",
        "应为时间，如 2026-09-30T09:00:00+08:00",
        "must be a time such as 2026-09-30T09:00:00+08:00",
    ),
    "timezone_aware": (
        "time_without_offset",
        "时间须带时区，如 2026-09-30T09:00:00+08:00",
        "the time must carry its offset, as in 2026-09-30T09:00:00+08:00",
    ),
    "list_type": ("not_list", "应为列表", "must be a list"),
    "tuple_type": ("not_list", "应为列表", "must be a list"),
    "set_type": ("not_list", "应为列表", "must be a list"),
    "frozen_set_type": ("not_list", "应为列表", "must be a list"),
    "too_long": ("too_many", "最多{max_length}项", "must have at most {max_length} entries"),
    "too_short": ("too_few", "至少{min_length}项", "must have at least {min_length} entries"),
    "dict_type": ("not_object", "应为对象", "must be an object"),
    "model_type": ("not_object", "应为对象", "must be an object"),
    "model_attributes_type": ("not_object", "应为对象", "must be an object"),
    "json_invalid": ("not_json", "不是有效的JSON", "is not valid JSON"),
}
_SAME: Mapping[str, str] = {
    "datetime_parsing": "datetime_type",
    "datetime_from_date_parsing": "datetime_type",
    "datetime_object_invalid": "datetime_type",
}


def time_of(request: Any) -> datetime:
    """When the gateway received the chalice `request`: aware, in UTC. No wall clock is asked."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=request.context["requestTimeEpoch"])


def body(request: Request, model: type[_Model]) -> _Model:
    """The body of a request as `model`. Raises UnsupportedMediaType unless it is announced as application/json in
    UTF-8, TooLarge, NotJson, or InvalidInput with each field at fault.

    Stricter than JSON parsers are by default: no duplicate names, no NaN, no deep nesting."""
    if not _JSON.fullmatch(request.headers.get("content-type") or ""):
        raise UnsupportedMediaType()
    raw = request.raw_body
    if len(raw) > MAX_BODY:
        raise TooLarge()
    if not raw.strip():
        raise NotJson("请求缺少内容", "The request needs a body.")
    data = _parsed(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as refused:
        raise InvalidInput(errors=tuple(field_errors(refused, data))) from None


def _parsed(raw: bytes) -> object:
    try:
        text = raw.decode()
        if REPLACED in text:  # what API Gateway puts in the place of bytes that are not UTF-8
            raise NotJson()
        data = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(data, ensure_ascii=False).encode()  # a lone surrogate has no place in UTF-8
    except (ValueError, RecursionError):
        raise NotJson() from None
    if _deep(data):
        raise NotJson(f"嵌套不得超过{MAX_DEPTH}层", f"Nesting may go {MAX_DEPTH} deep.")
    return data


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotJson("同一对象中字段名重复", "An object names a field twice.")
    return found


def _no_constant(name: str) -> NoReturn:
    raise NotJson(f"JSON没有{name}", f"JSON has no {name}.")


def _deep(data: object) -> bool:
    level = [data]
    for _ in range(MAX_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
    return bool(level)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def query(parameters: Any, model: type[_Model] | None) -> _Model | None:
    """The query `parameters` (chalice's MultiDict or None) as `model`. Raises InvalidInput, also for a
    parameter that is given twice or that the route does not know."""
    names = list(parameters or ())
    values = {name: parameters.getlist(name) for name in names}
    for name in names:
        if len(values[name]) > 1:
            raise invalid(name, "repeated", "只能给出一次", "may be given only once")
        if model is None:
            raise invalid(name, *_WORDS["extra_forbidden"])
    if model is None:
        return None
    single = {name: value[0] for name, value in values.items()}
    try:
        return model.model_validate_strings(single)
    except ValidationError as refused:
        raise InvalidInput(errors=tuple(field_errors(refused, single))) from None


def digest_of(body: BaseModel | None) -> bytes:
    """SHA-256 over what the client set in `body`, as JSON with sorted keys."""
    content = body and body.model_dump(mode="json", exclude_unset=True, by_alias=True)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def invalid(name: str, code: str, zh: str, en: str) -> InvalidInput:
    """InvalidInput for the one field, parameter or header `name`."""
    return InvalidInput(errors=[FieldError(name, code, zh, en)])


def field_errors(refused: ValidationError, data: object) -> Iterator[FieldError]:
    """One FieldError for each error of `refused`; `data` is what was validated, as parsed from JSON."""
    for error in refused.errors(include_input=False, include_url=False):
        code, zh, en = _sentence(error["type"], error.get("ctx", {}))
        place = _path(error["loc"], data, error["type"] == "missing")
        yield FieldError(place or error.get("ctx", {}).get("discriminator", "").strip("'"), code, zh, en)


def _sentence(kind: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    cause = context.get("error")
    if isinstance(cause, NotValid):
        return cause.code, cause.zh, cause.en
    code, zh, en = _WORDS.get(_SAME.get(kind, kind), _FORM)
    choices = {name: _choices(context[name]) for name in ("expected", "expected_tags") if name in context}
    values = {**context, **choices}
    return code, zh.format_map(values), en.format_map(values)


def _choices(text: str) -> str:
    """pydantic's "'a', 'b' or 'c'", or "1, 2 or 3", as "a, b, c"."""
    return ", ".join(re.findall(r"'([^']*)'", text) or re.split(r", | or ", text))


def _path(location: Sequence[int | str], data: object, missing: bool) -> str:
    """The dotted path of a field. pydantic also names the branches of unions; what is no key of the data is
    such a branch, unless it is the very field that is missing."""
    steps: list[str] = []
    here: Any = data
    for place, step in enumerate(location):
        inside = isinstance(step, int) if isinstance(here, list) else isinstance(here, dict) and step in here
        if inside:
            here = here[step]
        elif not (missing and place == len(location) - 1):
            continue
        steps.append(str(step))
    return ".".join(steps)
