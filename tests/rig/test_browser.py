"""The watch over a browser sees what it promises to see."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from rig.browser import Watch

PAGES = {
    "/fine": "<p>fine</p>",
    "/error": "<script src=/broken.js></script>",
    "/inline": "<script>1</script>",
    "/foreign": "<img src=http://127.0.0.1:9/x.png>",
    "/missing": "<img src=/no.png>",
    "/down": "down",
    "/broken.js": "throw new Error('broken')",
}


@pytest.fixture(scope="module")
def origin():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.parametrize(
    ("path", "seen"),
    [("/error", "script error"), ("/inline", "CSP script-src-elem"), ("/foreign", "another origin"), ("/missing", "404"), ("/down", "503")],
)
def test_a_problem_is_seen(browser, origin, path, seen):
    assert any(seen in problem for problem in problems_of(browser, origin, path))


def test_a_fine_page_has_no_problem(browser, origin):
    assert problems_of(browser, origin, "/fine") == []


def problems_of(browser, origin, path):
    context = browser.new_context(base_url=origin)
    watch = Watch(context, origin)
    page = context.new_page()
    page.goto(path)
    page.wait_for_load_state("networkidle")
    context.close()
    return watch.problems


class Pages(BaseHTTPRequestHandler):
    def do_GET(self):
        body = PAGES.get(self.path, "").encode()
        self.send_response({"/down": 503, "/favicon.ico": 204}.get(self.path, 200 if body else 404))
        self.send_header("Content-Type", "text/javascript" if self.path.endswith(".js") else "text/html")
        self.send_header("Content-Security-Policy", "default-src 'self'; img-src *")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Keep the test's output quiet."""
