"""Deliver to an HTTP endpoint: batches with an idempotency key, retries that listen, refusals traced to the row.

The request is `POST` with `{"sync", "operation": "upsert"|"remove", "rows": [{"message_key", "operation", "row"}]}` and
the header `Idempotency-Key`. A 2xx answer may name rows that were refused: `{"errors": [{"message_key", "code"}]}`, or
`index` in place of the key. With a signing secret, `X-Unavista-Signature: t=<unix time>,v1=<hex>` is the HMAC-SHA256
of `<unix time>.<body>`.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import os
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx

from activation.batching import Batch
from activation.configuration import HttpDestination
from activation.outcomes import REJECTED
from workspace.errors import ConfigError

if TYPE_CHECKING:
    from types import TracebackType

_TRY_AGAIN = frozenset({408, 409, 425, 429})
_ABOUT_ROWS = frozenset({400, 413, 422})
_CODE = re.compile(r"[^A-Za-z0-9_.\-]")


@dataclass
class Reply:
    """What a destination said about one batch."""

    rejected: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    """(status, provider code) by message key of the rows that were refused; the others were accepted."""
    attempts: int = 0
    stopped_by: str | None = None
    """Why no definite answer could be had; nothing is known about the rows."""


class _Unsettled(Exception):
    """An attempt without a definite answer; `wait` is what the destination asked for."""

    def __init__(self, code: str, wait: float | None = None) -> None:
        self.code, self.wait = code, wait
        super().__init__(code)


class HttpDelivery:
    """A connection to one destination for the length of a sync.

    Raises:
        ConfigError: an environment variable that the destination names is not set.
    """

    def __init__(self, sync_id: str, destination: HttpDestination) -> None:
        self._sync_id, self._destination = sync_id, destination
        headers = {name: _secret(variable) for name, variable in destination.secret_headers.items()}
        if destination.bearer_token_env:
            headers["Authorization"] = f"Bearer {_secret(destination.bearer_token_env)}"
        self._signing = _secret(destination.signing_secret_env).encode() if destination.signing_secret_env else None
        self._client = httpx.Client(
            headers={**destination.headers, **headers, "Content-Type": "application/json"},
            timeout=destination.timeout_seconds,
            follow_redirects=False,
            trust_env=False,
        )
        self.calls = 0

    def __enter__(self) -> HttpDelivery:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, batch: Batch) -> Reply:
        """Send a batch, in halves when the destination refuses it as a whole, and return what became of its rows."""
        reply = Reply()
        self._send_part(batch, reply)
        return reply

    def _send_part(self, batch: Batch, reply: Reply) -> None:
        if reply.stopped_by:
            return
        try:
            response = self._post(batch, reply)
        except _Unsettled as error:
            reply.stopped_by = error.code
            return
        if response.is_success:
            reply.rejected |= _refused_rows(response, batch)
        elif response.status_code in _ABOUT_ROWS:
            if len(batch.rows) == 1:
                reply.rejected[batch.message_keys[0]] = (REJECTED, f"http_{response.status_code}")
            else:
                for half in batch.halves():
                    self._send_part(half, reply)
        else:
            reply.stopped_by = f"http_{response.status_code}"

    def _post(self, batch: Batch, reply: Reply) -> httpx.Response:
        import stamina
        from stamina.instrumentation import LoggingOnRetryHook, set_on_retry_hooks

        # Where structlog is installed stamina would print to standard output, into the middle of `--json`.
        set_on_retry_hooks([LoggingOnRetryHook])
        retry, body = self._destination.retry, batch.body(self._sync_id)
        url = self._destination.url
        if batch.operation == "remove" and self._destination.remove_url:
            url = self._destination.remove_url
        attempts = stamina.retry_context(
            on=self._wait,
            attempts=retry.attempts,
            timeout=None,
            wait_initial=retry.first_wait_seconds,
            wait_max=retry.longest_wait_seconds,
            wait_jitter=min(1.0, retry.first_wait_seconds),
        )
        for attempt in attempts:
            with attempt:
                self.calls += 1
                reply.attempts += 1
                return self._once(url, body, batch.key)
        raise AssertionError("stamina ends by returning or raising")

    def _once(self, url: str, body: bytes, key: str) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        if self._signing is not None:
            now = str(int(time.time()))
            digest = hmac.new(self._signing, now.encode() + b"." + body, hashlib.sha256).hexdigest()
            headers["X-Unavista-Signature"] = f"t={now},v1={digest}"
        try:
            response = self._client.post(url, content=body, headers=headers)
        except httpx.TimeoutException:
            raise _Unsettled("timeout") from None
        except httpx.TransportError:
            raise _Unsettled("no_connection") from None
        if response.status_code in _TRY_AGAIN or response.status_code >= 500:
            raise _Unsettled(f"http_{response.status_code}", _retry_after(response.headers.get("Retry-After")))
        return response

    def _wait(self, error: Exception) -> bool | dt.timedelta:
        if not isinstance(error, _Unsettled):
            return False
        if error.wait is None:
            return True
        # Asked to wait longer than this sync is willing to: the rows stay for the next run.
        return error.wait <= self._destination.retry.longest_retry_after_seconds and dt.timedelta(seconds=error.wait)


def _secret(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise ConfigError(
            f"the environment variable {variable} is not set", hint="destinations.yml names it; export it and try again"
        )
    return value


def _retry_after(text: str | None) -> float | None:
    """Return the seconds of a Retry-After header: a number, or an HTTP date (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(text) - dt.datetime.now(dt.UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def _refused_rows(response: httpx.Response, batch: Batch) -> dict[str, tuple[str, str | None]]:
    try:
        document = response.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    errors = document.get("errors") if isinstance(document, dict) else None
    found: dict[str, tuple[str, str | None]] = {}
    known = frozenset(batch.message_keys)
    for error in errors if isinstance(errors, list) else []:
        key = _row_of(error, batch, known)
        if key is None:
            # Something was refused, and the answer does not say what: no row of the batch counts as confirmed.
            return dict.fromkeys(batch.message_keys, (REJECTED, "unattributed_error"))
        found[key] = (REJECTED, _code(error.get("code")))
    return found


def _row_of(error: Any, batch: Batch, known: frozenset[str]) -> str | None:
    if not isinstance(error, dict):
        return None
    key, index = error.get("message_key"), error.get("index")
    if isinstance(key, str) and key in known:
        return key
    if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(batch.message_keys):
        return batch.message_keys[index]
    return None


def _code(value: Any) -> str | None:
    # Free texts of providers repeat the row they complain about; only a short code is kept.
    return _CODE.sub("_", str(value))[:60] if value is not None else None
