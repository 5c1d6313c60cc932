"""Banks, compartments, assignment, allocations, chain of custody."""

from hub.custody.allocations import (
    HUB,
    STAFF,
    UNKNOWN,
    Allocation,
    CustodyStep,
    NoAllocation,
    allocation,
    allocations_of,
    breach,
    chain_of,
    free,
    recipient,
    set_outcome,
    staff,
    transfer_custody,
)
from hub.custody.assignment import NothingFits, assign
from hub.custody.compartments import (
    Compartment,
    NoCompartment,
    bar,
    behind_door,
    compartment,
    compartment_of_door,
    compartments,
    door_of,
    set_door,
    set_occupancy,
    set_product,
    unbar,
)
from hub.custody.sync import CompartmentSpec, sync_compartments

__all__ = [
    "HUB", "STAFF", "UNKNOWN", "Allocation", "Compartment", "CompartmentSpec", "CustodyStep", "NoAllocation",
    "NoCompartment", "NothingFits", "allocation", "allocations_of", "assign", "bar", "behind_door", "breach",
    "chain_of", "compartment", "compartment_of_door", "compartments", "door_of", "free", "recipient",
    "set_door", "set_occupancy", "set_outcome", "set_product", "staff", "sync_compartments",
    "transfer_custody", "unbar",
]
