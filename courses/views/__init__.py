"""Pages of courses. A view reads, calls one action, and answers."""
