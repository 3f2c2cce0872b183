package kms_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

func (w world) tags(t *testing.T, key string) []kms.Tag {
	t.Helper()
	in := &kms.ListResourceTagsInput{KeyID: &key}
	return must[*kms.ListResourceTagsOutput](t)(w.ListResourceTags(t.Context(), as(ownerAccount), in)).Tags
}

func TestTags(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	m := w.create(t, kms.CreateKeyInput{Tags: []kms.Tag{{TagKey: "z", TagValue: "1"}, {TagKey: "a"}}})
	add := &kms.TagResourceInput{KeyID: &m.KeyID, Tags: []kms.Tag{{TagKey: "a", TagValue: "2"}, {TagKey: "m"}}}
	empty(t)(w.TagResource(t.Context(), c, add))
	want := []kms.Tag{{TagKey: "z", TagValue: "1"}, {TagKey: "a", TagValue: "2"}, {TagKey: "m"}}
	if diff := cmp.Diff(want, w.tags(t, m.KeyID)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	remove := &kms.UntagResourceInput{KeyID: &m.KeyID, TagKeys: []string{"a", "never"}}
	empty(t)(w.UntagResource(t.Context(), c, remove))
	if diff := cmp.Diff([]kms.Tag{want[0], want[2]}, w.tags(t, m.KeyID)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if got := w.tags(t, w.create(t, kms.CreateKeyInput{}).KeyID); got == nil || len(got) != 0 {
		t.Errorf("a key without tags: got %v, want an empty list", got)
	}
}

// Fifty tags fit, also when they come in two parts; a refused TagResource changes nothing.
func TestTagLimit(t *testing.T) {
	t.Parallel()
	w, c := newWorld(t), as(ownerAccount)
	tags := make([]kms.Tag, 51)
	for i := range tags {
		tags[i] = kms.Tag{TagKey: fmt.Sprintf("t%02d", i)}
	}
	m := w.create(t, kms.CreateKeyInput{Tags: tags[:49]})
	_, err := w.TagResource(t.Context(), c, &kms.TagResourceInput{KeyID: &m.KeyID, Tags: tags[49:]})
	wantFault(t, err, "TagException", "Too many tags")
	if got := len(w.tags(t, m.KeyID)); got != 49 {
		t.Errorf("got %d tags after a refusal, want 49", got)
	}
	empty(t)(w.TagResource(t.Context(), c, &kms.TagResourceInput{KeyID: &m.KeyID, Tags: tags[:50]}))
	if diff := cmp.Diff(tags[:50], w.tags(t, m.KeyID)); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
}
