"""Holds the HTTP API against its contract, src/docs/openapi.json: `codes` calls for every answer code of every route and checks
each answer by its schema, `schemathesis` makes up requests. Arguments: the URL of an operators' listener, and which."""

import json
import pathlib
import subprocess
import sys

import jsonschema
import requests

URL, WHAT = sys.argv[1:]
FILE = pathlib.Path(__file__).parents[2] / "src/docs/openapi.json"
CONTRACT = json.loads(FILE.read_text())
ALL, ORDERS, READER = (f"{number}123456789abcdef0123456789abcdef" for number in range(3))
LOBBY = {"to": {"channel": "lobby"}, "message": "hi"}
LARGE = {"to": {"channel": "lobby"}, "message": "x" * 1_000_001}
JSON = {"Content-Type": "application/json"}

# Operation, expected code, and what is sent: of a path its names, of a query its text, a key, headers, a body.
CASES = [
    ("openapi", 200, {}),
    ("openapi", 400, {"query": "x=1"}),
    ("node", 200, {}),
    ("node", 400, {"query": "x=1"}),
    ("node", 403, {"key": "no rights"}),
    *[("publish", code, case) for code, case in (
        (200, {"body": LOBBY}),
        (200, {"body": {"to": {"room": "den", "channel": "lobby"}, "data": {"a": [1]}, "userName": "shop"}}),
        (200, {"body": {"to": {"everyone": True}, "message": None, "event": "news"}}),
        (200, {"body": LOBBY, "headers": {"Idempotency-Key": "a"}}),
        (400, {"body": {"to": {}}}),
        (403, {"body": LOBBY, "key": READER}),
        (404, {"body": {**LOBBY, "namespace": "/none"}}),
        (413, {"body": LARGE}),
        (415, {"body": LOBBY, "headers": {"Content-Type": "text/plain"}}),
        (422, {"body": {**LOBBY, "message": "other"}, "headers": {"Idempotency-Key": "a"}}),
    )],
    *[("batch", code, case) for code, case in (
        (200, {"body": {"messages": [LOBBY, LOBBY]}}),
        (200, {"body": {"messages": [LOBBY]}, "headers": {"Idempotency-Key": "b"}}),
        (400, {"body": {"messages": []}}),
        (403, {"body": {"messages": [LOBBY]}, "key": ORDERS}),
        (404, {"body": {"messages": [{**LOBBY, "namespace": "/none"}]}}),
        (413, {"body": {"messages": [LARGE]}}),
        (415, {"body": {"messages": [LOBBY]}, "headers": {"Content-Type": "text/plain"}}),
        (422, {"body": {"messages": [LOBBY] * 2}, "headers": {"Idempotency-Key": "b"}}),
    )],
    *[(name, code, {"names": names, **case}) for name, names in (
        ("channels", {}), ("channelMembers", {"channel": "lobby"}), ("rooms", {}), ("roomMembers", {"room": "den"}), ("members", {}),
    ) for code, case in (
        (200, {}),
        (200, {"query": "count=true"}),
        (200, {"query": "limit=1"}),
        (400, {"query": "limit=0"}),
        (403, {"key": "no rights"}),
        (404, {"query": "namespace=/none"}),
    )],
    ("presence", 200, {}),
    ("presence", 400, {"query": "x=1"}),
    ("presence", 403, {"key": ORDERS}),
    ("presence", 404, {"query": "namespace=/none"}),
    *[(name, code, case) for name, good in (
        ("disconnect", {"account": "ama"}),
        ("kick", {"member": "x", "channel": "lobby"}),
        ("ban", {"account": "ama", "for": "1h", "reason": "spam"}),
        ("mute", {"address": "10.0.0.1"}),
        ("revoke", {"id": "7", "for": "1h"}),
    ) for code, case in (
        (200, {"body": good}),
        (400, {"body": {}}),
        (403, {"body": good, "key": READER}),
        (413, {"body": {**good, "reason": "x" * 1_000_001}}),
        (415, {"body": good, "headers": {"Content-Type": "text/plain"}}),
    )],
    ("kick", 404, {"body": {"member": "x", "channel": "lobby", "namespace": "/none"}}),
    ("ban", 404, {"body": {"member": "nobody"}}),
    ("mute", 404, {"body": {"member": "nobody"}}),
    ("bans", 200, {}),
    ("mutes", 200, {}),
    *[(name, code, case) for name in ("bans", "mutes") for code, case in (
        (200, {"query": "count=true"}), (400, {"query": "limit=x"}), (403, {"key": READER}),
    )],
    *[(name, code, case) for name in ("unban", "unmute") for code, case in (
        (200, {"query": "account=ama"}), (400, {}), (403, {"query": "account=ama", "key": READER}),
    )],
    ("lock", 400, {"body": {"room": "den"}}),
    ("lock", 403, {"body": {"room": "den", "locked": True}, "key": READER}),
    ("lock", 404, {"body": {"room": "none", "locked": True}}),
    ("lock", 413, {"body": {"room": "x" * 1_000_001, "locked": True}}),
    ("lock", 415, {"body": {"room": "den", "locked": True}, "headers": {"Content-Type": "text/plain"}}),
    ("lock", 200, {"body": {"room": "den", "channel": "lobby", "locked": True}}),
    ("limits", 200, {"body": {"channel": "quiet", "slowMode": "5s", "capacity": 7}}),
    ("limits", 200, {"body": {"channel": "quiet", "slowMode": None, "capacity": None}}),
    ("limits", 200, {"body": {"channel": "quiet", "reset": True}}),
    ("channelLimits", 200, {}),
    ("channelLimits", 404, {"query": "namespace=/none"}),
    ("liftRevocation", 200, {"query": "id=7"}),
    *[("liftRevocation", code, case) for code, case in (
        (200, {"query": "id=none"}), (400, {}), (400, {"query": "id="}), (403, {"query": "id=7", "key": READER}),
    )],
    ("revokedTokens", 200, {}),
    *[(name, code, case) for name in ("channelLimits", "revokedTokens") for code, case in (
        (200, {"query": "count=true"}), (400, {"query": "limit=x"}), (403, {"key": READER}),
    )],
    ("limits", 400, {"body": {"channel": "quiet", "slowMode": "5"}}),
    ("limits", 400, {"body": {"channel": "quiet", "capacity": 0}}),
    ("limits", 403, {"body": {"channel": "quiet"}, "key": ORDERS}),
    ("limits", 404, {"body": {"channel": "quiet", "namespace": "/none"}}),
    ("limits", 413, {"body": {"channel": "x" * 1_000_001}}),
    ("limits", 415, {"body": {"channel": "quiet"}, "headers": {"Content-Type": "text/plain"}}),
]
# What has no case: each stands beside a reason.
NOT_CALLED = {"default"}  # The hub is out of order, or has too much to do.


