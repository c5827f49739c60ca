"""What goes to a bank's folder and what comes from it: places, tries, acknowledgements, and what two people decide in doubt."""
