"""Typed errors: the lifecycle and the act protocol of every driver."""

from __future__ import annotations


class IntegrationError(Exception):
    """Base of everything a driver may raise on purpose."""


class NotReady(IntegrationError):
    """The device does not answer yet: the hub tries again with growing delay and logs it once."""


class BadAuth(IntegrationError):
    """The device or service refuses our credentials: staff is told, nothing is retried."""


class ConfigError(IntegrationError):
    """The entry can never work as configured: it stops until the site is changed."""


class ActError(IntegrationError):
    """An act did not end with a receipt."""


class NotSent(ActError):
    """Provably, not one byte of the command left: resolves to REFUTED(not_sent)."""


class Rejected(ActError):
    """The device answered that it did not execute: resolves to REFUTED(reason)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InDoubt(ActError):
    """The command may or may not have been executed (timeout, bad checksum, device failure)."""


class LineError(IntegrationError):
    """Base of what can go wrong on a line."""


class LineDown(LineError):
    """The port is gone or could not be opened; nothing was sent."""


class LineTimeout(LineError):
    """No matching answer before the deadline; the frame was sent."""


class LineBusy(LineError):
    """The deadline passed while the frame still waited its turn; nothing was sent."""


class BadFrame(LineError):
    """An answer arrived with a wrong checksum or form; the frame was sent."""


class ModbusRefusal(IntegrationError):
    """The unit answered with an exception code (Modbus application protocol 1.1b3, section 7)."""

    def __init__(self, function: int, code: int) -> None:
        super().__init__(f"function {function:#04x} refused with exception {code:02d}")
        self.function = function
        self.code = code
