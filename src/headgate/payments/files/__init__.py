"""ACH files: name, bytes, hash and effective date fixed in the database before the first byte leaves; found and listed."""
