"""Reading courses: what is due, how far, who is trained. Named after the question or the page."""
