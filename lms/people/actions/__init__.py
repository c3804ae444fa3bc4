"""Changing people and the organization. Each action runs in one transaction and writes the training record in it."""
