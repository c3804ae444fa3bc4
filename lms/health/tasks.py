from celery import shared_task


@shared_task
def pulse() -> None:
    """Beat rings for this; that a worker ran it proves the whole way."""
    from lms.health.actions import note_answered

    note_answered()


@shared_task
def pulse_mail() -> None:
    """Beat rings for this; a worker tries the mail line out. Nothing is sent."""
    from lms.health.actions import try_mail

    try_mail()
