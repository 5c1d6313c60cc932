"""REST, WebSocket and the local page."""
