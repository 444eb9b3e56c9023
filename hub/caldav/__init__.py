"""Tasks and meetings for people's own calendar programs (RFC 4791)."""
