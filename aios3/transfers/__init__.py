"""Many requests, one purpose."""
