"""Days and weeks of a site on virtual time: the real engine and store, people, faults (DESIGN section 5)."""
