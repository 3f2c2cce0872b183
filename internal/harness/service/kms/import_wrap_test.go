package kms_test

import (
	"bytes"
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/kms"
)

// wrapAES is the sending side of RFC 5649 section 4.1, written from the text alone so that it can disagree with the
// code under test.
func wrapAES(t *testing.T, kek, material []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	a := append([]byte{0xa6, 0x59, 0x59, 0xa6}, binary.BigEndian.AppendUint32(nil, uint32(len(material)))...)
	p := append(bytes.Clone(material), make([]byte, (8-len(material)%8)%8)...)
	n := len(p) / 8
	if n == 1 {
		out := append(a, p...)
		block.Encrypt(out, out)
		return out
	}
	for j := range 6 {
		for i := 1; i <= n; i++ {
			b := append(bytes.Clone(a), p[(i-1)*8:i*8]...)
			block.Encrypt(b, b)
			for k := range 8 {
				a[k] = b[k] ^ byte(uint64(n*j+i)>>(56-8*k))
			}
			copy(p[(i-1)*8:], b[8:])
		}
	}
	return append(a, p...)
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Source: RFC 5649 section 6.
func TestUnwrapAESVectors(t *testing.T) {
	t.Parallel()
	const kek = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
	for _, v := range []struct{ material, wrapped string }{
		{
			"c37b7e6492584340bed12207808941155068f738",
			"138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		},
		{"466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"},
	} {
		got, err := kms.UnwrapAES(unhex(t, kek), unhex(t, v.wrapped))
		if err != nil || hex.EncodeToString(got) != v.material {
			t.Errorf("got %x, %v, want %s", got, err, v.material)
		}
		if got := wrapAES(t, unhex(t, kek), unhex(t, v.material)); hex.EncodeToString(got) != v.wrapped {
			t.Errorf("got %x, want %s", got, v.wrapped)
		}
	}
}

func TestUnwrapAES(t *testing.T) {
	t.Parallel()
	kek := bytes.Repeat([]byte{9}, 32)
	for _, n := range []int{1, 7, 8, 9, 15, 16, 17, 32, 121, 2374} {
		material := bytes.Repeat([]byte{byte(n)}, n)
		wrapped := wrapAES(t, kek, material)
		got, err := kms.UnwrapAES(kek, wrapped)
		if err != nil || !bytes.Equal(got, material) {
			t.Fatalf("%d bytes: got %x, %v", n, got, err)
		}
		if n > 200 {
			continue
		}
		for i := range wrapped {
			bad := bytes.Clone(wrapped)
			bad[i] ^= 1
			if got, err := kms.UnwrapAES(kek, bad); err == nil {
				t.Errorf("%d bytes, byte %d changed: got %x, want an error", n, i, got)
			}
		}
		for cut := range wrapped {
			if got, err := kms.UnwrapAES(kek, wrapped[:cut]); err == nil {
				t.Errorf("%d bytes, cut at %d: got %x, want an error", n, cut, got)
			}
		}
	}
}

// Padding that is not zero and lengths that do not belong to the last block are refused although the initial value
// is right.
func TestUnwrapAESBadPadding(t *testing.T) {
	t.Parallel()
	kek := bytes.Repeat([]byte{9}, 32)
	block, err := aes.NewCipher(kek)
	if err != nil {
		t.Fatal(err)
	}
	for name, plain := range map[string]string{
		"padding":       "a65959a600000007" + "0102030405060701",
		"no length":     "a65959a600000000" + "0000000000000000",
		"too long":      "a65959a600000009" + "0102030405060708",
		"huge":          "a65959a6ffffffff" + "0102030405060708",
		"initial value": "a65959a700000007" + "0102030405060700",
	} {
		wrapped := unhex(t, plain)
		block.Encrypt(wrapped, wrapped)
		if got, err := kms.UnwrapAES(kek, wrapped); err == nil {
			t.Errorf("%s: got %x, want an error", name, got)
		}
	}
}

func FuzzUnwrapAES(f *testing.F) {
	kek := bytes.Repeat([]byte{9}, 32)
	f.Add([]byte{})
	f.Add(make([]byte, 16))
	f.Add(make([]byte, 6152))
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		if got, err := kms.UnwrapAES(kek, wrapped); err == nil && !bytes.Equal(wrapAES(t, kek, got), wrapped) {
			t.Errorf("%x opens to %x, which does not wrap to it", wrapped, got)
		}
	})
}
