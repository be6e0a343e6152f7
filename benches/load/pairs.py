#!/usr/bin/env python3
"""Server CPU of one loadgen mode for several builds of examples/plain, in turn and in random order.

    ./pairs.py ROUNDS 'churn --conns 64 --warmup 0.5 --duration 3' OLD NEW...

Prints, for each build, the median CPU-s/M, and the median of its ratios to OLD within a round: neighbours in time.
"""
import json
import random
import shlex
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

LOADGEN = Path(__file__).parent / "loadgen/target/release/loadgen"


def run(server, mode):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["taskset", "-c", "0", server, "--listen", f"127.0.0.1:{port}", "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"{server} ended before it listened")
                time.sleep(0.05)
        load = ["taskset", "-c", "1", str(LOADGEN), *mode, "--port", str(port), "--pid", str(process.pid)]
        line = subprocess.run(load, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
    finally:
        process.terminate()
        process.wait()
    result = json.loads(line)
    if not result["ok"]:
        sys.exit(f"{server} is not ok: {line}")
    return result["cpu_s_per_m"]


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    rounds, mode, servers = int(sys.argv[1]), shlex.split(sys.argv[2]), sys.argv[3:]
    spent = {server: [] for server in servers}
    for _ in range(rounds):
        for server in random.sample(servers, len(servers)):
            spent[server].append(run(server, mode))
    for server in servers:
        ratios = [new / old for new, old in zip(spent[server], spent[servers[0]])]
        print(f"{server}: {statistics.median(spent[server]):.2f} CPU-s/M, ratio {statistics.median(ratios):.3f}")


main()
