"""The transport, on real sockets: a scripted peer for faults, real servers and proxies for the rest."""
