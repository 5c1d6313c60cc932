"""Who may ask, and under which name the hub answers."""

from __future__ import annotations

import pytest


async def test_health_needs_no_token(world):
    answer = await world.get("health", token=None)
    assert answer.status == 200
    assert answer.body["store"] == {"healthy": True, "trouble": ""}
    assert answer.body["devices"]["total"] == 2
    assert answer.body["simulated"] is False
    assert answer.body["uptime"] >= 0


@pytest.mark.parametrize("path", ["handovers", "banks", "devices", "messages", "handovers/x/events"])
async def test_everything_else_needs_a_token(world, path):
    answer = await world.get(path, token=None)
    assert (answer.status, answer.kind) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="hub"'
    assert "Authorization: Bearer" in answer.body["mend"]


@pytest.mark.parametrize("token", ["token-of-the-desk-1235", "x", "ü" * 20])
async def test_a_wrong_token_is_refused(world, token):
    answer = await world.get("handovers", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_token_in_the_address_does_not_count(world):
    answer = await world.get("handovers?token=token-of-the-desk-1234", token=None)
    assert answer.status == 401


async def test_another_scheme_than_bearer_is_refused(world):
    answer = await world.get("handovers", headers={"Authorization": "Basic dXNlcjpwYXNz"})
    assert answer.kind == "unauthorized"


async def test_a_missing_scope_is_named_with_the_scopes_that_have_it(world, order):
    answer = await world.post("handovers", order, token="reader")
    assert (answer.status, answer.kind) == (403, "forbidden")
    assert answer.body["permission"] == "handover.create"
    assert "write" in answer.body["mend"]


async def test_a_command_without_its_scope_is_refused_and_changes_nothing(world):
    handover = await world.order()
    answer = await world.post(f"handovers/{handover}/cancel", token="reader")
    assert (answer.status, answer.body["permission"]) == (403, "handover.cancel")
    assert (await world.get(f"handovers/{handover}")).body["state"] == "loading"


async def test_a_token_for_the_twin_alone_reads_nothing(simulated):
    assert (await simulated.get("banks", token="tester")).status == 403
    assert (await simulated.post("twin/locks/close", {"args": ["1"]}, token="tester")).status == 200


async def test_names_are_shown_only_with_the_permission_for_them(world):
    handover = await world.order()
    plain = await world.get(f"handovers/{handover}", token="reader")
    assert "recipient" not in plain.body
    assert plain.body["person_ref"]
    named = await world.get(f"handovers/{handover}", token="office")
    assert named.body["recipient"]["name"] == "Ada Lovelace"


async def test_lists_and_events_never_show_a_name(world):
    handover = await world.order()
    for path in ("handovers", f"handovers/{handover}/events", f"handovers/{handover}"):
        answer = await world.get(path, token="reader")
        assert "Lovelace" not in str(answer.body)
        assert "ada@example.org" not in str(answer.body)


@pytest.mark.parametrize("host", [
    "evil.example", "localhost", "127.0.0.1:1", "locker.example.org.evil.example", "",
])
async def test_a_wrong_host_is_refused_before_anything_else(world, host):
    for path in ("/", "/api/v1/health", "/api/v1/handovers"):
        answer = await world.get(path, headers={"Host": host})
        assert (answer.status, answer.kind) == (421, "wrong-host")


@pytest.mark.parametrize("host", [
    "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "locker.example.org", "LOCKER.example.org:443",
    "desk.lan",
])
async def test_loopback_names_with_the_port_and_configured_names_are_served(world, host):
    port = world.server.address.rpartition(":")[2]
    answer = await world.get("health", headers={"Host": host.format(port=port)})
    assert answer.status == 200


async def test_the_page_is_served_without_a_token_and_holds_none(world):
    for name in ("", "page/app.js", "page/api.js", "page/hands.js", "page/style.css", "page/icon.svg"):
        answer = await world.get(f"/{name}", token=None)
        assert answer.status == 200
        assert b"token-of" not in answer.body
        assert b"<script>" not in answer.body
        assert b"style=" not in answer.body
    assert (await world.get("/page/../server.py", token=None)).status == 404


async def test_every_answer_carries_the_security_headers(world):
    for path in ("/", "/page/app.js", "/api/v1/health", "/api/v1/nothing"):
        headers = (await world.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "script-src 'self'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        assert "aiohttp" not in headers["Server"]
