"""Starts moto, ministack and the proxy on free ports, says where in a line of JSON, and stops them when its input ends.

usage: servers.py FOLDER      the folder takes their logs; requests.jsonl is what was sent, a line each

Lines of input say which request the proxy is to hold (holds.py); what it holds is told in a line of JSON.
"""

import json
import sys
import threading
from pathlib import Path

from faults import TABLE
from proxy import Proxy
from start import free_port, start


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
