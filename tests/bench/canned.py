"""A DynamoDB that answers at once and never changes, on a loopback port that the kernel chooses.

`python -m tests.bench.canned FILE` reads what `tests.bench.recording` wrote, prints its address, and serves until it
is ended. Reads are looked up, a step is held to its condition on the version and then forgotten, what is put is
forgotten at once, so that every request meets the same item. The issuer's keys are served beside. This module must not
be asked for anything else.
"""

from __future__ import annotations

import json
import re
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Item = dict[str, dict[str, Any]]
DESK = ("id", "h", "q", "s", "i", "c")  # what the index `desk` carries
REFUSED = {"__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "The conditional"}
_VERSION = re.compile(r"(#\w+) = (:\w+)")


class Canned:
    """The recorded tables, and the answers to what is asked of them."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self._tables: dict[str, list[Item]] = recorded["tables"]
        self._keys = json.dumps(recorded["keys"]).encode()
        self._said: dict[tuple[str, bytes], tuple[int, bytes]] = {}

    @property
    def keys(self) -> bytes:
        """The issuer's key set."""
        return self._keys

    def answer(self, operation: str, raw: bytes) -> tuple[int, bytes]:
        """Status and document; a request that came before is not looked into again."""
        if (operation, raw) not in self._said:
            status, said = self._answer(operation, json.loads(raw))
            self._said[operation, raw] = status, json.dumps(said, ensure_ascii=False).encode()
        return self._said[operation, raw]

    def _answer(self, operation: str, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        match operation:
            case "GetItem":
                found = self._find(asked)
                return 200, {"Item": found} if found else {}
            case "UpdateItem":
                return self._update(asked)
            case "Query":
                return 200, self._query(asked)
            case "PutItem":
                return 200, {}
            case "BatchWriteItem":
                return 200, {"UnprocessedItems": {}}
        return 400, {"__type": "com.amazon.coral.service#UnknownOperationException"}

    def _find(self, asked: dict[str, Any]) -> Item | None:
        wanted = asked["Key"].items()
        return next((item for item in self._tables[asked["TableName"]] if wanted <= item.items()), None)

    def _update(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        item, names, values = self._find(asked), asked["ExpressionAttributeNames"], asked["ExpressionAttributeValues"]
        seen = [values[v] for n, v in _VERSION.findall(asked["ConditionExpression"]) if names[n] == "v"]
        if item is None or seen != [item["v"]]:
            return 400, REFUSED
        return 200, {"Attributes": item} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The partition that the first condition names, in the order of its sort key."""
        names, values = asked["ExpressionAttributeNames"], asked["ExpressionAttributeValues"]
        name, value = _VERSION.findall(asked["KeyConditionExpression"])[0]
        rows = [item for item in self._tables[asked["TableName"]] if item.get(names[name]) == values[value]]
        if "IndexName" in asked:
            rows = sorted(({n: row[n] for n in DESK} for row in rows), key=lambda row: int(row["q"]["N"]))
        page = rows[: asked.get("Limit", len(rows))]
        said: dict[str, Any] = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
        if len(page) < len(rows):
            said["LastEvaluatedKey"] = {n: page[-1][n] for n in ("id", "h", "q")}
        return said


class Server(ThreadingHTTPServer):
    """Holds what its handlers answer from."""

    daemon_threads = True

    def __init__(self, canned: Canned) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.canned = canned


class Handler(BaseHTTPRequestHandler):
    """The wire: keep-alive, content length and checksum, as the service sends them."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(*self.server.canned.answer(self.headers["X-Amz-Target"].partition(".")[2], raw))

    def do_GET(self) -> None:
        self._send(200, self.server.canned.keys)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amz-crc32", str(zlib.crc32(content)))
        self.send_header("x-amzn-RequestId", "CANNED")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def main(source: Path) -> None:
    """Serve what is in `source`."""
    server = Server(Canned(json.loads(source.read_text(encoding="utf-8"))))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
