"""The shipped readers and the notifier load through the plugin loader, and only what is used is loaded."""

from __future__ import annotations

import subprocess
import sys

from hub.plugins import Integrations, default_search


def test_the_shipped_integrations_are_found_by_path_and_load() -> None:
    loaded = Integrations.load(default_search(), entry_points=False)
    assert {"scanner", "nfc", "mailbox"} <= set(loaded.domains())
    for domain in ("scanner", "nfc", "mailbox"):
        loaded.device_schema(domain)
    assert not loaded.quarantined().keys() & {"scanner", "nfc", "mailbox"}


def test_the_scanner_loads_without_the_camera_libraries() -> None:
    code = (
        "import sys\n"
        "from hub.plugins import Integrations\n"
        "i = Integrations.load(entry_points=False)\n"
        "i.device_schema('scanner'); i.framer('scanner')\n"
        "assert not {'cv2', 'zxingcpp', 'numpy', 'nfc'} & set(sys.modules), set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
