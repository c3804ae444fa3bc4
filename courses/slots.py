"""What the protocol slots are called on pages."""

from typing import NamedTuple


class SlotWords(NamedTuple):
    """``title`` as a heading, ``asks`` what a site writes there."""

    title: str
    asks: str


_SLOTS = {
    "privacy": SlotWords(
        "Privacy at your site",
        "Who may take messages, where written consents are kept, and who answers questions from police, courts or the press.",
    ),
    "escalation": SlotWords(
        "Whom to call at your site",
        "The numbers of the nurse, the clinician on call and the supervisor, and when to use which.",
    ),
    "overdose": SlotWords(
        "Overdose response at your site", "Where naloxone is kept, who may give it, and what to do until help arrives."
    ),
}


def slot_words(slot: str) -> SlotWords:
    """The words of a slot; a slot that has none of its own is called by its name."""
    return _SLOTS.get(slot) or SlotWords(slot.replace("-", " ").capitalize(), "What your site says about this.")
