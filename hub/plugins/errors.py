"""What can be wrong with a plugin, as its users see it."""

from __future__ import annotations


class PluginError(Exception):
    """Base: a plugin or its data cannot be used."""


class UnknownIntegration(PluginError):
    """No search folder and no entry point has this domain."""

    def __init__(self, domain: str) -> None:
        super().__init__(f"there is no integration {domain!r}")
        self.domain = domain


class Quarantined(PluginError):
    """The plugin was found but is out of use; `reason` says why."""

    def __init__(self, domain: str, reason: str) -> None:
        super().__init__(f"integration {domain!r} is out of use: {reason}")
        self.domain = domain
        self.reason = reason


class ProfileError(PluginError):
    """A profile is unknown, unreadable or does not fit the integration's schema."""

    def __init__(self, domain: str, name: str, reason: str) -> None:
        super().__init__(f"profile {name!r} of {domain!r}: {reason}")
        self.domain = domain
        self.name = name
        self.reason = reason
