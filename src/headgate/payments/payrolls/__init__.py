"""Payrolls: committed through the gate as their engine computed them, waiting for funds, split, queued for the day they are due."""
