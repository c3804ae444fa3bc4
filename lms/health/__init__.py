"""Is it running, may it serve, does work get done? Three addresses under /health/ for a monitor; nothing for people."""
