"""The pages and their assets."""

import os
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from server.web.pages import page_csp
from tests.unit.web.serving import bare_app, client_of

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """A folder of pages beside a file that is nobody's business."""
    (tmp_path / "secret.html").write_text("secret")
    folder = tmp_path / "static"
    for name, content in {
        "pages/index.html": "<!doctype html><title>List</title>",
        "pages/showtime.html": "<!doctype html><title>Hall</title>",
        "pages/checkout.html": "<!doctype html><title>Checkout</title>",
        "pages/order.html": "<!doctype html><title>Order</title>",
        "pages/sandbox.html": "<!doctype html><title>Sandbox</title>",
        "js/core/a.js": "export const a = 1;",
        "css/tokens.css": ":root {}",
        "worker/sw.js": "self.addEventListener",
        "notes.txt": "not a kind that is served",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "link.html").symlink_to(tmp_path / "secret.html")
    return folder


@pytest.fixture
def app(static: Path) -> Starlette:
    """The application over these pages."""
    return bare_app(static)


@pytest.mark.parametrize(
    ("path", "media_type", "content"),
    [
        ("/", "text/html; charset=utf-8", "List"),
        ("/showtimes/demo", "text/html; charset=utf-8", "Hall"),
        ("/showtimes/demo/checkout", "text/html; charset=utf-8", "Checkout"),
        ("/orders/aaaabbbbccccddddeeeeffff", "text/html; charset=utf-8", "Order"),
        ("/static/js/core/a.js", "text/javascript; charset=utf-8", "export"),
        ("/sw.js", "text/javascript; charset=utf-8", "addEventListener"),
        ("/static/css/tokens.css", "text/css; charset=utf-8", ":root"),
    ],
)
async def test_pages_and_assets_are_served(app: Starlette, path: str, media_type: str, content: str) -> None:
    """With their kind, and to be asked for again each time."""
    async with client_of(app) as client:
        answer = await client.get(path)
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        head = await client.head(path)
    assert answer.status_code == head.status_code == 200
    assert content in answer.text
    assert answer.headers["content-type"] == media_type
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(("gateways", "status"), [(("momo", "sandbox"), 200), (("momo",), 404)])
async def test_the_sandbox_has_its_page_only_where_it_is_offered(
    app: Starlette, gateways: tuple[str, ...], status: int
) -> None:
    """Where real money is taken nobody can open a page that looks like a bank's."""
    shop = SimpleNamespace(gateways=SimpleNamespace(by_name=dict.fromkeys(gateways)))
    app.state.context = replace(app.state.context, shop=shop)
    async with client_of(app) as client:
        assert (await client.get("/sandbox/pay")).status_code == status


async def test_a_changed_asset_is_sent_anew(app: Starlette, static: Path) -> None:
    """Its validator is made of its content: the same time and length do not make it the same."""
    file = static / "js/core/a.js"
    async with client_of(app) as client:
        first = await client.get("/static/js/core/a.js")
        file.write_text("export const a = 2;")
        os.utime(file, ns=(1, 1))
        second = await client.get("/static/js/core/a.js", headers={"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert second.text == "export const a = 2;"


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js",
        "/static/",
        "/static/js",
        "/static/notes.txt",
        "/static/link.html",
        "/static/../secret.html",
        "/static/%2e%2e/secret.html",
        "/static/..%2fsecret.html",
        "/static/js/../../secret.html",
        "/static//etc/passwd.html",
        "/static/%00.html",
        "/static/" + "a" * 5000 + ".html",
        "/showtimes/a.b",
        "/showtimes/" + "a" * 65,
        "/showtimes/demo/",
        "/index.html",
    ],
)
async def test_nothing_else_is_reachable(app: Starlette, path: str) -> None:
    """No file outside the folder, by no spelling of its name; no other kind; no listing."""
    async with client_of(app) as client:
        answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_pages_may_load_from_here_alone(app: Starlette) -> None:
    """The policy names the socket of the host that was asked, for browsers that do not count it as `'self'`."""
    async with client_of(app) as client:
        answer = await client.get("/")
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self' ws://localhost:8000; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    )


@pytest.mark.parametrize(
    ("public_url", "scheme", "host", "source"),
    [
        ("", "http", "127.0.0.1:8000", "'self' ws://127.0.0.1:8000;"),
        ("", "https", "[::1]:8443", "'self' wss://[::1]:8443;"),
        ("https://tickets.example", "http", "10.0.0.7:8000", "'self' wss://tickets.example;"),
        ("", "http", "evil.example; script-src *", "'self';"),
        ("", "http", "evil.example\nx", "'self';"),
        ("", "http", "*", "'self';"),
        ("", "http", "", "'self';"),
    ],
)
def test_a_host_header_cannot_widen_the_policy(public_url: str, scheme: str, host: str, source: str) -> None:
    """What is no host name is left out."""
    assert f"connect-src {source}" in page_csp(public_url, scheme, host)


async def test_the_pages_of_the_repository_are_served_with_all_that_they_name() -> None:
    """Every script, style and image of the pages is there."""
    async with client_of(bare_app(REPOSITORY / "static")) as client:
        for page in ("/", "/showtimes/demo", "/staff", "/staff/sign-in"):
            answer = await client.get(page)
            assert answer.status_code == 200
            named = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)
            assert named
            for path in named:
                assert (await client.get(path)).status_code == 200, path
