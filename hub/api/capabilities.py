"""What devices can do. A driver implements one or more of these Protocols; deadlines are mandatory.

Acts follow one shape (DESIGN section 4). `baseline` is taken before the intent commits, from what the
driver has already seen (no I/O). The act method sends exactly once and returns a Receipt, or raises
NotSent, Rejected or InDoubt. `resolve` then awaits evidence until the deadline and answers CONFIRMED,
REFUTED or UNKNOWN (S11); the same method settles open intents after a restart.
Deadlines are on the monotonic scale unless they stand in an Intent.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from hub.model.effects import Intent, JsonMap, Rail, Receipt, Resolution
from hub.model.states import Door


@runtime_checkable
class LockBank(Protocol):
    """Doors that are opened one at a time."""

    @property
    def doors(self) -> tuple[str, ...]:
        """The names of the doors, as `site.yaml` writes them after the slash."""
        ...

    def door_state(self, door: str) -> Door:
        """The last known state; UNKNOWN without a sensor or a fresh reading."""
        ...

    def baseline(self, door: str) -> JsonMap:
        """What is known of the door now, to be stored with the intent."""
        ...

    async def open(self, intent: Intent, deadline: float) -> Receipt:
        """Pulse the lock of `intent.target` once."""
        ...

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """What became of `intent`, by the door sensor."""
        ...

    async def outputs_off(self) -> None:
        """Force all outputs off. Called at start and reconnect before anything is served."""
        ...

    async def release_now(self, door: str) -> None:
        """Emergency opening: no lease, no store, no approval (S12)."""
        ...


@runtime_checkable
class Dispenser(Protocol):
    """Slots that drop one unit per act."""

    def baseline(self, slot: str) -> JsonMap:
        """Counters and sensors now."""
        ...

    async def dispense(self, intent: Intent, deadline: float) -> Receipt:
        """Turn the motor of `intent.target` once."""
        ...

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """What became of `intent`."""
        ...


@runtime_checkable
class CashlessReader(Protocol):
    """A payment terminal on the site. One leg at a time.

    `target` of an authorise, capture or void intent is the leg id; `params` hold `amount` (minor
    units), `currency` and `item`. An approved amount may differ from the asked one: the CONFIRMED
    evidence of an authorise carries `amount` in minor units.
    """

    @property
    def rail(self) -> Rail:
        """What this terminal can do."""
        ...

    def baseline(self, leg_id: str) -> JsonMap:
        """The session state now."""
        ...

    async def authorise(self, intent: Intent, deadline: float) -> Receipt:
        """Ask the terminal for `params["amount"]`; the person may still have to present a medium."""
        ...

    async def capture(self, intent: Intent, deadline: float) -> Receipt:
        """Report the release: the money is taken. Repeatable until definite."""
        ...

    async def void(self, intent: Intent, deadline: float) -> Receipt:
        """Report the failure: the money goes back. Repeatable until definite."""
        ...

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """What became of `intent`. For a void, CONFIRMED needs proof of the refund."""
        ...

    async def cancel(self, leg_id: str) -> None:
        """Withdraw an authorise that is not yet decided; its `resolve` then ends."""
        ...


@runtime_checkable
class Refunds(Protocol):
    """A payment device or service that can pay back after a capture. Its `rail.refund` is then True."""

    async def refund(self, intent: Intent, deadline: float) -> Receipt:
        """Pay `params["amount"]` of the leg `intent.target` back. `params["refund"]` is the key by which
        repeats are one refund. Repeatable until definite; the driver's `resolve` then tells."""
        ...


@runtime_checkable
class CashAcceptor(Protocol):
    """Coins and notes."""

    async def accept(self, enabled: bool, deadline: float) -> None:
        """Enable or disable acceptance."""
        ...


@runtime_checkable
class CodeReader(Protocol):
    """Emits CodeRead."""

    @property
    def reads_codes(self) -> bool:
        """True."""
        ...


@runtime_checkable
class TagReader(Protocol):
    """Emits TagRead."""

    @property
    def reads_tags(self) -> bool:
        """True."""
        ...


@runtime_checkable
class Keypad(Protocol):
    """Emits KeysEntered."""

    @property
    def takes_keys(self) -> bool:
        """True."""
        ...


@runtime_checkable
class Thermometer(Protocol):
    """Emits TemperatureRead, and thermal faults by its limits."""

    @property
    def millicelsius(self) -> int | None:
        """The last reading, None before the first or when it is stale."""
        ...


@runtime_checkable
class Occupancy(Protocol):
    """Tells whether compartments hold something."""

    def occupied(self, compartment: str) -> bool | None:
        """None when not known."""
        ...


@runtime_checkable
class DigitalIO(Protocol):
    """Plain inputs and outputs: fire contact, key switch, lamp."""

    def input(self, name: str) -> bool | None:
        """None when not known."""
        ...

    async def output(self, name: str, on: bool, deadline: float) -> None:
        """Switch an output."""
        ...


@runtime_checkable
class AgeVerifier(Protocol):
    """Proves a minimum age."""

    async def verify(self, minimum: int, deadline: float) -> Resolution:
        """CONFIRMED when proved."""
        ...


@runtime_checkable
class Printer(Protocol):
    """Prints receipts and labels."""

    async def print_text(self, text: str, deadline: float) -> Receipt:
        """Print once."""
        ...


@runtime_checkable
class PaymentProvider(Protocol):
    """An online payment service, addressed by idempotency key."""

    @property
    def rail(self) -> Rail:
        """What the service can do."""
        ...

    async def resolve(self, intent: Intent, deadline: float) -> Resolution:
        """Query by our reference."""
        ...


@runtime_checkable
class Notifier(Protocol):
    """Delivers a message to a person. Delivery is at least once, keyed by the message's id."""

    async def notify(self, message: Message, deadline: float) -> None:
        """Deliver; raises NotReady to be asked again later, BadAuth or ConfigError to give up."""
        ...


@runtime_checkable
class OrderSource(Protocol):
    """Brings orders from elsewhere."""

    async def acknowledge(self, order_ref: str, deadline: float) -> None:
        """Confirm that an order was taken over."""
        ...


@runtime_checkable
class Directory(Protocol):
    """Looks people up by badge or name."""

    async def find(self, key: str, deadline: float) -> JsonMap | None:
        """What the directory knows, or None."""
        ...


class Message(Protocol):
    """An outgoing message with its text and, where a code is sent, the code's content."""

    @property
    def message_id(self) -> str:
        """Stable over repeats."""
        ...

    @property
    def to(self) -> JsonMap:
        """name, phone, email: whichever are known."""
        ...

    @property
    def subject(self) -> str:
        """One line."""
        ...

    @property
    def text(self) -> str:
        """The whole text."""
        ...

    @property
    def code(self) -> str | None:
        """What a QR picture must contain, or None."""
        ...

    @property
    def pin(self) -> str | None:
        """The PIN, or None."""
        ...


CAPABILITIES: dict[str, type] = {
    c.__name__: c
    for c in (
        LockBank, Dispenser, CashlessReader, CashAcceptor, CodeReader, TagReader, Keypad, Thermometer,
        Occupancy, DigitalIO, AgeVerifier, Printer, PaymentProvider, Notifier, OrderSource, Directory,
    )
}
