"""HTTP in, HTTP out: parse, call one function, shape the answer."""
