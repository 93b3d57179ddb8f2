"""How the tasks are weighted against each other: a class a file."""
