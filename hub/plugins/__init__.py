"""Finds integrations, loads the ones a site uses, and keeps a broken one from hurting the rest."""

from hub.plugins.discovery import GROUP, Found, default_search
from hub.plugins.errors import PluginError, ProfileError, Quarantined, UnknownIntegration
from hub.plugins.guard import DeviceGuard
from hub.plugins.integrations import Integrations
from hub.plugins.manifest import Manifest
from hub.plugins.watchdog import LoopWatchdog, Stall, task_name

__all__ = [
    "GROUP", "DeviceGuard", "Found", "Integrations", "LoopWatchdog", "Manifest", "PluginError",
    "ProfileError", "Quarantined", "Stall", "UnknownIntegration", "default_search", "task_name",
]
