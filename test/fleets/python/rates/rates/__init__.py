"""What an hour costs."""
