"""Charts as numbers: where each line, bar and word of a drawing stands. Pure; the templates of ``courses/charts`` print them as SVG."""
