"""The data lake through the door: what happens to cases leaves as lines, whatever the stream does, and SQL over them
counts what the facts count."""

from __future__ import annotations

import json

from tests.flow.conftest import Hub
from tests.flow.test_rebuild import busy_month


def test_x(hub: Hub) -> None:
    busy_month(hub)
    hub.cloud.drain()
    keys = hub.get("/_local/lake")["keys"]
    from chalicelib.domain import lake
    names = set()
    for (p, n), row in hub.cloud.tables["FactsTable"].rows.items():
        d = json.loads(row.item["d"]["S"])
        for k, v in d.items():
            names.add((k, type(v).__name__))
    print(sorted(n for n in names if n[0] not in lake.COLUMNS and n[0] not in lake.WITHHELD))
    print(sorted(n for n in names if n[0] in lake.COLUMNS and lake.COLUMNS[n[0]].__name__ != n[1]))
    print("\n".join(keys))
    print(hub.cloud.buckets.content("LAKE_BUCKET", keys[-1]).decode())
    print(hub.get("/_local/lake/"+keys[0])["content"][:1500])
    print(hub.sizes())
    assert 0
