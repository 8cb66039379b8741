"""Debian's autobahn for Python, unmodified, under somebody else's control: see peer.mjs for the protocol."""
import asyncio
import base64
import json
import sys
from decimal import Decimal
from urllib.parse import urlparse

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.auth import AuthCryptoSign, AuthWampCra
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import SERID_TO_SER
from autobahn.wamp.types import CallOptions, CallResult, ComponentConfig, PublishOptions, RegisterOptions, SubscribeOptions

MAX_EXACT = 2**53 - 1


def say(message):
    print(json.dumps(message), flush=True)


def to_neutral(value):
    if isinstance(value, Decimal) and value == value.to_integral_value():  # large ones in UBJSON
        value = int(value)
    if isinstance(value, bytes):
        return {"$binary": base64.b64encode(value).decode()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > MAX_EXACT:
        return {"$integer": str(value)}
    if isinstance(value, (list, tuple)):
        return [to_neutral(v) for v in value]
    if isinstance(value, dict):
        return {k: to_neutral(v) for k, v in value.items()}
    if type(value).__name__ == "undefined_type":  # cbor2 has undefined as a value of its own
        return None
    return value


def from_neutral(value):
    if isinstance(value, list):
        return [from_neutral(v) for v in value]
    if isinstance(value, dict):
        if "$binary" in value:
            return base64.b64decode(value["$binary"])
        if "$integer" in value:
            return int(value["$integer"])
        return {k: from_neutral(v) for k, v in value.items()}
    return value


def payload(args, kwargs):
    return {"args": to_neutral(args or []), "kwargs": to_neutral(kwargs or {})}


class Client(ApplicationSession):
    """One session. Its futures tell whether it was let in, and when it is over."""

    def __init__(self, parameters, joined, left):
        super().__init__(ComponentConfig(parameters["realm"], parameters))
        self.joined, self.left = joined, left
        self.subscriptions, self.registrations = {}, {}

    def onConnect(self):
        login = self.config.extra
        self.method = None
        if login["method"] == "wampcra":
            self.method = AuthWampCra(authid=login["authid"], secret=login["secret"])
        if login["method"] == "cryptosign":
            self.method = AuthCryptoSign(authid=login["authid"], privkey=login["seed"])
        extra = self.method and self.method.authextra
        self.join(self.config.realm, [login["method"]], login["authid"], authextra=extra)

    def onChallenge(self, challenge):
        return self.method.on_challenge(self, challenge) if self.method else self.config.extra["ticket"]

    def onJoin(self, details):
        self.joined.set_result({"authid": details.authid, "authrole": details.authrole})

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_exception(ApplicationError(details.reason, details.message))
        self.disconnect()

    def onDisconnect(self):
        if not self.left.done():
            self.left.set_result(None)


class Commands:
    def __init__(self, serialization, transport):
        self.serializer = SERID_TO_SER[serialization](batched=transport == "batched")

    async def connect(self, url, **parameters):
        loop = asyncio.get_running_loop()
        joined, self.left = loop.create_future(), loop.create_future()
        self.client = Client(parameters, joined, self.left)
        if url.startswith("unix:"):
            factory = WampRawSocketClientFactory(lambda: self.client, serializer=self.serializer)
            await loop.create_unix_connection(factory, urlparse(url).path)
        else:
            factory = WampWebSocketClientFactory(lambda: self.client, url=url, serializers=[self.serializer])
            await loop.create_connection(factory, factory.host, factory.port)
        return await joined

    async def subscribe(self, topic, match, options=None):
        def handler(*args, **kwargs):
            say({"event": topic, **payload(args, kwargs)})

        self.client.subscriptions[topic] = await self.client.subscribe(handler, topic, SubscribeOptions(match=match, **(options or {})))

    async def unsubscribe(self, topic):
        await self.client.subscriptions.pop(topic).unsubscribe()

    async def publish(self, topic, args=None, kwargs=None, options=None):
        how = PublishOptions(acknowledge=True, **(options or {}))
        await self.client.publish(topic, *from_neutral(args or []), options=how, **from_neutral(kwargs or {}))

    async def register(self, procedure, options=None):
        def handler(*args, details=None, **kwargs):
            if details and details.progress:
                for part in args:
                    details.progress(part)
                return CallResult(*args)
            if "fail" in kwargs:
                raise ApplicationError(kwargs["fail"], *args)
            return CallResult(*args, **kwargs)

        self.client.registrations[procedure] = await self.client.register(
            handler, procedure, RegisterOptions(details_arg="details", **(options or {}))
        )

    async def unregister(self, procedure):
        await self.client.registrations.pop(procedure).unregister()

    async def call(self, procedure, args=None, kwargs=None, options=None, progress=False):
        parts = []
        how = CallOptions(on_progress=parts.append if progress else None, **(options or {}))
        result = await self.client.call(procedure, *from_neutral(args or []), **from_neutral(kwargs or {}), options=how)
        if progress:
            return payload(parts, {})
        if isinstance(result, CallResult):
            return payload(result.results, result.kwresults)
        return payload([] if result is None else [result], {})  # a single one comes bare

    async def close(self):
        self.client.leave()
        await self.left


async def main():
    commands = Commands(*sys.argv[1:])
    lines = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        command = json.loads(line)
        number, name = command.pop("id"), command.pop("do")
        try:
            say({"id": number, "ok": await getattr(commands, name)(**command)})
        except ApplicationError as e:
            say({"id": number, "error": {"uri": e.error, "message": str(e), "args": to_neutral(e.args)}})
        except Exception as e:
            say({"id": number, "error": {"uri": "", "message": repr(e), "args": []}})


asyncio.run(main())
