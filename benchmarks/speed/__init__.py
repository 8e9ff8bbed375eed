"""The parts of `bench.py`: workloads, servers, load, figures."""
