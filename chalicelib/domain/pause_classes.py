"""The lawful causes for stopping a case's clocks (特别程序), and which clocks each stops.

The statutory clock stops only for what 行政许可法 art. 45 lists; promises also leave out what service guides name. This
module must not know clocks or cases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class PauseClass:
    """A lawful cause for stopping clocks (特别程序); `stops` names the clocks that it stops."""

    code: str
    zh: str
    en: str
    basis: str
    stops: frozenset[str]


_NOT_STATUTORY = frozenset({"promised", "stage"})
_ALL = _NOT_STATUTORY | {"statutory"}
_LAW = "行政许可法 art. 45"
_GUIDE = "浙江公安办事指南: 承诺时间不包含现场勘查、补件、上报(转报)"

_CLASSES = (
    PauseClass("hearing", "听证", "hearing", _LAW, _ALL),
    PauseClass("tender", "招标", "tender", _LAW, _ALL),
    PauseClass("auction", "拍卖", "auction", _LAW, _ALL),
    PauseClass("inspection", "检验", "inspection", _LAW, _ALL),
    PauseClass("testing", "检测", "testing", _LAW, _ALL),
    PauseClass("quarantine", "检疫", "quarantine", _LAW, _ALL),
    PauseClass("appraisal", "鉴定", "appraisal", _LAW, _ALL),
    PauseClass("expert_review", "专家评审", "expert review", _LAW, _ALL),
    PauseClass("site_survey", "现场勘查", "site survey", _GUIDE, _NOT_STATUTORY),
    PauseClass("supplement", "补件", "supplement during review", _GUIDE, _NOT_STATUTORY),
    PauseClass("referral", "上报(转报)", "referral to a higher organ", _GUIDE, _NOT_STATUTORY),
)
PAUSE_CLASSES: Mapping[str, PauseClass] = MappingProxyType({kind.code: kind for kind in _CLASSES})
