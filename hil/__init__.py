"""The hardware-in-the-loop rig: what stands between a hub and its devices to watch and disturb the wire."""
