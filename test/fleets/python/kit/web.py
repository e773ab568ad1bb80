"""A small HTTP kit over the standard library: routes, request ids, a log line and a count for each request."""

import json
import logging
import os
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

log = logging.getLogger("web")


class Refused(Exception):
    """Raised by a route to answer with a status and a reason of its own."""

    def __init__(self, status, reason):
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Counts:
    """Requests by status and the seconds they took, in Prometheus' text format."""

    def __init__(self, app):
        self._app = app
        self._lock = threading.Lock()
        self._requests = {}
        self._seconds = 0.0

    def add(self, status, seconds):
        with self._lock:
            self._requests[status] = self._requests.get(status, 0) + 1
            self._seconds += seconds

    def render(self):
        with self._lock:
            lines = [
                f'app_requests_total{{app="{self._app}",status="{status}"}} {count}'
                for status, count in sorted(self._requests.items())
            ]
            lines.append(f'app_request_seconds_sum{{app="{self._app}"}} {self._seconds:.6f}')
            lines.append(f'app_request_seconds_count{{app="{self._app}"}} {sum(self._requests.values())}')
        return "\n".join(lines) + "\n"


def make_server(app, port, routes):
    """`routes` maps "METHOD /path" to a function of (query, body, headers) that gives (status, body)."""
    counts = Counts(app)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urlsplit(self.path)
            if url.path == "/metrics":
                return self._send(200, counts.render().encode(), "text/plain; version=0.0.4")
            if url.path == "/healthz":
                return self._send(200, json.dumps({"status": "ok", "pid": os.getpid()}).encode())
            return self._run("GET", url)

        def do_POST(self):
            return self._run("POST", urlsplit(self.path))

        def _run(self, method, url):
            began = time.monotonic()
            name = f"{method} {url.path}"
            request_id = self.headers.get("X-Request-Id") or uuid.uuid4().hex[:12]
            length = int(self.headers.get("Content-Length") or 0)
            text = self.rfile.read(length)
            status, body = self._answer(name, dict(parse_qsl(url.query)), text, request_id)
            seconds = time.monotonic() - began
            counts.add(status, seconds)
            log.info("%s %d in %.1f ms request=%s", name, status, seconds * 1000, request_id)
            self._send(status, json.dumps(body).encode())

        def _answer(self, name, query, text, request_id):
            route = routes.get(name)
            if route is None:
                return 404, {"error": "no such route"}
            try:
                headers = {**dict(self.headers.items()), "X-Request-Id": request_id}
                return route(query, json.loads(text) if text else None, headers)
            except Refused as refused:
                return refused.status, {"error": refused.reason}
            except TimeoutError:
                log.exception("%s ran out of time request=%s", name, request_id)
                return 504, {"error": "out of time"}
            except Exception:
                log.exception("%s failed request=%s", name, request_id)
                return 500, {"error": "internal"}

        def _send(self, status, body, kind="application/json"):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            """The standard library's own access line would come on top of ours."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
