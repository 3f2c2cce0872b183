package kms_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// lister is one listing operation: it returns the names on a page and the marker of the next.
type lister func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error)

// listers are all listing operations on a world where each has several items.
func (w world) listers(t *testing.T) map[string]lister {
	t.Helper()
	c := as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{Tags: []kms.Tag{{TagKey: "c"}, {TagKey: "b"}, {TagKey: "a"}}})
	for i := range 4 {
		w.create(t, kms.CreateKeyInput{})
		w.clock.Advance(day)
		w.alias(t, fmt.Sprintf("alias/%d", 4-i), m.KeyID)
		w.grant(t, m.KeyID, kms.CreateGrantInput{RetiringPrincipal: ptr(ownerRoot)})
		must[*kms.RotateKeyOnDemandOutput](t)(w.RotateKeyOnDemand(t.Context(), c, &kms.KeyInput{KeyID: &m.KeyID}))
	}
	return map[string]lister{
		"ListKeys": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			out, err := w.ListKeys(t.Context(), c, &kms.ListKeysInput{Limit: limit, Marker: marker})
			if err != nil {
				return nil, nil, false, err
			}
			name := func(k kms.KeyListEntry) string { return k.KeyID }
			return names(out.Keys, name), out.NextMarker, out.Truncated, nil
		},
		"ListAliases": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			out, err := w.ListAliases(t.Context(), c, &kms.ListAliasesInput{Limit: limit, Marker: marker})
			if err != nil {
				return nil, nil, false, err
			}
			name := func(a kms.AliasListEntry) string { return a.AliasName }
			return names(out.Aliases, name), out.NextMarker, out.Truncated, nil
		},
		"ListGrants": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			out, err := w.ListGrants(t.Context(), c, &kms.ListGrantsInput{KeyID: &m.ARN, Limit: limit, Marker: marker})
			if err != nil {
				return nil, nil, false, err
			}
			return names(out.Grants, grantID), out.NextMarker, out.Truncated, nil
		},
		"ListRetirableGrants": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			in := &kms.ListRetirableGrantsInput{RetiringPrincipal: &c.Caller.ARN, Limit: limit, Marker: marker}
			out, err := w.ListRetirableGrants(t.Context(), c, in)
			if err != nil {
				return nil, nil, false, err
			}
			return names(out.Grants, grantID), out.NextMarker, out.Truncated, nil
		},
		"ListResourceTags": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			in := &kms.ListResourceTagsInput{KeyID: &m.ARN, Limit: limit, Marker: marker}
			out, err := w.ListResourceTags(t.Context(), c, in)
			if err != nil {
				return nil, nil, false, err
			}
			return names(out.Tags, func(t kms.Tag) string { return t.TagKey }), out.NextMarker, out.Truncated, nil
		},
		"ListKeyRotations": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			in := &kms.ListKeyRotationsInput{KeyID: &m.ARN, Limit: limit, Marker: marker}
			out, err := w.ListKeyRotations(t.Context(), c, in)
			if err != nil {
				return nil, nil, false, err
			}
			name := func(r kms.RotationsListEntry) string { return r.KeyMaterialID }
			return names(out.Rotations, name), out.NextMarker, out.Truncated, nil
		},
		"ListKeyPolicies": func(c *wire.Call, limit *int, marker *string) ([]string, *string, bool, error) {
			in := &kms.ListKeyPoliciesInput{KeyID: &m.ARN, Limit: limit, Marker: marker}
			out, err := w.ListKeyPolicies(t.Context(), c, in)
			if err != nil {
				return nil, nil, false, err
			}
			return out.PolicyNames, out.NextMarker, out.Truncated, nil
		},
	}
}

func grantID(g kms.GrantListEntry) string { return g.GrantID }

func names[T any](items []T, name func(T) string) []string {
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = name(item)
	}
	return list
}

// Pages of every size put together are the whole list, in the same order.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, list := range w.listers(t) {
		whole, marker, truncated, err := list(as(ownerAccount), nil, nil)
		if err != nil || marker != nil || truncated {
			t.Fatalf("%s: got marker %v, truncated %v, error %v, want the whole list", name, marker, truncated, err)
		}
		if len(whole) < 3 && name != "ListKeyPolicies" {
			t.Errorf("%s: got %v, want several items", name, whole)
		}
		for limit := 1; limit <= len(whole)+1; limit++ {
			var all []string
			for marker = nil; ; {
				part, next, truncated, err := list(as(ownerAccount), &limit, marker)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if truncated != (next != nil) || len(part) > limit || truncated && len(part) != limit {
					t.Fatalf("%s by %d: got %d items, truncated %v, marker %v", name, limit, len(part), truncated, next)
				}
				if all = append(all, part...); !truncated {
					break
				}
				if marker = next; len(all) > len(whole) {
					t.Fatalf("%s by %d: got %v and more to come, want %v", name, limit, all, whole)
				}
			}
			if diff := cmp.Diff(whole, all); diff != "" {
				t.Errorf("%s by %d (-whole +pages):\n%s", name, limit, diff)
			}
		}
	}
}

// A marker is good for the listing and the account it came from.
func TestMarkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listers := w.listers(t)
	markers := map[string]string{"garbage": "garbage", "blank": " ", "base64": "AAAA"}
	for name, list := range listers {
		if _, marker, _, err := list(as(ownerAccount), ptr(1), nil); err != nil {
			t.Fatal(err)
		} else if marker != nil {
			markers[name] = *marker
		}
	}
	if len(markers) != 3+6 {
		t.Fatalf("got %d markers, want of all lists but policies, and three bad ones", len(markers))
	}
	for name, list := range listers {
		for from, marker := range markers {
			_, _, _, err := list(as(ownerAccount), nil, &marker)
			if name == from {
				if err != nil {
					t.Errorf("%s: its own marker is refused: %v", name, err)
				}
			} else if code(err) != "InvalidMarkerException" {
				t.Errorf("%s with the marker %s: got %v, want InvalidMarkerException", name, from, err)
			}
		}
	}
	marker := markers["ListKeys"]
	if _, _, _, err := listers["ListKeys"](as(foreignAccount), nil, &marker); code(err) != "InvalidMarkerException" {
		t.Errorf("marker of another account: got %v, want InvalidMarkerException", err)
	}
}

// What is added and removed between two pages does not shift the rest.
func TestPagesWhileKeysChange(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	var ids []string
	for range 4 {
		ids = append(ids, w.create(t, kms.CreateKeyInput{}).KeyID)
		w.clock.Advance(day)
	}
	first := must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, &kms.ListKeysInput{Limit: ptr(2)}))
	for _, id := range ids[1:3] { // the one the marker stands on, and the next
		in := &kms.ScheduleKeyDeletionInput{KeyID: &id, PendingWindowInDays: ptr(7)}
		must[*kms.ScheduleKeyDeletionOutput](t)(w.ScheduleKeyDeletion(t.Context(), c, in))
	}
	w.clock.Advance(7 * day)
	ids = append(ids, w.create(t, kms.CreateKeyInput{}).KeyID)
	rest := must[*kms.ListKeysOutput](t)(w.ListKeys(t.Context(), c, &kms.ListKeysInput{Marker: first.NextMarker}))
	got := names(slices.Concat(first.Keys, rest.Keys), func(k kms.KeyListEntry) string { return k.KeyID })
	if diff := cmp.Diff([]string{ids[0], ids[1], ids[3], ids[4]}, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}
