"""References: numbers by which a matter is found, and the channels that gather their threads."""
