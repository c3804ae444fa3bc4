"""Forms of the coordinator's pages, the invitation and the profile. They check and carry; actions change."""
