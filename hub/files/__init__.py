"""Files of a thread: how bytes become attachments with versions, and what is known of them."""
