"""What the answers say about a question and a quiz. Pure: graded answers in, figures out; no ORM, no names.

Every figure is honest about its size: none below ``ENOUGH`` answers, an interval below ``MANY``.
"""

ENOUGH = 10
"""Fewer answers than this give no figure at all, and nothing that could show one person's answer."""
MANY = 100
"""Below this many answers a figure is shown with its 95 percent interval."""
THIRDS = 30
"""From this many answers on, a third of them is at least ENOUGH."""
