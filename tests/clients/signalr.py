"""Stock clients of SignalR in Python, the twins of signalr.js: one command a line in, one answer or event a line out.

    python signalr.py pysignalr|signalrcore URL
"""

import asyncio
import json
import sys
import threading

KIND, URL = sys.argv[1], sys.argv[2]
SPEAKING = threading.Lock()


def say(line):
    with SPEAKING:
        print(json.dumps(line), flush=True)


def commands():
    for line in sys.stdin:
        yield json.loads(line)


async def pysignalr():
    from pysignalr.client import SignalRClient

    client = SignalRClient(URL)
    opened = asyncio.Event()

    async def on_open():
        opened.set()

    async def on_message(args):
        say({"event": "ReceiveMessage", "args": args})

    client.on_open(on_open)
    client.on("ReceiveMessage", on_message)
    running = None
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        number, verb, *args = json.loads(line)
        if verb == "connect":
            running = asyncio.create_task(client.run())
            await opened.wait()
            say({"answer": number, "value": None})
        elif verb == "invoke":

            async def told(message, number=number):
                if message.error:
                    say({"answer": number, "error": message.error})
                else:
                    say({"answer": number, "value": message.result})

            await client.send(args[0], args[1:], told)
        elif verb == "send":
            await client.send(args[0], args[1:])
            say({"answer": number, "value": None})
    if running:
        running.cancel()


def signalrcore():
    from signalrcore.hub_connection_builder import HubConnectionBuilder

    client = HubConnectionBuilder().with_url(URL).build()
    opened = threading.Event()
    client.on_open(opened.set)
    client.on("ReceiveMessage", lambda args: say({"event": "ReceiveMessage", "args": args}))
    for number, verb, *args in commands():
        if verb == "connect":
            client.start()
            opened.wait(60)
            say({"answer": number, "value": None})
        elif verb == "invoke":

            def told(message, number=number):
                if message.error:
                    say({"answer": number, "error": message.error})
                else:
                    say({"answer": number, "value": message.result})

            client.send(args[0], args[1:], told)
        elif verb == "send":
            client.send(args[0], args[1:])
            say({"answer": number, "value": None})
    client.stop()


if KIND == "pysignalr":
    asyncio.run(pysignalr())
else:
    signalrcore()
