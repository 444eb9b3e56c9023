"""Tasks, meetings and what people are reminded of."""
