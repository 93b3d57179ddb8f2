"""Downloads that go wrong end in one line."""

import http.server
import threading

import pytest

from auxtask.data.download import fetch_url
from auxtask.data.named import load_named
from auxtask.errors import AuxtaskError


def test_a_missing_page_is_an_error_of_the_download(tmp_path, server):
    with pytest.raises(AuxtaskError, match="HTTP Error 404"):
        load_named("x", tmp_path, urls={"train": f"{server}/none"}, convert=lambda files: {})


def test_a_connection_that_breaks_off_is_noticed(tmp_path):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        threading.Thread(target=httpd.handle_request, daemon=True).start()
        with pytest.raises(OSError, match="10 of 1,000 bytes"):
            fetch_url(f"http://127.0.0.1:{httpd.server_port}/x", tmp_path / "x")
