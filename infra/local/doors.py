"""What stands beside the platform's own routes: /_local/*, the reference page and its files.

`/_local/*` is for tools and tests: tokens, the clock, draining, schedules, comparing what is derived. This module
must not touch the platform's data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from chalicelib.errors import FieldError, InvalidInput, MethodNotAllowed, NotFound, Refused
from infra.local import pages
from infra.local.answers import Answer, document, fields_of, problem
from infra.local.boards import Boards
from infra.local.buckets import Buckets

Fields = Mapping[str, Any]
_LAKE = "LAKE_BUCKET"


class Operated(Protocol):
    """What the doors operate: the running local cloud."""

    def token(self, wanted: Fields) -> str: ...
    def now(self) -> datetime: ...
    def set_clock(self, moment: datetime) -> None: ...
    def advance(self, seconds: float) -> None: ...
    def catch_up(self) -> None: ...
    def drain(self) -> int: ...
    def run_schedule(self, name: str) -> None: ...
    def rebuild(self, *, repair: bool) -> Mapping[str, Any]: ...
    def fill_lake(self) -> int: ...
    def schedule_names(self) -> list[str]: ...
    def ask_widget(self, name: str, event: Mapping[str, Any]) -> str: ...
    def looked_at(self, look: Callable[[Boards], Any]) -> Any: ...
    @property
    def buckets(self) -> Buckets: ...


class Doors:
    """Answers a request that is not for the app, or gives None."""

    def __init__(self, cloud: Operated, shanghai: Callable[[datetime], str]) -> None:
        self._cloud = cloud
        self._shanghai = shanghai

    def __call__(self, method: str, path: str, body: bytes, environ: dict[str, Any]) -> Answer | None:
        language = environ.get("HTTP_ACCEPT_LANGUAGE")
        if not path.startswith("/_local/"):
            return pages.answer(method, path, environ)
        allowed = ""
        try:
            routes = self._routes(path)
            allowed = ", ".join(sorted(routes))
            if method not in routes:
                raise MethodNotAllowed()
            return document(200, routes[method](fields_of(body)))
        except Refused as refusal:
            headers = [("Allow", allowed)] if isinstance(refusal, MethodNotAllowed) else []
            return problem(refusal, language, *headers)

    def _routes(self, path: str) -> dict[str, Callable[[Fields], Any]]:
        if path == "/_local/token":
            return {"POST": self._token}
        if path == "/_local/clock":
            return {"GET": lambda _: self._now(), "POST": self._clock}
        if path == "/_local/drain":
            return {"POST": lambda _: {"records": self._cloud.drain(), **self._now()}}
        if path == "/_local/rebuild":
            return {"POST": lambda fields: self._cloud.rebuild(repair=bool(fields.get("repair")))}
        if path == "/_local/lake":
            return {"GET": lambda _: self._lake(), "POST": lambda _: {"objects": self._cloud.fill_lake()}}
        if path.startswith("/_local/lake/"):
            return {"GET": lambda _: self._object(path.removeprefix("/_local/lake/"))}
        if path == "/_local/schedules":
            return {"GET": lambda _: {"schedules": self._cloud.schedule_names()}}
        if path.startswith("/_local/schedules/"):
            return {"POST": lambda _: self._run(path.removeprefix("/_local/schedules/"))}
        if path.startswith("/_local/widgets/"):
            name = path.removeprefix("/_local/widgets/")
            return {"POST": lambda event: self._widget(name, event)}
        if path == "/_local/dashboards":
            return {"GET": lambda _: {"dashboards": self._cloud.looked_at(Boards.names), **self._now()}}
        if path.startswith("/_local/dashboards/"):
            name = path.removeprefix("/_local/dashboards/")
            return {"GET": lambda _: self._cloud.looked_at(lambda boards: boards.body(name))}
        if path == "/_local/metrics":
            return {"POST": self._metrics}
        if path == "/_local/alarms":
            return {"GET": lambda _: self._alarms()}
        raise NotFound(
            "没有这个地址",
            "there is: /_local/token, /_local/clock, /_local/drain, /_local/rebuild, /_local/lake, "
            "/_local/schedules/{name}, /_local/widgets/{name}, /_local/dashboards/{name}, /_local/metrics, "
            "/_local/alarms",
        )

    def _metrics(self, fields: Fields) -> dict[str, Any]:
        rows, period, start, end = _asked(fields)
        return {"series": self._cloud.looked_at(lambda boards: boards.figures(rows, period, start, end))}

    def _alarms(self) -> dict[str, Any]:
        self._cloud.catch_up()
        now = self._cloud.now()
        return {"alarms": self._cloud.looked_at(lambda boards: boards.alarms(now)), **self._now()}

    def _lake(self) -> dict[str, Any]:
        self._cloud.drain()
        self._cloud.run_schedule("write_manifests")
        return {"keys": self._cloud.buckets.keys(_LAKE)}

    def _object(self, key: str) -> dict[str, Any]:
        content = self._cloud.buckets.content(_LAKE, key)
        if content is None:
            raise NotFound("数据湖没有此对象", "the data lake has no such object")
        return {"key": key, "content": content.decode()}

    def _now(self) -> dict[str, str]:
        return {"now": self._shanghai(self._cloud.now())}

    def _token(self, fields: Fields) -> dict[str, Any]:
        return {"access_token": self._cloud.token(fields), "token_type": "Bearer", "expires_in": 43_200}

    def _run(self, name: str) -> dict[str, str]:
        self._cloud.run_schedule(name)
        return {"ran": name, **self._now()}

    def _widget(self, name: str, event: Fields) -> dict[str, str]:
        if not event.keys() & {"describe", "widgetContext"}:
            wrong = FieldError(
                "widgetContext", "missing", "看板部件的上下文，或describe", "what a dashboard sends, or describe"
            )
            raise InvalidInput(errors=[wrong])
        return {"shown": self._cloud.ask_widget(name, event)}

    def _clock(self, fields: Fields) -> dict[str, str]:
        if fields.keys() == {"now"}:
            self._cloud.set_clock(_moment(fields["now"]))
        elif fields.keys() == {"advance"} and isinstance(fields["advance"], int | float):
            self._cloud.advance(float(fields["advance"]))
        else:
            raise InvalidInput(
                "请只提供now（带时区的时间）或advance（秒数）之一",
                'give either {"now": "2026-09-30T09:00:00+08:00"} or {"advance": seconds}',
            )
        return self._now()


def _asked(fields: Fields) -> tuple[list[Any], int, int, int]:
    """The rows of a widget, a period in seconds, and from when until when."""
    rows, period, wrong = fields.get("metrics"), fields.get("period"), []
    start, end = (int(_moment(fields.get(name), name).timestamp()) for name in ("from", "to"))
    if not isinstance(rows, list):
        wrong.append(FieldError("metrics", "list", "应为看板部件的metrics数组", "must be the metrics of a widget"))
    if not isinstance(period, int) or period <= 0 or period % 60:
        wrong.append(FieldError("period", "period", "应为60的倍数（秒）", "must be a multiple of 60 seconds"))
    if start >= end:
        wrong.append(FieldError("to", "order", "应晚于from", "must be later than from"))
    if wrong or not isinstance(rows, list) or not isinstance(period, int):
        raise InvalidInput(errors=wrong)
    return rows, period, start, end


def _moment(text: Any, field: str = "now") -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        wrong = FieldError(field, "date_time", "应为RFC 3339时间", "must be an RFC 3339 time")
        raise InvalidInput(errors=[wrong]) from None
