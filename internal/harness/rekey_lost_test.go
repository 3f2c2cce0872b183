package harness_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"
	"github.com/aws/aws-sdk-go-v2/service/qldb/types"
)

// A mishap makes a key unusable for a ledger.
type mishap struct {
	name   string
	happen func(s *troubled, key string) error
	undo   func(s *troubled, key string) error // nil: nothing does
}

// What QLDB says of a key that it cannot use; and KMS's default key policy, and one that refuses what grants allow.
const (
	impairedText = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
		"Restore the grant on the key for the ledger."
	openPolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + account + `:root"}, "Action": "kms:*", "Resource": "*"}]}`
	shutPolicy = `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::` + account + `:root"}, "Action": "kms:*", "Resource": "*"},
		{"Effect": "Deny", "Principal": "*", "Action": ["kms:Decrypt", "kms:Encrypt"], "Resource": "*"}]}`
)

func mishaps() []mishap {
	return []mishap{
		{"disabled", disableKey, enableKey},
		{"scheduled for deletion", scheduleDeletion, func(s *troubled, key string) error {
			if _, err := s.keys.CancelKeyDeletion(s.t.Context(), &kms.CancelKeyDeletionInput{KeyId: &key}); err != nil {
				return err
			}
			return enableKey(s, key)
		}},
		{"shut by its policy", setPolicy(shutPolicy), setPolicy(openPolicy)},
		{"without its grant", revokeGrants, func(s *troubled, _ string) error {
			return rekeyTo(s.t.Context(), s.ledgers, s.next) // the key that the ledger shows, whichever lost its grant
		}},
		{"deleted", func(s *troubled, key string) error {
			if err := scheduleDeletion(s, key); err != nil {
				return err
			}
			return s.h.Advance(s.t.Context(), 8*24*time.Hour)
		}, nil},
	}
}

func disableKey(s *troubled, key string) error {
	_, err := s.keys.DisableKey(s.t.Context(), &kms.DisableKeyInput{KeyId: &key})
	return err
}

func enableKey(s *troubled, key string) error {
	_, err := s.keys.EnableKey(s.t.Context(), &kms.EnableKeyInput{KeyId: &key})
	return err
}

func scheduleDeletion(s *troubled, key string) error {
	_, err := s.keys.ScheduleKeyDeletion(s.t.Context(), &kms.ScheduleKeyDeletionInput{
		KeyId: &key, PendingWindowInDays: aws.Int32(7),
	})
	return err
}

func setPolicy(document string) func(*troubled, string) error {
	return func(s *troubled, key string) error {
		_, err := s.keys.PutKeyPolicy(s.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &document})
		return err
	}
}

func revokeGrants(s *troubled, key string) error {
	out, err := s.keys.ListGrants(s.t.Context(), &kms.ListGrantsInput{KeyId: &key})
	if err != nil {
		return err
	}
	for _, grant := range out.Grants {
		if _, err := s.keys.RevokeGrant(s.t.Context(), &kms.RevokeGrantInput{
			KeyId: &key, GrantId: grant.GrantId,
		}); err != nil {
			return err
		}
	}
	return nil
}

// A key that becomes unusable while a key change needs it stops the ledger and the change. Usable again, both go on.
// The new key is not missed: the ledger goes back, or to a third key. The former one is, until the change is done.
func TestKeyLostDuringAKeyChange(t *testing.T) {
	t.Parallel()
	for _, where := range []string{"own", "far"} {
		for _, m := range mishaps() {
			if where == "far" && m.undo == nil {
				continue // the clock of the other KMS is its own
			}
			t.Run(where+"/"+m.name, func(t *testing.T) {
				t.Parallel()
				s := newTroubled(t, where)
				if err := s.create(); err != nil {
					t.Fatal(err)
				}
				advance(t, s.h, 2*time.Second)
				execute(t, newDriver(t, s.cfg, "orders"), "CREATE TABLE Test")
				l := &losing{troubled: s, mishap: m}
				l.newKeyGoesBack()
				l.newKeyGoesElsewhere()
				if m.undo != nil {
					l.keyComesBack(&s.next)
					l.keyComesBack(&s.first)
				}
				l.formerKeyIsMissed()
			})
		}
	}
}

