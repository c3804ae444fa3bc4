"""Forms of the pages of courses. One page or group of pages a file."""
