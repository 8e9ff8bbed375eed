"""The embedded upstream: the two documented endpoints of the loyalty platform, over real HTTP."""
