"""Keeps nfcpy's UDP driver on this machine: by itself it would bind to every network address."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import Any

import nfc.clf.udp

HOST = "127.0.0.1"


def confine(on_listening: Callable[[], None] | None = None) -> None:
    """Bind the driver's sockets to loopback from now on, in the whole process.

    A reader's socket gets a port of its own; a tag's gets the agreed one, after which `on_listening` is
    called.
    """

    def create(device: Any) -> None:
        if device.socket is None:
            device.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            device.sent_data = device.rcvd_data = 0
            if on_listening is None:
                device.socket.bind((HOST, 0))

    def bind(device: Any, _: float) -> bool:
        try:
            device.socket.bind((HOST, device.addr[1]))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        if on_listening is not None:
            on_listening()
        return True

    nfc.clf.udp.Device._create_socket = create
    nfc.clf.udp.Device._bind_socket = bind
