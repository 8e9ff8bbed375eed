"""From JSON bytes to typed structs, leniently and within bounds."""
