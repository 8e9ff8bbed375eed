"""What is remembered, and what is asked once: keys, coalescing, two levels. Knows no promotions."""
