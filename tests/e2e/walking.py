"""Cases that go their way through the gateway, and waiting for what follows of it: streams and schedules run by
themselves here, in real time.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from infra.cli.hub import Hub, RefusedByServer
from tests.support.town import JIANGBEI, ZHANG, Body, Identity, Step, hotel, staff

_Seen = TypeVar("_Seen")
_PAUSE_SECONDS = 0.2

DESK = staff("jb-1", JIANGBEI, "intake")
REVIEWER = staff("jb-2", JIANGBEI, "review", lines=("public_order",))
CLERK = staff("jb-3", JIANGBEI, "delivery")
WATCH = staff("jb-4", JIANGBEI, "supervision")
NOTE = "材料齐全符合法定形式同意受理请尽快办理完"
WHOLE: tuple[Step, ...] = (
    ("accept", DESK, {"note": NOTE}),
    ("review", REVIEWER, {"note": NOTE, "on_site_staff": ["jb-2", "jb-5"]}),
    ("grant", REVIEWER, {"note": NOTE}),
    ("complete", CLERK, {"result_number": "甬江公特旅字第1号"}),
    ("deliver", CLERK, {"handed_to": "applicant"}),
    ("archive", CLERK, {"note": NOTE}),
)


def until(look: Callable[[], _Seen | None], seconds: float, what: str) -> _Seen:
    """What `look` gives once that is something; TimeoutError that says what did not come."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come in {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)
    return seen


def found(hub: Hub, path: str, who: Identity) -> dict[str, Any] | None:
    """What is at a path; None where there is nothing yet."""
    try:
        answer: dict[str, Any] = hub.get(path, who)
    except RefusedByServer as refused:
        if refused.code != "not_found":
            raise
        return None
    return answer


def post(hub: Hub, path: str, body: Body, who: Identity) -> dict[str, Any]:
    """The answer to a POST under a key of its own."""
    answer: dict[str, Any] = hub.send("POST", path, body, who=who, headers={"Idempotency-Key": uuid.uuid4().hex})
    return answer


def filed(hub: Hub, channel: str, **changes: Any) -> dict[str, Any]:
    """A hotel licence of Jiangbei that was filed by one channel, at the window by its intake desk."""
    applicant = {**hotel()["applicant"], "account": "zhang"}
    body = hotel(**{"organisation": JIANGBEI, "channel": channel, "applicant": applicant, **changes})
    return post(hub, "/v1/cases", body, DESK if channel == "window" else ZHANG)


def walked(hub: Hub, case: dict[str, Any], *steps: Step) -> dict[str, Any]:
    """The case after these steps."""
    for action, who, body in steps:
        path = f"/v1/cases/{case['case_id']}/actions/{action}"
        case = hub.send("POST", path, body, who=who, headers={"If-Match": f'"{case["version"]}"'})
    return case
