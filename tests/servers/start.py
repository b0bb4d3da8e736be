"""Servers on free ports of this machine: started, and waited for until they answer."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


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
