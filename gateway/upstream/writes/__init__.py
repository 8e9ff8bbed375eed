"""What a customer can do: enrolling, issuing and withdrawing, each sent once."""
