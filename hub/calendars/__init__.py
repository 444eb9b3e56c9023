"""Tasks and meetings for programs elsewhere: CalDAV, files, and addresses to follow."""
