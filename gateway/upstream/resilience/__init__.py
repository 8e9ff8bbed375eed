"""What stands between an endpoint and the network: limits, breakers, quotas, retries."""
