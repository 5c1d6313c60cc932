"""A built wheel holds everything that an installed hub reads, and nothing that a run left behind."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLACES = {
    "hub": "hub", "hil": "hil", "integrations": "integrations",
    "blueprints": "hub/_shipped/blueprints", "config": "hub/_shipped/config",
}
LEFT_BEHIND = ("__pycache__", "var")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def expected() -> set[str]:
    return {
        f"{target}/{path.relative_to(ROOT / source).as_posix()}"
        for source, target in PLACES.items() for path in (ROOT / source).rglob("*")
        if path.is_file() and not set(LEFT_BEHIND) & set(path.parts[len(ROOT.parts):])
    }


def test_the_wheel_holds_blueprints_sites_pages_migrations_templates_and_profiles(wheel):
    assert expected() - wheel == set()


def test_the_wheel_holds_nothing_else(wheel):
    assert {name for name in wheel - expected() if ".dist-info/" not in name} == set()
    assert not any(part in name.split("/") for name in wheel for part in LEFT_BEHIND)
