"""How any service talks to Zoom."""
