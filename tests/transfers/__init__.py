"""Transfers: many requests, one purpose."""
