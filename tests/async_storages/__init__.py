"""Tests of the storages for web programs."""
