"""A whole shop on loopback that behaves like the platform: for the demo, training and tests."""
