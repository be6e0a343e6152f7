"""A stock python-socketio client on strings, the twin of robot.js: one command a line in, one answer or event a line
out, all JSON. Knows nothing of the hub. Ends with its input.

    python robot.py sync|async URL OPTIONS      OPTIONS: {"transports": [...]} as JSON
"""

import asyncio
import functools
import json
import sys
import threading

import socketio

KIND, URL, OPTIONS = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
# The library waits one second for the answer to a CONNECT, and five for one over HTTP or to a probe: on a machine that does much
# else those may pass.
PATIENT = {"request_timeout": 60}
WAITING = {"wait_timeout": 60}
RECONNECT = {"reconnection_delay": 0.05, "reconnection_delay_max": 0.2, **PATIENT}
SPEAKING = threading.Lock()


def say(line):
    with SPEAKING:
        print(json.dumps(walk(line, to_hex)), flush=True)


def walk(value, change):
    changed = change(value)
    if changed is not value:
        return changed
    if isinstance(value, (list, tuple)):
        return [walk(inner, change) for inner in value]
    if isinstance(value, dict):
        return {key: walk(inner, change) for key, inner in value.items()}
    return value


def to_hex(value):
    return {"$bytes": value.hex()} if isinstance(value, bytes) else value


def from_hex(value):
    return bytes.fromhex(value["$bytes"]) if isinstance(value, dict) and "$bytes" in value else value


def told(data):
    """What an ack carried: python-socketio gives several arguments as a tuple, and one as itself."""
    return list(data) if isinstance(data, tuple) else data


def several(args):
    """Arguments as python-socketio takes them."""
    return tuple(args) if args else None


def disconnected(*reason):
    say({"event": "$disconnect", "args": list(reason)})


def refused(data):
    say({"event": "$connect_error", "args": [data["message"] if isinstance(data, dict) else data]})


def heard(event, *args):
    say({"event": event, "args": args})
    # What the server asks is answered with what it said.
    return args


class Sync:
    """Each command on a thread of its own, so that one that waits holds up no other."""

    def connect(self):
        # A new one each time: the library does not always end the threads of one that the server closed.
        self.client = client = socketio.Client(**RECONNECT)
        client.on("connect", lambda: say({"event": "$connect", "args": [client.get_sid()]}))
        client.on("disconnect", disconnected)
        client.on("connect_error", refused)
        client.on("*", heard)
        # Also where the library comes back by itself.
        client.connect = functools.partial(client.connect, **WAITING)
        client.connect(URL, **OPTIONS)

    def emit(self, event, *args):
        self.client.emit(event, several(args))

    def ask(self, event, *args):
        return told(self.client.call(event, several(args), timeout=60))

    def where(self):
        return {"id": self.client.get_sid(), "transport": self.client.transport()}

    def spoil(self):
        # No Socket.IO packet begins with 9: the server must close the connection.
        self.client.eio.send("9")

    def end(self):
        self.client.disconnect()

    def refused(self, namespace):
        other = socketio.Client(reconnection=False, **PATIENT)
        why = []
        other.on("connect_error", lambda data: why.append(data["message"]), namespace=namespace)
        try:
            other.connect(URL, namespaces=[namespace], **WAITING, **OPTIONS)
        except socketio.exceptions.ConnectionError:
            return why[0]
        finally:
            other.disconnect()

    def run(self):
        for line in sys.stdin:
            number, verb, *args = walk(json.loads(line), from_hex)
            if verb == "ask":
                threading.Thread(target=self.do, args=(number, verb, args), daemon=True).start()
            else:
                self.do(number, verb, args)
        self.client.disconnect()

    def do(self, number, verb, args):
        say({"answer": number, "value": getattr(self, verb)(*args)})


class Async:
    """The asyncio client, on aiohttp."""

    def __init__(self):
        self.client = client = socketio.AsyncClient(**RECONNECT)
        client.on("connect", lambda: say({"event": "$connect", "args": [client.get_sid()]}))
        client.on("disconnect", disconnected)
        client.on("connect_error", refused)
        client.on("*", heard)
        client.connect = functools.partial(client.connect, **WAITING)

    async def connect(self):
        await self.client.connect(URL, **OPTIONS)

    async def emit(self, event, *args):
        await self.client.emit(event, several(args))

    async def ask(self, event, *args):
        return told(await self.client.call(event, several(args), timeout=60))

    async def where(self):
        return {"id": self.client.get_sid(), "transport": self.client.transport()}

    async def spoil(self):
        await self.client.eio.send("9")

    async def end(self):
        await self.client.disconnect()

    async def refused(self, namespace):
        other = socketio.AsyncClient(reconnection=False, **PATIENT)
        why = []
        other.on("connect_error", lambda data: why.append(data["message"]), namespace=namespace)
        try:
            await other.connect(URL, namespaces=[namespace], **WAITING, **OPTIONS)
        except socketio.exceptions.ConnectionError:
            return why[0]
        finally:
            await other.disconnect()

    async def run(self):
        waiting = set()
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            number, verb, *args = walk(json.loads(line), from_hex)
            doing = asyncio.ensure_future(self.do(number, verb, args))
            if verb == "ask":
                waiting.add(doing)
                doing.add_done_callback(waiting.discard)
            else:
                await doing
        await self.client.disconnect()

    async def do(self, number, verb, args):
        say({"answer": number, "value": await getattr(self, verb)(*args)})


if __name__ == "__main__":
    if KIND == "async":
        asyncio.run(Async().run())
    else:
        Sync().run()
