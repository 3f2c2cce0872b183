package wire

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
)

// A mismatchError says that a value has a form its member cannot take. Its text is meant for the client.
type mismatchError struct{ text string }

func (e *mismatchError) Error() string { return e.text }

func mismatch(format string, args ...any) error { return &mismatchError{fmt.Sprintf(format, args...)} }

// decode makes the operation's input from the request.
func (s *Server) decode(x *exchange) error {
	x.in = x.op.NewInput()
	in := reflect.ValueOf(x.in).Elem()
	var err error
	switch x.service.Protocol {
	case Query:
		err = decodeForm(x.form, in)
	case RESTJSON:
		if err = decodeJSON(x.body, in); err == nil {
			err = decodeURL(x, in)
		}
	default:
		err = decodeJSON(x.body, in)
	}
	var wrong *mismatchError
	if errors.As(err, &wrong) {
		code := "SerializationException"
		if x.service.Protocol == Query {
			code = "MalformedInput"
		}
		return &Fault{Code: code, Message: wrong.text, Status: http.StatusBadRequest}
	}
	if err != nil {
		return fmt.Errorf("decode %s: %w", x.call.Operation, err)
	}
	if t, ok := x.in.(Targeter); ok {
		x.call.Target = t.Target()
		x.record.set(func(rec *Record) { rec.Target = x.call.Target })
	}
	if c, ok := x.in.(Commander); ok {
		x.record.set(func(rec *Record) { rec.Command = c.Command() })
	}
	return nil
}

// decodeURL fills the fields tagged `path` and `query`. A []string takes every value of a repeated key, any other
// field the first.
func decodeURL(x *exchange, in reflect.Value) error {
	query, err := parseParams(x.r.URL.RawQuery)
	if err != nil {
		return mismatch("The query string contains a syntax error.")
	}
	for _, field := range reflect.VisibleFields(in.Type()) {
		to := in.FieldByIndex(field.Index)
		if name := field.Tag.Get("path"); name != "" {
			for i := 0; i < len(x.labels); i += 2 {
				if x.labels[i] == name {
					err = decodeText(x.labels[i+1], to)
				}
			}
		} else if name := field.Tag.Get("query"); name != "" {
			err = decodeValues(query.all(name), to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func decodeValues(values []string, to reflect.Value) error {
	if len(values) == 0 {
		return nil
	}
	if to.Kind() == reflect.Slice {
		to.Set(reflect.MakeSlice(to.Type(), len(values), len(values)))
		for i, v := range values {
			if err := decodeText(v, to.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return decodeText(values[0], to)
}

// decodeText sets a string, bool, number or a pointer to one from its text in a URL or form.
func decodeText(text string, to reflect.Value) error {
	switch to.Kind() {
	case reflect.Pointer:
		v := reflect.New(to.Type().Elem())
		to.Set(v)
		return decodeText(text, v.Elem())
	case reflect.String:
		to.SetString(text)
		return nil
	case reflect.Bool:
		if text != "true" && text != "false" {
			return mismatch("STRING_VALUE can not be converted to a Boolean")
		}
		to.SetBool(text == "true")
		return nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, to.Type().Bits())
		if err != nil {
			return mismatch("STRING_VALUE can not be converted to an Integer")
		}
		to.SetInt(n)
		return nil
	}
	return fmt.Errorf("cannot decode text to %s", to.Type())
}
