"""What a bank sends back or says is wrong: returns by code, disputes, dishonours, refusals, notices of change, payment anew."""
