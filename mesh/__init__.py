"""What every service runs on. Knows none of them."""
