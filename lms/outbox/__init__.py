"""Mail that neither vanishes nor doubles: occasions, messages, sending, sweeping. Knows people only as recipients."""
