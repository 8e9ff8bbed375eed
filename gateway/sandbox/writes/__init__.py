"""Enrolling, issuing and revoking: state that the customer view shows at once."""
