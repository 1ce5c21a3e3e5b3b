"""What becomes of a sample case: its outcomes, what each step says, and how long people take.

Which step demands what is read from the procedure. This module must not send requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

OPENS, CLOSES = time(9), time(17)
CHANNELS = {"mobile": 34, "web": 26, "kiosk": 12, "window": 28}
DAYS = (22, 20, 17, 16, 14, 7, 4)  # how many come on each day of the week played


@dataclass(frozen=True, slots=True)
class Story:
    """An outcome: the steps after intake; `lacking` files with a material missing, `finish` settles at the window."""

    name: str
    weight: int
    steps: tuple[str, ...] = ()
    lacking: bool = False
    finish: bool = False


PERMIT = (
    Story("准予并送达 granted and delivered", 17, ("check", "accept", "review", "grant", "complete", "deliver")),
    Story("归档 archived", 12, ("accept", "review", "grant", "complete", "deliver", "archive")),
    Story("待送达 completed", 7, ("accept", "review", "grant", "complete")),
    Story("不予许可 denied", 5, ("accept", "review", "deny", "complete", "deliver")),
    Story("不予受理 refused", 4, ("refuse",)),
    Story("不属本机关 not ours", 3, ("not_ours", "archive")),
    Story("撤回 withdrawn", 4, ("accept", "withdraw")),
    Story("补正后准予 corrected", 8, ("correct", "supplement", "accept", "review", "grant", "complete"), lacking=True),
    Story("待补正 awaiting correction", 4, ("correct",), lacking=True),
    Story("特别程序中 suspended", 4, ("accept", "notify", "suspend")),
    Story("恢复办理 resumed", 5, ("accept", "suspend", "resume", "review")),
    Story("延长 extended", 4, ("accept", "extend", "review")),
    Story("退回重审 returned", 3, ("accept", "review", "return")),
    Story("在审 under review", 8, ("accept",)),
    Story("待决定 reviewed", 5, ("accept", "review")),
    Story("未受理 left at the desk", 7),
)
TWO_LEVELS = (
    Story("上级准予 granted above", 9, ("check", "accept", "review", "forward", "grant", "complete", "deliver")),
    Story("上级不予 denied above", 3, ("accept", "review", "forward", "deny", "complete", "deliver")),
    Story("上级退回 sent back", 2, ("accept", "review", "forward", "return", "review", "forward")),
    Story("已报送 passed up", 4, ("accept", "review", "forward")),
)
INSTANT = (
    Story("窗口当场办结 settled at the window", 40, finish=True),
    Story("线上即办 settled", 30, ("settle", "deliver")),
    Story("即办归档 archived", 14, ("settle", "deliver", "archive")),
    Story("补正后办结 corrected", 6, ("correct", "supplement", "settle", "deliver"), lacking=True),
    Story("不予办理 denied", 4, ("deny",)),
    Story("撤回 withdrawn", 3, ("withdraw",)),
    Story("未办 left overdue", 6),
)


def chosen(item: Mapping[str, Any], channel: str, random: Random) -> Story:
    """An outcome that this item and channel can have."""
    promised = TWO_LEVELS if item.get("two_level") else PERMIT
    stories: tuple[Story, ...] = INSTANT if item["form"] == "instant" else promised
    fit = [s for s in stories if _fits(s, item, channel)]
    return random.choices(fit, [s.weight for s in fit])[0]


def _fits(story: Story, item: Mapping[str, Any], channel: str) -> bool:
    required = [m for m in item["materials"] if m["necessity"] == "required"]
    return (
        (not story.lacking or bool(required))
        and (not story.finish or channel == "window")
        and ("extend" not in story.steps or bool(item.get("extension")))
    )


def materials(item: Mapping[str, Any], channel: str, *, lacking: bool) -> list[dict[str, str]]:
    """The required materials as filed on `channel`; with `lacking` the last of them is to follow."""
    found = []
    for material in item["materials"]:
        if material["necessity"] != "required":
            continue
        medium = "shared" if material["source"] == "shared" else _medium(material, channel)
        found.append({"code": material["code"], "medium": medium})
    if lacking:
        found[-1]["medium"] = "lacking"
    return found


def _medium(material: Mapping[str, Any], channel: str) -> str:
    wanted = "paper" if channel == "window" else "electronic"
    return wanted if wanted in material["mediums"] else str(material["mediums"][0])


def evidence(
    row: Mapping[str, Any], item: Mapping[str, Any], pauses: list[str], colleagues: list[str], random: Random
) -> dict[str, Any]:
    """What a step must say by `row`, in plain invented words. `colleagues` begins with who takes it."""
    known: dict[str, Any] = {
        "note": "材料齐全，符合条件（示例）",
        "reason": "示例理由：不符合本事项办理条件",
        "remedy": "可在六十日内申请行政复议，或在六个月内提起行政诉讼",
        "notice": "请补齐所缺材料（示例告知）",
        "competent_authority": "市场监督管理部门（示例）",
        "handed_to": random.choice(["applicant", "agent", "mail"]),
        "result_number": f"示例字第{random.randint(1, 99_999):05d}号",
        "approver": colleagues[-1],
        "pause_class": random.choice(pauses),
        "days": _days(row, item),
        "materials": materials(item, "web", lacking=False)[-1:],
    }
    said = {name: known[name] for name in row["demands"]}
    if said.get("handed_to") == "agent":
        said["authority"] = f"示例委托书{random.randint(1, 99_999):05d}"
    if "somebody_present" in row["guards"]:
        said["present"] = "applicant"
    if "two_on_site" in row["guards"] and item["on_site_check"]:
        said["on_site_staff"] = colleagues[:2]
    return said


def _days(row: Mapping[str, Any], item: Mapping[str, Any]) -> int:
    longest = item.get("extension", {}).get("limit", 10) if row["name"] == "extend" else 10
    return min(5, int(longest))


def moments(start: datetime, cases: int, random: Random) -> list[datetime]:
    """When `cases` applications come in over seven days from `start`, in office hours, in order."""
    first = opened(start)
    found = []
    for day in random.choices(range(7), DAYS, k=cases):
        opening = first if day == 0 else at_opening(first + timedelta(days=day))
        closing = opening.replace(hour=CLOSES.hour, minute=0, second=0)
        found.append(opening + timedelta(seconds=random.randint(0, int((closing - opening).total_seconds()) - 1)))
    return sorted(found)


def at_opening(at: datetime) -> datetime:
    """The opening of that day."""
    return at.replace(hour=OPENS.hour, minute=0, second=0, microsecond=0)


def opened(at: datetime) -> datetime:
    """`at`, or the next opening where the office is closed then."""
    if at.time() >= CLOSES:
        return at_opening(at + timedelta(days=1))
    return max(at, at_opening(at))


def later(at: datetime, minutes: int) -> datetime:
    """`at` and so many minutes of office hours."""
    at = opened(at)
    closing = at.replace(hour=CLOSES.hour, minute=0, second=0, microsecond=0)
    left = int((closing - at).total_seconds() // 60)
    if minutes < left:
        return at + timedelta(minutes=minutes)
    return later(at_opening(at + timedelta(days=1)), minutes - left)


def form(item: Mapping[str, Any], level: str, event: date) -> dict[str, str]:
    """The form; where size decides the level, a size that fits the level; where the law wants time before an event,
    the day of the `event`."""
    filled, floor = {"purpose": "示例"}, 0
    if item.get("lead_time"):
        filled["event_date"] = event.isoformat()
    graded = item.get("graded") or {"by": "", "steps": []}
    for step in graded["steps"]:
        if step["level"] == level:
            filled[graded["by"]] = str(step["below"] // 2 if step.get("below") else floor * 2)
            break
        floor = step.get("below") or floor
    return filled
