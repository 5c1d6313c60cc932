"""`hub blueprint import`: from files and addresses, with the hash on record, never over somebody's edits."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web


class Shelf:
    """A server on the loopback; `pages` maps paths to bodies."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.address = ""
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._runner.cleanup())
        self._loop.close()

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_get("/{name:.*}", self._page)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _page(self, request: web.Request) -> web.Response:
        if request.path == "/round":
            raise web.HTTPFound("/round")
        body = self.pages.get(request.path)
        return web.Response(status=404) if body is None else web.Response(body=body)


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    server = Shelf()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def parcel(workplace: Any) -> bytes:
    workplace.check()
    return str(workplace.texts["blueprints/parcel"]).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_file_is_copied_with_its_source_and_hash_on_record(workplace, run_hub, parcel, tmp_path):
    source = tmp_path / "other.yaml"
    source.write_bytes(parcel)
    result = run_hub("blueprint", "import", str(source), str(workplace.path))
    assert result.exit_code == 0, result.output
    folder = workplace.path / "blueprints"
    assert (folder / "other.yaml").read_bytes() == parcel
    record = json.loads((folder / "imports.json").read_text())["files"]["other.yaml"]
    assert (record["source"], record["sha256"]) == (str(source), _digest(parcel))


def test_an_address_is_fetched_and_held_against_the_expected_hash(workplace, run_hub, parcel, shelf):
    shelf.pages["/locker/far.yaml"] = parcel
    url = f"{shelf.address}/locker/far.yaml"
    wrong = run_hub("blueprint", "import", url, str(workplace.path), "--sha256", "0" * 64)
    assert wrong.exit_code == 1
    assert f"its SHA-256 is {_digest(parcel)}" in wrong.output
    assert not (workplace.path / "blueprints" / "far.yaml").exists()
    right = run_hub("blueprint", "import", url, str(workplace.path), "--sha256", _digest(parcel))
    assert right.exit_code == 0, right.output
    assert (workplace.path / "blueprints" / "far.yaml").read_bytes() == parcel


def test_a_newer_one_shows_the_difference_and_replaces_an_unedited_file(workplace, run_hub, parcel, shelf):
    url, site = f"{shelf.address}/far.yaml", str(workplace.path)
    shelf.pages["/far.yaml"] = parcel
    run_hub("blueprint", "import", url, site)
    shelf.pages["/far.yaml"] = parcel.replace(b"version: 1.0.0", b"version: 1.1.0")
    asked = run_hub("blueprint", "import", url, site)
    assert asked.exit_code == 1
    assert "blueprint version: 1.0.0 -> 1.1.0" in asked.output
    assert run_hub("blueprint", "import", url, site, "--yes").exit_code == 0
    assert b"1.1.0" in (workplace.path / "blueprints" / "far.yaml").read_bytes()
    again = run_hub("blueprint", "import", url, site)
    assert "has this content already" in again.output


def test_an_edited_file_is_never_replaced_silently_and_kept_aside_on_demand(
    workplace, run_hub, parcel, shelf
):
    url, site = f"{shelf.address}/far.yaml", str(workplace.path)
    shelf.pages["/far.yaml"] = parcel
    run_hub("blueprint", "import", url, site)
    target = workplace.path / "blueprints" / "far.yaml"
    edited = parcel.replace(b"{seconds: 5}", b"{seconds: 8}")
    target.write_bytes(edited)
    shelf.pages["/far.yaml"] = parcel.replace(b"version: 1.0.0", b"version: 1.1.0")
    refused = run_hub("blueprint", "import", url, site, "--yes")
    assert refused.exit_code == 1
    assert "was written or edited here and is left as it is" in refused.output
    assert target.read_bytes() == edited
    assert run_hub("blueprint", "import", url, site, "--overwrite").exit_code == 0
    assert b"1.1.0" in target.read_bytes()
    assert target.with_name("far.yaml.before").read_bytes() == edited


def test_what_could_not_run_is_not_imported_and_says_where(workplace, run_hub, parcel, tmp_path):
    source = tmp_path / "broken.yaml"
    source.write_bytes(parcel.replace(b"entered: opening}", b"entered: opning}"))
    result = run_hub("blueprint", "import", str(source), str(workplace.path))
    assert result.exit_code == 1
    assert "broken.yaml:15:" in result.output
    assert "did you mean 'opening'?" in result.output
    assert not (workplace.path / "blueprints" / "broken.yaml").exists()


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/missing.yaml", None, "answered 404"),
        ("/page.yaml", b"<html>not yaml: [</html>", "not imported"),
        ("/words.yaml", b"just: words\n", "has no `blueprint:` section"),
        ("/large.yaml", b"#" * 1_000_001, "is larger than 1,000,000 bytes"),
        ("/round", None, "from one address to the next without an end"),
    ],
)
def test_an_address_without_a_blueprint_is_answered_clearly(
    workplace, run_hub, parcel, shelf, path, body, said
):
    if body is not None:
        shelf.pages[path] = body
    result = run_hub("blueprint", "import", shelf.address + path, str(workplace.path))
    assert result.exit_code == 1
    assert said in result.output


def test_without_a_network_it_says_so_and_names_the_way_out(workplace, run_hub, parcel, shelf):
    shelf.stop()
    result = run_hub("blueprint", "import", f"{shelf.address}/far.yaml", str(workplace.path))
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    assert "import a file instead" in result.output


def test_plain_http_from_elsewhere_needs_the_hash(workplace, run_hub, parcel):
    result = run_hub("blueprint", "import", "http://blueprints.example.org/far.yaml", str(workplace.path))
    assert result.exit_code == 1
    assert "add --sha256 HASH" in result.output
