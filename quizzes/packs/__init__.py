"""What a surveyor pack is made of. Pure: no database, no clock, nothing but what is handed in."""
