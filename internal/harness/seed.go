package harness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/iam"
)

// Seed is what there is to be from the start: users, roles, policies and access keys by account.
type Seed = iam.Seed

// ParseSeed reads a Seed from JSON. Unknown members are refused, so that a misspelt one does not pass for another. The
// error quotes no values: there may be secrets among them.
func ParseSeed(raw []byte) (Seed, error) {
	var seed Seed
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&seed)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			return Seed{}, errors.New("there is more after the JSON object")
		}
		return seed, nil
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return Seed{}, fmt.Errorf("not JSON at byte %d", syntax.Offset)
	}
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Seed{}, fmt.Errorf("%s: want %s", wrong.Field, wrong.Type)
	}
	return Seed{}, err
}
