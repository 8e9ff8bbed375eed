"""The programs of the organisation."""
