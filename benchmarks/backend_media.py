"""A server that stands for Label Studio's local files, and keeps a processor no busier than that.

`python -m benchmarks.backend_media FOLDER PORT`: pictures below FOLDER, to whoever shows the token.
"""

from __future__ import annotations

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105  # that of a server of our own


def main() -> None:
    """Serve until stopped."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    serving = type("Pictures", (_Pictures,), {"folder": folder})
    ThreadingHTTPServer(("127.0.0.1", port), serving).serve_forever()


class _Pictures(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and picture leave together
    folder: Path

    def do_GET(self) -> None:  # the name that http.server calls
        """Send `/data/local-files/?d=name`."""
        if self.headers["Authorization"] != f"Token {TOKEN}":
            self._send(HTTPStatus.UNAUTHORIZED, b"")
            return
        [name] = parse_qs(urlsplit(self.path).query)["d"]
        self._send(HTTPStatus.OK, (self.folder / name).read_bytes())

    def _send(self, status: HTTPStatus, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_told: object) -> None:
        """Say nothing of each request."""


if __name__ == "__main__":
    main()
