"""The diseases by family; each file is a table of patterns and of the code that cures them."""
