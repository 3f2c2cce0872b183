package store_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// values is a Reader over a map.
type values map[string][]byte

func (v values) Get(key string) ([]byte, bool, error) {
	raw, found := v[key]
	return raw, found, nil
}

func (values) Scan(string, string, func(string, []byte) (bool, error)) error { return nil }

func TestMemoFollowsTheStore(t *testing.T) {
	t.Parallel()
	table := store.Table[[]int]{Prefix: "n/"}
	raw := []byte("[1]")
	held := values{"n/a": raw, "n/bad": []byte("{")}
	var memo store.Memo[[]int]
	first, found, err := memo.Get(table, held, "a")
	if err != nil || !found || (*first)[0] != 1 {
		t.Fatalf("got %v, %v, %v", first, found, err)
	}
	again, _, _ := memo.Get(table, held, "a")
	if again != first {
		t.Error("the same bytes were decoded twice")
	}
	held["n/a"] = []byte("[2]") // of the same length, elsewhere
	if changed, _, err := memo.Get(table, held, "a"); err != nil || (*changed)[0] != 2 {
		t.Errorf("after a change: got %v, %v, want [2]", changed, err)
	}
	delete(held, "n/a")
	if _, found, err := memo.Get(table, held, "a"); found || err != nil {
		t.Errorf("after a deletion: got %v, %v", found, err)
	}
	if _, found, err := memo.Get(table, held, "bad"); found || err == nil {
		t.Errorf("a value that does not decode: got %v, %v", found, err)
	}
}
