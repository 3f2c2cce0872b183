package merkle_test

import (
	"encoding/base64"
	"testing"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/merkle"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/ion"
)

func sums(t *testing.T, texts ...string) []merkle.Hash {
	t.Helper()
	list := make([]merkle.Hash, len(texts))
	for i, text := range texts {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(b) != len(list[i]) {
			t.Fatalf("%q is no hash: %v", text, err)
		}
		list[i] = merkle.Hash(b)
	}
	return list
}

// Blocks that the service wrote: the AWS CLI reference, get-block; the test data of the samples for QLDB streams.
func TestServiceEntries(t *testing.T) {
	t.Parallel()
	for name, block := range map[string][]merkle.Hash{
		"CLI reference": sums(t,
			"eRSwnmAM7WWANWDd5iGOyK+T4tDXyzUq6HZ/0fgLHos=", "mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg=",
			"y5cCBr7pOAIUfsVQ1j0TqtE97b4b4oo1R0vnYyE5wWM=", "TvTXygML1bMe6NvEZtGkX+KR+W/EJl4qD1mmV77KZQg=",
			"l05LOsiKV14SDbuaYnH7uwXzUvqzIwUiRLXGbTyj/nY=", "7kewBXhpdbClcZKxhVmpoMHpUGOJtWQD0iY2LPfZkYA=",
			"NoChM92yKRuJAb/jeLd1VnYn4DHiWIf071ACfic9uHc="),
		"stream sample": sums(t,
			"LmcGQjLlfScQQxbzaoglEpXpeN9bp7I/QUk690ncEpk=", "vJFOcsNRM14gsIBSEnwPhMVgRAWf/4EUW5gPYbtmDv0=",
			"KXJrG8t/KePERHasyztlv4kZPol4Q2buhWmy7iJrsiY=", "Lz3XWBwtWyBA/Lhj+UoLhbajPQ8Mk9N4j0HJlrm2OTg=",
			"RNGQGcOKCGLCo5S+hs1eboanNrocIzRiqzzq1s99G/Q=", "pV28aszpqJH9LOO9oMsACDmXfdzdEW7HYxzuQVIjSDU=",
			"lu425dAWsmvzxuNHTbn4ID4mLo0bWKkjLP2Uel4wrPQ="),
	} {
		list, entriesHash, previous, blockHash := block[:4], block[4], block[5], block[6]
		if got, _ := merkle.Root(list); got != entriesHash {
			t.Errorf("%s: got entriesHash %x, want %x", name, got, entriesHash)
		}
		if got := ion.Dot(entriesHash, previous); got != blockHash {
			t.Errorf("%s: got blockHash %x, want %x", name, got, blockHash)
		}
	}
}

// The proof that get-revision gave goes on from the path among the entries.
func TestServicePath(t *testing.T) {
	t.Parallel()
	list := sums(t,
		"eRSwnmAM7WWANWDd5iGOyK+T4tDXyzUq6HZ/0fgLHos=", "mHVex/yjHAWjFPpwhBuH2GKXmKJjK2FBa9faqoUVNtg=",
		"y5cCBr7pOAIUfsVQ1j0TqtE97b4b4oo1R0vnYyE5wWM=", "TvTXygML1bMe6NvEZtGkX+KR+W/EJl4qD1mmV77KZQg=")
	got, err := merkle.Path(list, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := "[{{eRSwnmAM7WWANWDd5iGOyK+T4tDXyzUq6HZ/0fgLHos=}},{{VV1rdaNuf+yJZVGlmsM6gr2T52QvBO8Lg+KgpjcnWAU=}}]"
	if text := merkle.Ion(got).String(); text != want {
		t.Errorf("got %s, want %s", text, want)
	}
}
