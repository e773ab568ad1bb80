"""The provider of exchange rates, which is outside the fleet."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

FACTORS = {"EUR": 1.0, "USD": 1.09, "GBP": 0.86, "PLN": 4.31}


class Exchange(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            return self._send(200, {"status": "ok", "pid": os.getpid()})
        factor = FACTORS.get(parse_qs(urlsplit(self.path).query).get("to", [""])[0])
        return self._send(404 if factor is None else 200, {"factor": factor})

    def _send(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Exchange).serve_forever()
