from gateway.execution.encoding import encode


def test_an_integer_of_any_size_is_encoded() -> None:
    """A JSON scalar may hold an integer of more than 64 bits: it keeps its digits."""
    assert encode({"big": 2**70, "less": -(2**70)}) == (
        b'{"big":1180591620717411303424,"less":-1180591620717411303424}'
    )
