"""Work on foreign bytes, done where it can do no harm."""
