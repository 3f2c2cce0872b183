package validate

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
)

var tableName = pattern(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)

// TableName accepts the name of a table that a user may make.
//
// Source: QLDB PartiQL reference, "CREATE TABLE", Naming.
func TableName() validator.String {
	return text{
		allowed: `1 to 128 letters, digits and underscores, with no digit first and without the prefix "_ql_"`,
		valid:   func(s string) bool { return tableName(s) && !strings.HasPrefix(strings.ToLower(s), "_ql_") },
	}
}

// FieldName accepts the name of a top-level field of a document.
//
// Source: QLDB developer guide, "Quotas", indexed field.
func FieldName() validator.String {
	return text{
		allowed: "the name of a top-level field: 1 to 128 characters",
		valid: func(s string) bool {
			n := utf8.RuneCountInString(s)
			return n >= 1 && n <= 128 && utf8.ValidString(s)
		},
	}
}

var uniqueID = pattern(`^[A-Za-z0-9]{22}$`)

// UniqueID accepts an id that QLDB makes: of a table, an index, a document, a transaction.
//
// Source: QLDB developer guide, "Unique IDs in Amazon QLDB".
func UniqueID() validator.String {
	return text{allowed: "an id of QLDB: 22 letters and digits", valid: uniqueID}
}
