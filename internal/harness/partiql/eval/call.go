package eval

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/partiql/ast"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

// functions take arguments none of which is unknown: such a call is NULL. plan has checked their number.
//
// Source: Amazon QLDB Developer Guide, "PartiQL functions in Amazon QLDB".
var functions = map[string]func(*ast.Call, []value) (value, error){
	"CHAR_LENGTH":      charLength,
	"CHARACTER_LENGTH": charLength,
	"LOWER":            func(c *ast.Call, a []value) (value, error) { return mapText(c, a, strings.ToLower) },
	"UPPER":            func(c *ast.Call, a []value) (value, error) { return mapText(c, a, strings.ToUpper) },
	"SUBSTRING":        substring,
	"TRIM":             trim,
	"SIZE":             size,
	"DATE_ADD":         dateAdd,
	"DATE_DIFF":        dateDiff,
	"EXTRACT":          extract,
	"TO_STRING":        toString,
	"TO_TIMESTAMP":     toTimestamp,
}

func (r *run) call(c *ast.Call) (value, error) {
	args, err := r.evalAll(c.Args)
	if err != nil {
		return missing, err
	}
	switch c.Func {
	case "UTCNOW":
		return of(r.env.Now.Value()), nil
	case "TXID":
		return of(ion.String(r.env.TxID)), nil
	case "COALESCE":
		for _, v := range args {
			if !v.unknown() {
				return v, nil
			}
		}
		return null, nil
	case "NULLIF":
		if args[0].unknown() || isTrue(equal(args[0], args[1])) {
			return null, nil
		}
		return args[0], nil
	case "EXISTS":
		return exists(c, args[0])
	}
	f, ok := functions[c.Func]
	if !ok {
		return missing, fault(c.Pos, "no such function %s", c.Func)
	}
	if _, ok := anyUnknown(args...); ok {
		return null, nil
	}
	return f(c, args)
}

func exists(c *ast.Call, v value) (value, error) {
	if v.kind == absent {
		return missing, fault(c.Pos, "EXISTS does not take MISSING")
	}
	return boolean((v.isSequence() || v.is(ion.StructType)) && v.ion.Len() > 0), nil
}

// text is argument i, which must be a string or a symbol.
func text(c *ast.Call, args []value, i int) (string, error) {
	if !args[i].isText() {
		return "", fault(c.Args[i].Position(), "%s takes a string, not %s", c.Func, args[i].typeName())
	}
	return args[i].ion.Text(), nil
}

// whole is argument i, which must be an integer that int64 holds.
func whole(c *ast.Call, args []value, i int) (int64, error) {
	n, ok := args[i].ion.Int64()
	if !ok {
		return 0, fault(c.Args[i].Position(), "%s takes an integer, not %s", c.Func, args[i].typeName())
	}
	return n, nil
}

func stamp(c *ast.Call, args []value, i int) (ion.Timestamp, error) {
	if !args[i].is(ion.TimestampType) {
		return ion.Timestamp{}, fault(c.Args[i].Position(), "%s takes a timestamp, not %s", c.Func, args[i].typeName())
	}
	return args[i].ion.Timestamp(), nil
}

func charLength(c *ast.Call, args []value) (value, error) {
	s, err := text(c, args, 0)
	return of(ion.Int(int64(utf8.RuneCountInString(s)))), err
}

func mapText(c *ast.Call, args []value, f func(string) string) (value, error) {
	s, err := text(c, args, 0)
	if err != nil {
		return missing, err
	}
	return of(ion.String(f(s))), nil
}

// substring counts characters from 1. A start before 1 uses up part of the length.
func substring(c *ast.Call, args []value) (value, error) {
	s, err := text(c, args, 0)
	if err != nil {
		return missing, err
	}
	start, err := whole(c, args, 1)
	if err != nil {
		return missing, err
	}
	runes := []rune(s)
	end := int64(math.MaxInt64)
	if len(args) == 3 {
		length, err := whole(c, args, 2)
		if err != nil {
			return missing, err
		}
		if length < 0 {
			return missing, fault(c.Pos, "SUBSTRING does not take a negative length")
		}
		if start < 0 || length <= math.MaxInt64-start {
			end = start + length
		}
	}
	from := min(max(start, 1)-1, int64(len(runes)))
	to := min(max(end-1, from), int64(len(runes)))
	return of(ion.String(string(runes[from:to]))), nil
}

func trim(c *ast.Call, args []value) (value, error) {
	s, err := text(c, args, 0)
	if err != nil {
		return missing, err
	}
	chars := " "
	if len(args) == 2 {
		if chars, err = text(c, args, 1); err != nil {
			return missing, err
		}
	}
	switch c.Part {
	case "leading":
		s = strings.TrimLeft(s, chars)
	case "trailing":
		s = strings.TrimRight(s, chars)
	default:
		s = strings.Trim(s, chars)
	}
	return of(ion.String(s)), nil
}

func size(c *ast.Call, args []value) (value, error) {
	v := args[0]
	if !v.isSequence() && !v.is(ion.StructType) {
		return missing, fault(c.Pos, "SIZE takes a collection or a struct, not %s", v.typeName())
	}
	return of(ion.Int(int64(v.ion.Len()))), nil
}
