"""A real HTTP receiver on loopback that keeps an audience, validates what it gets, and fails when it is told to."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ROW_FIELDS = {"message_key", "operation", "row"}


class Receiver:
    """Holds the audience by key, and recognises a repeated Idempotency-Key; nothing else protects it from repeats."""

    def __init__(self, *, key: str = "customer_id", secret: str | None = None) -> None:
        self.key, self.secret = key, secret
        self.members: dict[str, dict[str, Any]] = {}
        self.effects: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.violations: list[str] = []
        self.faults: deque[str] = deque()
        """One for each request to come: 429, 503, 401, hang (accepts, then does not answer), drop (does not accept)."""
        self.bad_rows: set[str] = set()
        """Keys refused by their own error in a 207."""
        self.poison_rows: set[str] = set()
        """Keys that make the whole batch a 400."""
        self.after_accepting: Callable[[], None] | None = None
        self._answers: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/members"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def destination(self, **options: Any) -> dict[str, Any]:
        retry = {
            "attempts": 3,
            "first_wait_seconds": 0.01,
            "longest_wait_seconds": 0.02,
            "longest_retry_after_seconds": 2,
        }
        return {"type": "http", "url": self.url, "timeout_seconds": 0.3, "retry": retry, **options}

    def _receive(self, body: bytes, headers: Any) -> tuple[int, dict[str, Any]]:
        """Apply a batch once; return the answer to give."""
        document, key = json.loads(body), headers["Idempotency-Key"]
        self._validate(document, body, headers)
        digest = hashlib.sha256(body).hexdigest()
        if key in self._answers:
            known, status, answer = self._answers[key]
            if known != digest:
                self.violations.append("an idempotency key came with another body")
            return status, answer
        rows = document["rows"]
        keys = [row["row"][self.key] for row in rows]
        if self.poison_rows & set(keys):
            return self._remember(key, digest, 400, {"error": "bad request"})
        errors = []
        for index, (row, member) in enumerate(zip(rows, keys, strict=True)):
            if member in self.bad_rows:
                errors.append({"index": index, "code": f"bad row {member}@x"})
                continue
            self.effects[row["message_key"]] += 1
            if document["operation"] == "remove":
                self.members.pop(member, None)
            else:
                self.members[member] = row["row"]
        return self._remember(key, digest, 207 if errors else 200, {"errors": errors})

    def _remember(self, key: str, digest: str, status: int, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self._answers[key] = (digest, status, answer)
        return status, answer

    def _validate(self, document: Any, body: bytes, headers: Any) -> None:
        if set(document) != {"sync", "operation", "rows"} or document["operation"] not in ("upsert", "remove"):
            self.violations.append("not the documented request")
        for row in document["rows"]:
            if set(row) != ROW_FIELDS or (document["operation"] == "remove") != (row["operation"] == "remove"):
                self.violations.append("a row does not fit its request")
        if self.secret is not None:
            parts = dict(part.split("=") for part in headers["X-Unavista-Signature"].split(","))
            wanted = hmac.new(self.secret.encode(), parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
            if not hmac.compare_digest(parts["v1"], wanted):
                self.violations.append("the signature does not match")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    fault = receiver.faults.popleft() if receiver.faults else "ok"
                    receiver.requests.append(
                        {"at": time.monotonic(), "fault": fault, "body": body, "headers": dict(self.headers.items())}
                    )
                    answer = None if fault in ("429", "503", "401", "drop") else receiver._receive(body, self.headers)
                if answer is not None and receiver.after_accepting:
                    receiver.after_accepting()
                if fault in ("hang", "drop"):
                    time.sleep(0.5)
                    self.close_connection = True
                    return
                status, document = answer or (int(fault), {})
                content = json.dumps(document).encode()
                self.send_response(status)
                if fault == "429":
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments: Any) -> None:
                """Stay quiet."""

        return Handler
