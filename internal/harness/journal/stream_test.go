package journal_test

import (
	"crypto/md5"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/journal"
)

// TestAggregate spells out the bytes that the Kinesis libraries take apart.
func TestAggregate(t *testing.T) {
	t.Parallel()
	got := journal.Aggregate([]journal.KinesisRecord{
		{PartitionKey: "key one", Data: []byte("first")}, {PartitionKey: "key two", Data: make([]byte, 300)},
	})
	message := "\x0a\x07key one" + "\x0a\x07key two" +
		"\x1a\x09" + "\x08\x00" + "\x1a\x05first" +
		"\x1a\xb1\x02" + "\x08\x01" + "\x1a\xac\x02" + string(make([]byte, 300))
	sum := md5.Sum([]byte(message))
	want := "\xf3\x89\x9a\xc2" + message + string(sum[:])
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("aggregate (-want +got):\n%s", diff)
	}
}
