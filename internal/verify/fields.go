package verify

import "github.com/qldbkms/terraform-provider-qldbkms/internal/ion"

// fields takes the fields of a struct, each once. The first thing wrong stays; that of a nested struct as well, once
// the outer one is closed.
type fields struct {
	what   string
	value  ion.Value
	taken  int
	inside []*fields
	err    error
}

func read(what string, data []byte, limits ion.Options) *fields {
	v, err := ion.DecodeOne(data, limits)
	if err != nil {
		return &fields{what: what, err: &FormatError{What: what, Reason: "is not Ion", Err: err}}
	}
	return open(what, v)
}

func open(what string, v ion.Value) *fields {
	f := &fields{what: what, value: v}
	if !isStruct(v) || len(v.Annotations()) > 0 {
		f.refuse("is not a plain struct")
	}
	return f
}

func isStruct(v ion.Value) bool { return v.Type() == ion.StructType && !v.IsNull() }

func (f *fields) child(what string, v ion.Value) *fields {
	c := open(what, v)
	f.inside = append(f.inside, c)
	return c
}

func (f *fields) nested(name string) *fields { return f.child(name, f.need(name)) }

func (f *fields) refuse(reason string) {
	if f.err == nil {
		f.err = &FormatError{What: f.what, Reason: reason}
	}
}

// close also refuses fields that were not taken: unknown ones, and the second of two with one name.
func (f *fields) close() error {
	if f.err == nil && f.taken != f.value.Len() {
		f.refuse("has unknown or repeated fields")
	}
	for _, c := range f.inside {
		if err := c.close(); err != nil && f.err == nil {
			f.err = err
		}
	}
	return f.err
}

func (f *fields) has(name string) bool {
	_, ok := f.value.Field(name)
	return ok
}

func (f *fields) take(name string) (ion.Value, bool) {
	v, ok := f.value.Field(name)
	if ok {
		f.taken++
	}
	return v, ok
}

func (f *fields) need(name string) ion.Value {
	v, ok := f.take(name)
	if !ok {
		f.refuse("has no " + name)
	}
	return v
}

func (f *fields) list(name string) []ion.Value {
	v := f.need(name)
	if v.Type() != ion.ListType || v.IsNull() {
		f.refuse("has no list in " + name)
		return nil
	}
	return v.Items()
}

func (f *fields) hash(name string) hash { return f.hashOf(name, f.need(name)) }

func (f *fields) hashOf(name string, v ion.Value) hash {
	b := v.Bytes()
	if v.Type() != ion.BlobType || len(b) != len(hash{}) || len(v.Annotations()) > 0 {
		f.refuse("has no blob of 32 bytes in " + name)
		return hash{}
	}
	return hash(b)
}
