package kms_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

// The form that tools recognise: base64 AQICAH.
func TestBlobPrefix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("x"), nil)
	if want := []byte{1, 2, 2, 0, 0x78}; !bytes.HasPrefix(blob, want) {
		t.Errorf("got blob %x..., want %x...", blob[:5], want)
	}
}

func TestParseBlobBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	arn := w.addKey(t, keyID, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
	blob := w.encrypt(t, keyID, []byte("x"), nil)
	if got, err := kms.ParseBlob(blob); err != nil || got != arn {
		t.Fatalf("got %q, %v, want %q", got, err, arn)
	}
	for _, n := range []uint16{0, 1, uint16(len(arn)) - 1, uint16(len(arn)) + 1, 160, 161, 0xffff} {
		bad := bytes.Clone(blob)
		binary.BigEndian.PutUint16(bad[54:], n)
		_, err := kms.ParseBlob(bad)
		wantFault(t, err, "InvalidCiphertextException", "")
	}
	_, err := kms.ParseBlob(append(bytes.Clone(blob), make([]byte, 6144)...))
	wantFault(t, err, "InvalidCiphertextException", "")
}

func FuzzParseBlob(f *testing.F) {
	f.Add([]byte{})
	f.Add(emptyBlob("arn:aws:kms:eu-west-2:" + ownerAccount + ":key/" + keyID))
	f.Add(append([]byte{1, 2, 2, 0, 0x78, 1}, make([]byte, 200)...))
	f.Add(append([]byte{1, 2, 2, 0, 0x78, 1}, bytes.Repeat([]byte{0xff}, 6144)...))
	f.Fuzz(func(t *testing.T, raw []byte) {
		arn, err := kms.ParseBlob(raw)
		if err != nil {
			wantFault(t, err, "InvalidCiphertextException", "")
			return
		}
		if len(arn) > 160 || !bytes.Contains(raw, []byte(arn)) {
			t.Errorf("got ARN %q, which the blob does not hold", arn)
		}
	})
}

// emptyBlob has the form of a blob of one zero byte under a key.
func emptyBlob(arn string) []byte {
	hash := sha256.Sum256([]byte(arn))
	b := append([]byte{1, 2, 2, 0, 0x78, 1}, hash[:16]...)
	b = append(b, make([]byte, 32)...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(arn)))
	b = append(b, arn...)
	return append(b, make([]byte, 32+12+1+16)...)
}
