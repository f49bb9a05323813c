"""Many at once, and what happens to machines: whatever comes, decisions stand."""
