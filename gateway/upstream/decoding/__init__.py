"""Decoding JSON of the platform into typed structs, leniently and within bounds."""
