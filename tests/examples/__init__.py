"""Tests of what people read first."""
