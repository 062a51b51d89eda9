"""Functions to point gradcheck at; each says in its docstring what the scan prints."""
