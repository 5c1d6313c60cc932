"""The pytest plugin of the partner kit (rule S40), loaded through the `pytest11` entry point.

Without pytest-asyncio the fixtures stay away, so that an installed hub never breaks another project's run.
"""

from importlib.util import find_spec

import pytest

pytest.register_assert_rewrite("hub.testing.contracts")
pytest_plugins = ("hub.testing.fixtures",) if find_spec("pytest_asyncio") else ()
