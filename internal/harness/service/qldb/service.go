// Package qldb serves the control plane of Amazon QLDB.
package qldb
