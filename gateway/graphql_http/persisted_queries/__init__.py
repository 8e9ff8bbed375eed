"""Operations that a request names instead of sending them: automatic ones, and trusted ones."""
