"""How an event is hashed."""

import datetime as dt
import hashlib
import hmac

from django.conf import settings

from lms.lib import canonical
from lms.record.models import TrainingEvent


def event_hash(event: TrainingEvent) -> str:
    """HMAC-SHA-256 under RECORD_KEY over all columns of the event but the hash itself."""
    text = canonical.dumps(
        [
            str(event.subject),
            event.seq,
            str(event.kind),
            event.schema,
            event.effective_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            event.recorded_at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
            event.actor,
            event.payload,
            event.prev,
        ]
    )
    return hmac.new(settings.RECORD_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
