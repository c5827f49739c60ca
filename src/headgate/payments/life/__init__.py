"""The whole life of one instruction, told from its facts, with the reasons of what holds it."""
