package query

// Check is check, for tables of statements.
func Check(statement string) string { return string(check(statement)) }
