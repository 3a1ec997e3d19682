package policy

// More returns the values of the keys that a Context has no place for.
func More(c *Context) map[string][]string { return c.more }
