"""A client of plain WebSockets made of websocket-client. Sends each line of its input, prints each message and the end.

    python plain.py URL
"""

import sys
import threading

import websocket


def told(line):
    print(line, flush=True)


def opened(socket):
    def read():
        for line in sys.stdin:
            socket.send(line.rstrip("\n"))
        socket.close(status=1000)

    threading.Thread(target=read, daemon=True).start()


websocket.WebSocketApp(
    sys.argv[1].replace("http", "ws") + "/ws",
    subprotocols=["dondo.1"],
    on_open=opened,
    on_message=lambda _, message: told(message if isinstance(message, str) else f"binary {message.hex()}"),
    on_close=lambda _, code, __: told(f"closed {code}"),
).run_forever()
