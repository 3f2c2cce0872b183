package harness_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/clock"
)

// Of key changes to several keys that are asked for at once, those to one key are taken. The others are told that a
// change runs, and leave nothing on their keys.
func TestKeyChangesAtOnce(t *testing.T) {
	t.Parallel()
	s := newTroubled(t, "own")
	if err := s.create(); err != nil {
		t.Fatal(err)
	}
	advance(t, s.h, 2*time.Second)
	keys := []string{s.next, makeKey(t, s.keys), makeKey(t, s.keys)}
	answers := make([]string, 4*len(keys))
	var asked sync.WaitGroup
	for i := range answers {
		asked.Go(func() { answers[i] = said(rekeyTo(t.Context(), s.ledgers, keys[i%len(keys)])) })
	}
	asked.Wait()
	_, won := status(t, s.ledgers, "orders")
	s.wantStatus("at once", types.EncryptionStatusUpdating, won)
	for i, answer := range answers {
		key := keys[i%len(keys)]
		switch {
		case key == won && answer == "ok":
		case key != won && strings.Contains(answer, "The ledger is already processing a KMS key change."):
		default:
			t.Errorf("to %s, while the ledger moves to %s: got %s", key, won, answer)
		}
	}
	advance(t, s.h, 2*time.Minute)
	s.wantStatus("afterwards", types.EncryptionStatusEnabled, won)
	for _, key := range append(keys, s.first) {
		want := 0
		if key == won {
			want = 1
		}
		wantGrants(t, s.keys, key, want)
	}
}

// The clock is set, back or forth, while clients are served and a key change runs: what was written is there, more can
// be written, the change ends, an unusable key is noticed in time, and a digest from before proves what it should.
func TestClockIsSetDuringAKeyChange(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	for name, by := range map[string]time.Duration{
		"an hour back": -time.Hour, "a year back": -year, "an hour on": time.Hour, "a year on": year,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t.TempDir())
			c := clock.NewFrozen(start)
			cfg.Clock = c
			h, server := open(t, cfg)
			s := (&troubled{t: t, h: h, cfg: sdk(h, server, "eu-west-2")}).withKeys()
			if err := s.create(); err != nil {
				t.Fatal(err)
			}
			advance(t, h, 2*time.Second)
			driver := newDriver(t, s.cfg, "orders") // keeps its sessions
			execute(t, driver, "CREATE TABLE Test")
			s.insert(0)
			digest, err := s.ledgers.GetDigest(t.Context(), &qldb.GetDigestInput{Name: aws.String("orders")})
			if err != nil {
				t.Fatal(err)
			}
			if err := rekeyTo(t.Context(), s.ledgers, s.next); err != nil {
				t.Fatal(err)
			}
			c.Set(c.Now().Add(by))
			if err := insert(t.Context(), driver, 1); err != nil {
				t.Errorf("insert: %v", err)
			}
			s.settle("the key change", s.next, s.first)
			if err := disableKey(s, s.next); err != nil {
				t.Fatal(err)
			}
			advance(t, h, 5*time.Second)
			s.wantStatus("disabled", types.EncryptionStatusKmsKeyInaccessible, s.next)
			if err := insert(t.Context(), driver, -1); !strings.Contains(said(err), impairedText) {
				t.Errorf("insert without the key: got %s", said(err))
			}
			if err := enableKey(s, s.next); err != nil {
				t.Fatal(err)
			}
			advance(t, h, 5*time.Second)
			s.insert(2)
			if got := execute(t, driver, "SELECT * FROM Test"); got != 3 {
				t.Errorf("documents: got %d, want 3", got)
			}
			proveRecord(t, s.cfg, 0, digest)
			proveRecord(t, s.cfg, 2, nil)
		})
	}
}

// While the key changes callers need the former key, on which the data still depends; from then on, the new one.
func TestCallersDuringAKeyChange(t *testing.T) {
	t.Parallel()
	c := newCast(t)
	open, shut := c.key(keyPolicy(throughQLDB, to(readerARN, "kms:Decrypt"))), c.key(keyPolicy(throughQLDB))
	c.ledger(open)
	c.may("reader", allowed("qldb:*", "*"))
	ledgers := qldb.NewFromConfig(c.root())
	read := func() error { return c.run(c.as("reader"), "SELECT * FROM Test") }
	for _, next := range []string{shut, open} {
		if err := rekeyTo(t.Context(), ledgers, next); err != nil {
			t.Fatal(err)
		}
		wantStatus(t, ledgers, types.EncryptionStatusUpdating, next)
		during := read()
		advance(t, c.h, 3*time.Second)
		wantStatus(t, ledgers, types.EncryptionStatusEnabled, next)
		after := read()
		if next == open {
			during, after = after, during
		}
		want(t, "under the key that the role may use", during, "ok")
		wantKeyDenied(t, "under the other", after)
	}
}
