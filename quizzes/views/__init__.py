"""Pages of quizzes. A view reads, calls one action, and answers."""
