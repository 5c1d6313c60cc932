"""Clock, entropy, event bus, supervised tasks, command port, failpoints."""
