"""Running what the guard accepts in a database made for it and dropped afterwards, and comparing before and after."""
