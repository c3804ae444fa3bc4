"""People and the organization: users, sites, teams, roles, invitations, and who may see whom."""
