"""Mutations over real HTTP: what reaches the platform, and what clients get."""
