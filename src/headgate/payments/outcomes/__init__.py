"""What became of a payment or a debit: the settlement event written once, its money, and what was never heard of."""
