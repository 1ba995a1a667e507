"""Tests of aios3.protocol, which needs no server: bytes in, values out."""
