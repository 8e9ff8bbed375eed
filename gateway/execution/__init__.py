"""An operation's life: parse, guard, run, encode."""
