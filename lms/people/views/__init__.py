"""Pages of people and the organization."""
