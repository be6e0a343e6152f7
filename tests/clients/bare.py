"""A bare WebSocket made of websockets. Says what it was granted, sends each line of its input as a text, prints each message, and the end.

    python bare.py URL PATH [SUBPROTOCOL]
"""

import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def told(line):
    print(line, flush=True)


url, path, *offered = sys.argv[1:]
with connect(url.replace("http", "ws") + path, subprotocols=offered or None) as socket:
    extensions = socket.response.headers.get("Sec-WebSocket-Extensions")
    told(f"subprotocol {socket.subprotocol} extensions {extensions}")

    def read():
        for line in sys.stdin:
            socket.send(line.rstrip("\n"))
        socket.close(1000)

    threading.Thread(target=read, daemon=True).start()
    try:
        while True:
            message = socket.recv()
            told(message if isinstance(message, str) else f"binary {message.hex()}")
    except ConnectionClosed:
        told(f"closed {socket.close_code}")
