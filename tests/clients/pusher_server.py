"""Pusher's library for Python, unchanged: triggers events at a hub as if that were Pusher."""

import sys

import pusher
from pusher.errors import PusherBadAuth


def at(secret):
    # Of itself it waits five seconds for an answer.
    own = {"host": host, "port": int(port), "ssl": False, "timeout": 60}
    return pusher.Pusher(app_id="3", key="278d425bdf160c739803", secret=secret, **own)


host, port, secret = sys.argv[1:]
client = at(secret)
client.trigger(["orders", "lobby"], "new", {"order": 7, "é": "ü"})
print("triggered")
client.trigger_batch(
    [
        {"channel": "orders", "name": "first", "data": "a text"},
        {"channel": "orders", "name": "second", "data": [1, 2]},
    ]
)
print("batch")
try:
    at(secret.replace("7", "8")).trigger("orders", "forged", {})
except PusherBadAuth:
    print("refused")
