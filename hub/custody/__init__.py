"""Banks, compartments, assignment and the chain of custody."""
