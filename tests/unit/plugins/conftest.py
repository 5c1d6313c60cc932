from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

MANIFEST = """\
domain: {domain}
name: A test plugin
version: 1.0.0
api_version: {api_version}
requirements: {requirements}
capabilities: [CodeReader]
essential: {essential}
"""

GOOD = """\
import voluptuous as vol
from hub.api import Driver, hookimpl

class TestDriver(Driver):
    async def start(self): ...
    async def stop(self): ...

@hookimpl
def device_schema():
    return {vol.Optional("speed", default=1): int}

@hookimpl
def profile_schema():
    return {vol.Required("channels"): int}

@hookimpl
def create_driver(ctx):
    return TestDriver(ctx)
"""


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[..., Path]:
    """Writes a plugin into a search folder and returns that folder."""

    def write(domain: str, code: str = GOOD, *, manifest: str = "", api_version: int = 1,
              requirements: str = "[]", essential: str = "false") -> Path:
        folder = tmp_path / "plugins" / domain
        (folder / "profiles").mkdir(parents=True)
        (folder / "__init__.py").write_text(code)
        (folder / "manifest.yaml").write_text(manifest or MANIFEST.format(
            domain=domain, api_version=api_version, requirements=requirements, essential=essential))
        return folder.parent

    return write


@pytest.fixture
def good_code() -> str:
    return GOOD
