"""What faces a socket: the ASGI application's routes, the server's limits and life-cycle."""
