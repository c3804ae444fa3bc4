"""What changes quizzes: storing a pool, starting an attempt, saving an answer, handing in."""
