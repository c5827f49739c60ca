"""Evidence told: statements line by line, and the daily pull from every source of a bank."""
