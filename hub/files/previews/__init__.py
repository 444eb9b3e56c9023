"""Pictures, pages and text of foreign files, made where those files can do no harm."""
