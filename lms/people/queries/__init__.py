"""Reading people and the organization."""
