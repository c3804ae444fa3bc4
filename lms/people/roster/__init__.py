"""Rosters: reading a file into lines, naming its columns, reading its cells. No ORM here."""
