"""Banks, compartments, assignment, allocations, assets, found items, chain of custody."""

from hub.custody.allocations import (
    Allocation,
    CustodyStep,
    NoAllocation,
    allocation,
    allocations_of,
    breach,
    chain_of,
    free,
    harden,
    set_outcome,
    transfer_custody,
)
from hub.custody.asset_sync import AssetSpec, sync_assets
from hub.custody.assets import (
    GOOD,
    Asset,
    AssetState,
    NoAsset,
    asset,
    asset_of_code,
    assets,
    assets_in,
    extend_due,
    free_asset,
    move_asset,
    overdue_assets,
    set_due,
)
from hub.custody.assignment import Part, assign, assign_all
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
from hub.custody.displacing import Moved, reassign
from hub.custody.fitting import Counts, NothingFits
from hub.custody.found import Found, declare_empty, found_in, found_items, record_found
from hub.custody.parties import HUB, STAFF, UNKNOWN, depositor, party, person_of, recipient, staff
from hub.custody.sync import CompartmentSpec, sync_compartments

__all__ = [
    "GOOD", "HUB", "STAFF", "UNKNOWN", "Allocation", "Asset", "AssetSpec", "AssetState", "Compartment",
    "CompartmentSpec", "Counts", "CustodyStep", "Found", "Moved", "NoAllocation", "NoAsset",
    "NoCompartment", "NothingFits", "Part", "allocation", "allocations_of", "asset", "asset_of_code",
    "assets", "assets_in", "assign", "assign_all", "bar", "behind_door", "breach", "chain_of",
    "compartment", "compartment_of_door", "compartments", "declare_empty", "depositor", "door_of",
    "extend_due", "found_in", "found_items", "free", "free_asset", "harden", "move_asset", "overdue_assets",
    "party", "person_of", "reassign", "recipient", "record_found", "set_door", "set_due", "set_occupancy",
    "set_outcome", "set_product", "staff", "sync_assets", "sync_compartments", "transfer_custody", "unbar",
]
