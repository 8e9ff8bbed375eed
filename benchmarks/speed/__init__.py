"""What `bench.py` is made of: workloads, servers, load, figures."""
