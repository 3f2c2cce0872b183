package journal_test

import (
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

func TestContentTypes(t *testing.T) {
	t.Parallel()
	for format, want := range map[journal.Format]string{
		"": "text/plain", journal.IonText: "text/plain", journal.IonBinary: "application/octet-stream",
		journal.JSON: "application/json",
	} {
		if got := format.ContentType(); got != want {
			t.Errorf("%q: got %s, want %s", format, got, want)
		}
	}
}
