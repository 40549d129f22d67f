"""One training in memory: what decides it, the loop as a stream of events, and how good the network is."""
