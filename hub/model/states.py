"""States that have one name everywhere: in code, YAML, API, panel and docs (DESIGN section 3)."""

from __future__ import annotations

from enum import StrEnum


class Door(StrEnum):
    """What is known of a door. A closed door never proves an empty compartment."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


class Service(StrEnum):
    """Whether a compartment may be used."""

    IN_SERVICE = "in_service"
    BARRED = "barred"


class Hold(StrEnum):
    """How firmly a compartment is allocated."""

    FREE = "free"
    SOFT = "soft"
    HARD = "hard"


class Occupancy(StrEnum):
    """What is known of a compartment's content."""

    EMPTY = "empty"
    OCCUPIED = "occupied"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """Where a handover stands for the outside world."""

    CREATED = "created"
    RESERVED = "reserved"
    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


class AllocationOutcome(StrEnum):
    """How one allocation of a handover ended, or `pending`."""

    PENDING = "pending"
    RELEASED = "released"
    COLLECTED = "collected"
    REFUSED = "refused"
    LEFT = "left"


class Thermal(StrEnum):
    """Thermal class of a bank or item; never assumed."""

    AMBIENT = "ambient"
    REFRIGERATED = "refrigerated"
    FROZEN = "frozen"
    HEATED = "heated"


class Size(StrEnum):
    """Compartment and item sizes, smallest first."""

    S = "S"
    M = "M"
    L = "L"
    XL = "XL"

    @property
    def rank(self) -> int:
        """0 for the smallest."""
        return list(Size).index(self)


class Method(StrEnum):
    """How a credential is presented."""

    PIN = "pin"
    QR = "qr"
    BARCODE = "barcode"
    TAG = "tag"
    APP = "app"


class GrantKind(StrEnum):
    """How often a grant may be used."""

    SINGLE = "single"
    COUNTED = "counted"
    SESSION = "session"


class FaultKind(StrEnum):
    """The one fault vocabulary of every device class."""

    STUCK = "stuck"
    AJAR = "ajar"
    BREACH = "breach"
    JAM = "jam"
    SOLD_OUT = "sold_out"
    NO_DROP = "no_drop"
    MOTOR_FAULT = "motor_fault"
    SENSOR_DISAGREE = "sensor_disagree"
    OFFLINE = "offline"
    THERMAL_WARNING = "thermal_warning"
    THERMAL_BREACH = "thermal_breach"
    PROTOCOL_ERROR = "protocol_error"


class EvidenceLevel(StrEnum):
    """What proves an effect, weakest first."""

    ACK = "ack"
    CYCLE = "cycle"
    DOOR_SENSOR = "door_sensor"
    DROP_SENSOR = "drop_sensor"
    PERSON = "person"


class EffectKind(StrEnum):
    """A physical or money act, a look at a document, or a step of an integration."""

    OPEN = "open"
    DISPENSE = "dispense"
    AUTHORISE = "authorise"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"
    CHECK_AGE = "check_age"
    STEP = "step"


class Verdict(StrEnum):
    """A resolver's answer (rule S11)."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


class EffectState(StrEnum):
    """The life of an effect row. `intent` and `in_doubt` hold the lease."""

    INTENT = "intent"
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    IN_DOUBT = "in_doubt"
