"""Stands between bbws and the servers: sends each request to the one that knows it better, answers what neither has, mends
what is known to be wrong (faults.py), and holds every request against AWS's service models (wire.py)."""

import http.client
import json
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import faults
from holds import Holds
from wire import Request

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Answer:
    """What goes back."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


class Proxy(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ports, log, tell=lambda *_: None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ports, self.log, self.lock = ports, open(log, "a", buffering=1), threading.Lock()
        self.memory = faults.Memory()
        self.holds = Holds(tell)

    def write(self, **line):
        with self.lock:
            self.log.write(json.dumps(line, default=str) + "\n")

    def answer(self, status, headers, body):
        """What a server would have answered that has the call."""
        return Answer(status, headers, body)

    def forward(self, server, request, body=None):
        """Asks the real server, as the account that the access key names."""
        headers = {key: value for key, value in request.headers.items() if key.lower() not in ("host", "content-length", "connection", "transfer-encoding")}
        headers["x-moto-account-id"] = request.key
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[server], timeout=60)
        try:
            connection.request(request.method, request.target, body=request.body if body is None else body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, [(k, v) for k, v in answer.getheaders() if k.lower() not in HOP], answer.read())
        finally:
            connection.close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            request = Request(self.command, self.path, self.headers, body)
        except Exception as error:  # a request that the models have no place for
            self.server.write(name="?", invalid=[f"{error}"], target=self.path, trace=traceback.format_exc())
            return self.reply(Answer(400, [], b"the models have no place for this request"))
        if self.server.holds.hold(request.name, "before"):
            return self.hang_up(request, "before")
        invalid = request.faults()
        server = faults.server(request)
        try:
            answer = faults.answer(self.server, request, server)
        except Exception:
            self.server.write(name=request.name, broken=traceback.format_exc())
            answer = Answer(400, [], b"the proxy failed")
        line = {"name": request.name, "region": request.region, "server": server, "status": answer.status}
        if entry := faults.exception(request):
            line["exception"] = entry
        if invalid:
            line["invalid"] = invalid
        if answer.status >= 400:
            line["answer"] = answer.body[:2000].decode(errors="replace")
        if answer.status >= 500:
            # The SDK takes a 5xx for passing. A server's gap or crash does not pass: said in a form that is not tried again.
            answer = Answer(400, [], b'{"__type":"ServerGap"}')
        self.server.write(**line, params=request.told())
        if self.server.holds.hold(request.name, "after"):
            return self.hang_up(request, "after")
        self.reply(answer)

    def hang_up(self, request, phase):
        self.server.write(name=request.name, region=request.region, held=phase)
        self.close_connection = True

    def reply(self, answer):
        self.send_response(answer.status)
        for key, value in answer.headers:
            self.send_header(key, value)
        if self.command == "HEAD" or answer.status == 204:
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = handle_one

    def log_message(self, *_):
        pass
