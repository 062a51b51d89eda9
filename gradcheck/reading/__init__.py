"""Reading: a saved report becomes records again."""