// losing is a ledger whose keys have one mishap after the other.
type losing struct {
	*troubled
	mishap
	documents int
}

// lose begins a key change in which key, s.first or s.next, has the mishap.
func (l *losing) lose(key string) {
	l.t.Helper()
	l.written()
	l.must(rekeyTo(l.t.Context(), l.ledgers, l.next))
	l.written()
	l.must(l.happen(l.troubled, key))
	advance(l.t, l.h, 3*time.Second)
	l.wantStatus("lost", types.EncryptionStatusKmsKeyInaccessible, l.next)
	if err := insert(l.t.Context(), newDriver(l.t, l.cfg, "orders"), -1); !strings.Contains(said(err), impairedText) {
		l.t.Errorf("insert while it is lost: got %s", said(err))
	}
}

// written makes a document and finds it with all earlier ones.
func (l *losing) written() {
	l.t.Helper()
	l.must(insert(l.t.Context(), newDriver(l.t, l.cfg, "orders"), l.documents))
	l.documents++
	if got := execute(l.t, newDriver(l.t, l.cfg, "orders"), "SELECT * FROM Test"); got != l.documents {
		l.t.Errorf("documents: got %d, want %d", got, l.documents)
	}
}

func (l *losing) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(said(err))
	}
}

// renew puts a fresh key in the place of one that is lost.
func (l *losing) renew(key *string) { *key = makeKey(l.t, l.keys) }

func (l *losing) newKeyGoesBack() {
	l.t.Helper()
	l.lose(l.next)
	l.must(rekeyTo(l.t.Context(), l.ledgers, l.first))
	l.wantStatus("back", types.EncryptionStatusEnabled, l.first)
	l.written()
	advance(l.t, l.h, time.Minute)
	l.wantStatus("back for a minute", types.EncryptionStatusEnabled, l.first)
	l.noGrants(l.next)
	l.renew(&l.next)
}

func (l *losing) newKeyGoesElsewhere() {
	l.t.Helper()
	l.lose(l.next)
	lost := l.next
	l.renew(&l.next)
	l.must(rekeyTo(l.t.Context(), l.ledgers, l.next))
	l.wantStatus("elsewhere", types.EncryptionStatusUpdating, l.next)
	l.written()
	l.settle("elsewhere", l.next, l.first)
	l.noGrants(lost)
	l.written()
	l.first = l.next
	l.renew(&l.next)
}

func (l *losing) keyComesBack(key *string) {
	l.t.Helper()
	l.lose(*key)
	l.must(l.undo(l.troubled, *key))
	advance(l.t, l.h, 5*time.Second)
	l.written()
	l.settle("back again", l.next, l.first)
	l.written()
	l.first = l.next
	l.renew(&l.next)
}

func (l *losing) formerKeyIsMissed() {
	l.t.Helper()
	l.lose(l.first)
	err := rekeyTo(l.t.Context(), l.ledgers, makeKey(l.t, l.keys))
	if want := "InvalidParameterException: " + impairedText; !strings.HasPrefix(said(err), want) {
		l.t.Errorf("to a third key: got %s, want %s", said(err), want)
	}
	l.wantStatus("missed", types.EncryptionStatusKmsKeyInaccessible, l.next)
	ctx, name := l.t.Context(), aws.String("orders")
	_, err = l.ledgers.UpdateLedger(ctx, &qldb.UpdateLedgerInput{Name: name, DeletionProtection: aws.Bool(false)})
	l.must(err)
	_, err = l.ledgers.DeleteLedger(ctx, &qldb.DeleteLedgerInput{Name: name})
	l.must(err)
	advance(l.t, l.h, time.Minute)
	l.noGrants(l.next)
}

// noGrants checks that a key, which may be deleted, has no grants.
func (l *losing) noGrants(key string) {
	l.t.Helper()
	out, err := l.keys.ListGrants(l.t.Context(), &kms.ListGrantsInput{KeyId: &key})
	switch {
	case err != nil && !strings.HasPrefix(said(err), "NotFoundException"):
		l.t.Errorf("grants of %s: %s", key, said(err))
	case err == nil && len(out.Grants) > 0:
		l.t.Errorf("grants of %s: got %d, want none", key, len(out.Grants))
	}
}
