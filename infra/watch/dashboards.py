"""The three dashboards: 运维总览 (does it work), 数据链路 (is it true), 业务态势 (how does the service do).

They follow from what is watched, as the alarms do; nobody edits one by hand. What a county has and which cases are
overdue is shown by functions that read tables, because as metrics it would cost thousands. This module must not know
CloudFormation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.watch import business_board, data_board, operations_board
from infra.watch.alarms import alarms
from infra.watch.watched import Place, Watched
from infra.watch.widgets import laid_out

BOARDS = {"operations": operations_board, "data": data_board, "business": business_board}


def dashboards(found: Watched, place: Place) -> Mapping[str, dict[str, Any]]:
    """The body of each dashboard by its name within a stage; at a real place it can be shown as it is."""
    there = alarms(found, place)
    return {name: laid_out(board.rows(found, there, place)) for name, board in BOARDS.items()}
