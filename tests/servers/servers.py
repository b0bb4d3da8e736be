"""Starts moto, ministack and the proxy on free ports, says where in a line of JSON, and stops them when its input ends.

usage: servers.py FOLDER      the folder takes their logs; requests.jsonl is what was sent, a line each

Lines of input say which request the proxy is to hold (holds.py); what it holds is told in a line of JSON.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from faults import TABLE
from proxy import Proxy


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder, name, ready, port, environment):
    binary = Path(sys.executable).parent / ("moto_server" if name == "moto" else "ministack")
    args = ["-H", "127.0.0.1", "-p", str(port)] if name == "moto" else []
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), **environment}
    log = open(folder / f"{name}.log", "w")
    process = subprocess.Popen([binary, *args], env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=5).read()
            return process
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    sys.exit(f"{name} did not start:\n{(folder / f'{name}.log').read_text()}")


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    ports = {"moto": free_port(), "ministack": free_port()}
    processes = [
        start(folder, "moto", "/moto-api/data.json", ports["moto"], {
            "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
            "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
            "MOTO_ACM_VALIDATION_WAIT": "2",
            "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",
        }),
        start(folder, "ministack", "/_ministack/health", ports["ministack"], {
            "GATEWAY_PORT": str(ports["ministack"]),
            "BIND_HOST": "127.0.0.1",
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
        }),
    ]
    try:
        say = lambda **what: print(json.dumps(what), flush=True)
        proxy = Proxy(ports, folder / "requests.jsonl", lambda name, phase: say(held=name, phase=phase))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        urls = {name: f"http://127.0.0.1:{port}" for name, port in {"proxy": proxy.server_port, **ports}.items()}
        say(**urls, exceptions=sorted(TABLE))
        for line in sys.stdin:
            proxy.holds.command(line)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


main()
