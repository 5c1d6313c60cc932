"""Handover Hub: the local process that owns a site's doors, devices and money."""

__version__ = "0.1.0"