def resolved(part):
    if "$ref" not in part:
        return part
    found = CONTRACT
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return found


def schema(part):
    """A schema of the contract that stands by itself."""
    return {"components": CONTRACT["components"], **part}


def operations():
    for path, methods in CONTRACT["paths"].items():
        for method, operation in methods.items():
            yield operation["operationId"], (method.upper(), path, operation)


def send(operation, case, key):
    method, path, _ = OPERATIONS[operation]
    for name, value in case.get("names", {"channel": "lobby", "room": "den"}).items():
        path = path.replace(f"{{{name}}}", value)
    headers = {**(JSON if "body" in case else {}), **case.get("headers", {})}
    if key:
        headers["Authorization"] = f"Bearer {key}"
    body = json.dumps(case["body"]) if "body" in case else None
    query = f"?{case['query']}" if "query" in case else ""
    return requests.request(method, f"{URL}{path}{query}", headers=headers, data=body, timeout=60)


def held(operation, answer, code):
    """An answer is one that the contract has, and has its form."""
    told = OPERATIONS[operation][2]["responses"]
    assert answer.status_code == code, f"{operation}: {answer.status_code} in place of {code}: {answer.text[:500]}"
    told = resolved(told[str(code)])
    assert answer.headers["Content-Type"] == "application/json", operation
    for name, header in told.get("headers", {}).items():
        assert not header.get("required") or name in answer.headers, f"{operation} {code}: no {name}"
    form = schema(told["content"]["application/json"]["schema"])
    jsonschema.Draft202012Validator(form, format_checker=jsonschema.FormatChecker()).validate(answer.json())


OPERATIONS = dict(operations())


def codes():
    import socketio

    # Somebody is there, so that lists are not empty.
    public = requests.get(f"{URL}/api/v1/node", headers={"Authorization": f"Bearer {ALL}"}, timeout=60).json()
    assert public["namespaces"] == ["/"], public
    seen = {name: set() for name in OPERATIONS}
    # Of itself it waits one second for the answer to its CONNECT, and five for those over HTTP.
    client = socketio.Client(request_timeout=60)
    client.connect(sys.stdin.readline().strip(), wait_timeout=60)
    for event, data in (("join-channel", {"roomChannel": "lobby"}), ("join-room", {"roomId": "den"})):
        assert client.call(event, {"data": data})["ok"]
    for operation, code, case in CASES:
        key = case.get("key", ALL)
        if key == "no rights":
            key = PUBLISHER
        held(operation, send(operation, case, key), code)
        seen[operation].add(str(code))
    for operation in OPERATIONS:
        held(operation, send(operation, {}, None), 401)
        seen[operation].add("401")
    client.disconnect()
    # Wrong keys until they are too many; from then on each is, for a while.
    wrong = 0
    while send("node", {}, f"{wrong}{ALL}").status_code == 401:
        wrong += 1
        assert wrong < 100, "wrong keys have no limit"
    for operation in OPERATIONS:
        answer = send(operation, {}, f"x{ALL}")
        while answer.status_code == 401:
            answer = send(operation, {}, f"x{ALL}")
        held(operation, answer, 429)
        seen[operation].add("429")
    for operation, (_, _, told) in OPERATIONS.items():
        missed = set(told["responses"]) - seen[operation] - NOT_CALLED
        assert not missed, f"{operation}: nobody calls for {missed}"


PUBLISHER = "3123456789abcdef0123456789abcdef"


def schemathesis():
    # Left out, because no contract can say it: a name has so many bytes, not characters, and none that turn the text around it;
    # an idempotency key has one body. And wrong keys are answered 429 when they are many: `codes` has those answers.
    left_out = "positive_data_acceptance,ignored_auth"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", str(FILE), "--url", URL, "--header", f"Authorization: Bearer {ALL}",
        "--max-examples", "25", "--seed", "20", "--exclude-checks", left_out, "--no-color", "--generation-database", "none",
        # Of itself it waits ten seconds for an answer, and takes half a minute of making requests up for a fault of the contract.
        "--request-timeout", "60", "--suppress-health-check", "too_slow",
    ]
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stdout[-12000:] + done.stderr[-4000:]
    assert "24 selected / 24 total" in done.stdout, done.stdout


{"codes": codes, "schemathesis": schemathesis}[WHAT]()
print("ok", flush=True)
