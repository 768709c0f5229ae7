"""A small receiver of pushes on 127.0.0.1 that keeps what came, for tests."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = {"code": 0, "msg": "success"}


class Receiver:
    """What came, as (headers, raw body); `answers` are given first, then all is well."""

    def __init__(self):
        self.came = []
        self.answers = []

    def messages(self):
        return [message for _, body in self.came for message in json.loads(body)]


@contextmanager
def receiving():
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.came.append((dict(self.headers), body))
            answer = receiver.answers.pop(0) if receiver.answers else GOOD
            said = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/push"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
