"""An HTTP/1.1 client of one origin over asyncio and httptools, independent of the gateway."""
