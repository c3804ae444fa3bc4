"""Due dates as calendar entries (RFC 5545). Pure: facts in, bytes out."""
