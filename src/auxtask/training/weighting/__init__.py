"""How the losses of the tasks become one: a class a file, all with `combine` and `weights`."""
