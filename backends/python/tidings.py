"""The backend's side of Tidings for Python 3.10 and newer, in one file and with nothing but the standard library. Copy
it, and change nothing.

    from tidings import Tidings, verify, topic

    tidings = Tidings("http://127.0.0.1:8080", key=os.environ["ERP_KEY"], secret=os.environ["TIDINGS_SECRET"])

    # The ticket endpoint, for the user of the current login (a POST with your framework's CSRF check):
    return {"ticket": tidings.ticket(user.id, user.name, roles=["staff"])}

    # After the commit of a save (Django: transaction.on_commit(lambda: ...)):
    tidings.changed([f"order.{order.id}"], author={"id": user.id, "name": user.name},
                    tab=request.headers.get("Tidings-Tab"), version=order.version)
    tidings.flash("ann@example.com", "Your report is ready", level="success", href="/reports/7")
    tidings.publish(topic("price.{symbol}", symbol="ACME"), kwargs={"amount": 12.5})

    # In a webhook of Tidings:
    if not verify(request.body, request.headers.get("Tidings-Signature"), os.environ["HOOK_SECRET"]):
        return 401

A notification neither delays nor fails a save. A call takes at most `timeout` seconds (1), retries included. If it fails,
the reason is logged (logger "tidings") and the result is None. After a server has not answered, calls in the next `pause`
seconds (2) fail at once. With `strict=True` a call raises Failed instead; use that where something tries again, such as a
queue, and pass the same idempotency_key each time. `ticket` always raises: answer 503, and the page tries again. The name
of the server is looked up by the system, which has its own time-out for that. A Tidings is safe for use by many threads.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import io
import json
import logging
import random
import re
import secrets
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any, Mapping, Optional, Sequence, Union
from urllib.parse import quote, urlsplit

__all__ = ["Failed", "Tidings", "topic", "verify"]

_log = logging.getLogger("tidings")
# The separators of topics, white space, and the percent sign: docs/protocol.md has the rule.
_SEPARATES = re.compile("[%./#\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
_MAX_ANSWER = 4 << 20
_LARGE = 1 << 20  # the server's default of limits.body_bytes
_TEMPORARY = frozenset((408, 429, 500, 502, 503, 504))

Id = Union[str, int]


class Failed(Exception):
    """A call that failed. `status` is that of HTTP, or 0 without an answer; `problem` is the server's problem document."""

    def __init__(self, message: str, status: int = 0, problem: Optional[dict[str, Any]] = None,
                 temporary: bool = False, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.status, self.problem, self.temporary, self.retry_after = status, problem or {}, temporary, retry_after


class Tidings:
    def __init__(self, url: str, key: str = "", secret: str = "", *, timeout: float = 1.0, attempts: int = 3,
                 pause: float = 2.0, strict: bool = False, context: Optional[ssl.SSLContext] = None) -> None:
        """`url` has the path of a proxy if there is one. `key` is an API key. With `secret`, the server's
        auth.tickets.secret, tickets are signed here; without it the server is asked."""
        at = urlsplit(url.rstrip("/"))
        if at.scheme not in ("http", "https") or not at.hostname:
            raise ValueError(f'Tidings: the url must be like http://127.0.0.1:8080, not "{url}"')
        for name, value in (("key", key), ("secret", secret)):
            if re.search(r"""^["'\s]|[\x00-\x1f\x7f]|["'\s]\Z""", value):
                raise ValueError(f"Tidings: the {name} has control characters, or quotes or spaces at its ends: take them away")
        self._url, self._at, self._key, self._secret = url.rstrip("/"), at, key, secret
        self._timeout, self._attempts, self._pause, self._strict = timeout, attempts, pause, strict
        self._context = context or (ssl.create_default_context() if at.scheme == "https" else None)
        self._paused_until = 0.0

    def ticket(self, user: Id, name: str = "", roles: Sequence[str] = (), tenant: str = "",
               claims: Optional[Mapping[str, Any]] = None, *, ttl: int = 60, session: int = 0) -> str:
        """Returns a one-time ticket for a user: a page connects with it, once and in `ttl` seconds. The session ends
        after `session` seconds; 0: it has no end."""
        if str(user) == "":
            raise Failed("Tidings: a ticket needs the id of a user")
        about = _without_empty(name=name, roles=list(roles), tenant=tenant, claims=dict(claims or {}))
        if not self._secret:
            about.update(user=str(user), ttl=f"{ttl}s", **({"session": f"{session}s"} if session else {}))
            return self._request("issue a ticket", "POST", "tickets", about)["ticket"]
        now = int(time.time())
        about.update(jti=secrets.token_hex(16), sub=str(user), aud="tidings", iat=now, exp=now + ttl,
                     **({"session": session} if session else {}))
        signed = f'{_base64url(b"""{"alg":"HS256","typ":"JWT"}""")}.{_base64url(_encode(about))}'
        return f"{signed}.{_base64url(hmac.new(self._secret.encode(), signed.encode(), hashlib.sha256).digest())}"

    def publish(self, topic: str, args: Sequence[Any] = (), kwargs: Optional[Mapping[str, Any]] = None, *,
                idempotency_key: Optional[str] = None, **options: Any) -> Optional[dict[str, Any]]:
        """Publishes an event. A retry with the same idempotency key, in 15 minutes, is the same event. `options` are
        other members of the HTTP API: version, eligible_authid, key, delete, retain."""
        body = {"topic": topic, **_without_empty(args=list(args), kwargs=dict(kwargs or {})), **options}
        return self._notify(f"publish to {topic}", "POST", "publish", body, idempotency_key or secrets.token_hex(16))

    def changed(self, tags: Sequence[str], author: Optional[Mapping[str, Id]] = None, tab: Optional[str] = None,
                version: Optional[Id] = None, fields: Sequence[str] = (), *,
                idempotency_key: Optional[str] = None) -> Optional[dict[str, Any]]:
        """Reports that content has changed. Call it after the commit. The page of `tab` is not told, if `author`
        ({"id", "name"}) is its user."""
        by = {"id": str(author["id"]), "name": str(author.get("name") or "")} if author else None
        body = {"tags": [str(tag) for tag in tags], **_without_empty(author=by, tab=tab, fields=list(fields))}
        if version is not None:
            body["version"] = str(version)
        what = f"report that {', '.join(body['tags'][:3])} changed"
        return self._notify(what, "POST", "content/changed", body, idempotency_key or secrets.token_hex(16))

    def flash(self, user: Id, text: str, level: str = "info", title: str = "", href: str = "", *,
              contract: str = "user.{user}.flash", idempotency_key: Optional[str] = None) -> Optional[dict[str, Any]]:
        """Shows a message on the pages of a user. `level` is info, success, warning or error; `contract` is that of
        such messages."""
        kwargs = {"level": level, "text": text, **_without_empty(title=title, href=href)}
        try:
            address = topic(contract, user=user)
        except Failed as failed:
            return self._failed(failed)
        return self.publish(address, kwargs=kwargs, idempotency_key=idempotency_key)

    def presence(self, record: str) -> Optional[dict[str, Any]]:
        """Returns the people at a record: {"people": [{"id", "name", "mode", "tabs"}], "count"}."""
        return self._notify(f"read who is at {record}", "GET", "presence/" + quote(record, safe=""))

    def maintenance(self) -> Optional[dict[str, Any]]:
        """Returns the state of the site."""
        return self._notify("read the state of maintenance", "GET", "maintenance")

    def maintenance_on(self, message: str, operators: Sequence[Id] = (), by: str = "") -> Optional[dict[str, Any]]:
        """Covers all pages with a message, except those of the operators, which are ids of users."""
        body = {"message": message, **_without_empty(operators=[str(user) for user in operators], by=by)}
        return self._notify("turn maintenance on", "PUT", "maintenance", body)

    def maintenance_off(self) -> Optional[dict[str, Any]]:
        """Uncovers all pages."""
        return self._notify("turn maintenance off", "DELETE", "maintenance")

    def _notify(self, *request: Any) -> Optional[dict[str, Any]]:
        """Sends a request, and logs a failure unless the client is strict."""
        try:
            return self._request(*request)
        except Failed as failed:
            return self._failed(failed)

    def _failed(self, failed: Failed) -> None:
        """Raises a failure if the client is strict, and logs it otherwise."""
        if self._strict:
            raise failed
        _log.warning("%s", failed)

    def _request(self, what: str, method: str, path: str, body: Optional[dict[str, Any]] = None,
                 idempotency_key: str = "") -> dict[str, Any]:
        """Sends a request, again where that is of use, until the time is over."""
        deadline = time.monotonic() + self._timeout
        try:
            if time.monotonic() < self._paused_until:
                raise Failed(f"{self._url} has just not answered; calls pause for {self._pause:g} s")
            text = b"" if body is None else _encode(body)
            attempt = 1
            while True:
                try:
                    return self._exchange(method, path, text, idempotency_key, deadline)
                except Failed as failed:
                    wait = max(failed.retry_after, 0.05 * 4 ** (attempt - 1) * (1 + random.random()))
                    if not failed.temporary or attempt >= self._attempts or time.monotonic() + wait >= deadline:
                        self._paused_until = 0.0 if failed.status else time.monotonic() + self._pause
                        raise
                    time.sleep(wait)
                attempt += 1
        except Failed as failed:
            raise Failed(f"Tidings: cannot {what}: {failed}", failed.status, failed.problem, failed.temporary,
                         failed.retry_after) from failed.__cause__

    def _exchange(self, method: str, path: str, body: bytes, idempotency_key: str, deadline: float) -> dict[str, Any]:
        """Sends one request and returns the answer. The time-outs of http.client are for each read, so the socket is
        read here."""
        headers = {"Host": self._at.netloc.rpartition("@")[2], "Connection": "close", "Accept": "application/json",
                   "User-Agent": "tidings-python", "Content-Length": str(len(body))}
        if body:
            headers["Content-Type"] = "application/json"
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        head = f"{method} {self._at.path}/api/v1/{path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        connected = False
        try:
            with self._connect(deadline) as connection:
                connected = True
                answer = self._transfer(connection, head.encode() + b"\r\n" + body, deadline)
        except TimeoutError as error:
            raise Failed(f"no answer from {self._url} in {self._timeout:g} s", temporary=True) from error
        except OSError as error:
            if not connected:
                raise Failed(f"cannot connect to {self._url} ({error}): does the server run?", temporary=True) from error
            raise Failed(f"{self._url} ended the connection without an answer ({error}){_hint(body)}", temporary=True) from error
        return self._read(method, answer, body)

    def _connect(self, deadline: float) -> socket.socket:
        port = self._at.port or (443 if self._context else 80)
        plain = socket.create_connection((self._at.hostname, port), _left(deadline))
        if self._context is None:
            return plain
        plain.settimeout(_left(deadline))
        return self._context.wrap_socket(plain, server_hostname=self._at.hostname)

    def _transfer(self, connection: socket.socket, request: bytes, deadline: float) -> bytes:
        """Sends a request and returns all bytes of the answer."""
        try:
            connection.settimeout(_left(deadline))
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # an answer may say why the request was not read
        answer = bytearray()
        while True:
            connection.settimeout(_left(deadline))
            part = connection.recv(65536)
            if not part:
                return bytes(answer)
            answer += part
            if len(answer) > _MAX_ANSWER:
                raise Failed(f"the answer of {self._url} is longer than {_MAX_ANSWER} bytes")

    def _read(self, method: str, received: bytes, body: bytes) -> dict[str, Any]:
        """Reads an answer: a JSON object, or the reason of a refusal."""
        try:
            answer = http.client.HTTPResponse(_Received(received), method=method)  # type: ignore[arg-type]
            answer.begin()
            text = answer.read()
        except (http.client.HTTPException, ValueError) as error:
            raise Failed(f"{self._url} ended the connection without an answer{_hint(body)}", temporary=True) from error
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if answer.status < 300 and isinstance(value, dict):
            return value
        problem = value if isinstance(value, dict) else {}
        reason = "the answer is not JSON" if answer.status < 300 else "no reason is given"
        detail = problem.get("detail") or f"{reason}: is this the address of Tidings?"
        raise Failed(f"{self._url} answered {answer.status}: {detail}", answer.status, problem,
                     answer.status in _TEMPORARY, _seconds(answer.getheader("Retry-After")))


def topic(contract: str, **params: Id) -> str:
    """Returns the topic, tag or record of a contract. Characters that separate are percent-encoded: an e-mail address is
    one parameter."""
    def value(found: re.Match[str]) -> str:
        text = str(params.get(found[1], ""))
        if text == "":
            raise Failed(f"Tidings: {contract} needs a value for {found[1]}")
        return _SEPARATES.sub(lambda c: "".join(f"%{byte:02X}" for byte in c[0].encode()), text)

    return re.sub(r"\{(\w+)[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", value, contract)


def verify(body: bytes, signature: Optional[str], secret: str, tolerance: int = 300) -> bool:
    """Reports whether Tidings has sent the body of a webhook. `signature` is the header Tidings-Signature. A request
    that is older than `tolerance` seconds is refused, since it may be a recorded one."""
    found = re.fullmatch(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})", signature or "")
    if not secret or not found:
        return False
    known = hmac.new(secret.encode(), found[1].encode() + b"." + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(known, found[2]) and abs(time.time() - int(found[1])) <= tolerance


class _Received:
    """Bytes that were received, as http.client reads them."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, *_: Any) -> io.BytesIO:
        return io.BytesIO(self._received)


def _hint(body: bytes) -> str:
    return f": are {len(body)} bytes more than its limits.body_bytes?" if len(body) > _LARGE else ""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _seconds(retry_after: Optional[str]) -> float:
    """Returns how long the header Retry-After asks to wait."""
    try:
        text = (retry_after or "0").strip()
        return float(text) if text.isdigit() else max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0


def _encode(value: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise Failed(f"the payload cannot be written as JSON: {error}") from error
    return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()  # half of a character has no UTF-8


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _without_empty(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
