"""The one import of an integration: hooks, capabilities, driver base, lines, errors.

Everything a plugin may touch is named here; `hub.model` holds the vocabulary, `hub.api.sim` what a
simulator needs. Anything else is private.
"""

from hub.api.capabilities import (
    CAPABILITIES,
    AgeVerifier,
    CashAcceptor,
    CashlessReader,
    CodeReader,
    DigitalIO,
    Directory,
    Dispenser,
    Keypad,
    LockBank,
    Message,
    Notifier,
    Occupancy,
    OrderSource,
    PaymentProvider,
    Printer,
    Refunds,
    TagReader,
    Thermometer,
)
from hub.api.driver import DeviceContext, DeviceSetup, Driver
from hub.api.errors import (
    ActError,
    BadAuth,
    BadFrame,
    ConfigError,
    InDoubt,
    IntegrationError,
    LineBusy,
    LineDown,
    LineError,
    LineTimeout,
    ModbusRefusal,
    NotReady,
    NotSent,
    Rejected,
)
from hub.api.hookspecs import PROJECT, Hooks, hookimpl
from hub.api.lines import (
    ByteLine,
    Endpoint,
    FramedLine,
    Framer,
    LineParameters,
    ModbusUnit,
    Priority,
    Tap,
)
from hub.api.steps import StepDefinition
from hub.core.clock import Clock
from hub.core.entropy import Entropy

#: Raised by one when a plugin written against the older one would no longer work.
API_VERSION = 1

__all__ = [
    "API_VERSION", "CAPABILITIES", "PROJECT", "ActError", "AgeVerifier", "BadAuth", "BadFrame", "ByteLine",
    "CashAcceptor", "CashlessReader", "Clock", "CodeReader", "ConfigError", "DeviceContext", "DeviceSetup",
    "DigitalIO", "Directory", "Dispenser", "Driver", "Endpoint", "Entropy", "FramedLine", "Framer", "Hooks",
    "InDoubt", "IntegrationError", "Keypad", "LineBusy", "LineDown", "LineError", "LineParameters",
    "LineTimeout", "LockBank", "Message", "ModbusRefusal", "ModbusUnit", "NotReady", "NotSent", "Notifier",
    "Occupancy", "OrderSource", "PaymentProvider", "Printer", "Priority", "Refunds", "Rejected",
    "StepDefinition", "TagReader", "Tap", "Thermometer", "hookimpl",
]
