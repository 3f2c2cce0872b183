package qldb_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
)

// Which operations answer what in which state of the ledger. "none" is success; a journal operation that passes all
// checks says NotYetServedException.
func TestOperationsByState(t *testing.T) {
	t.Parallel()
	const (
		ok     = "none"
		notYet = "NotYetServedException"
		ip     = "InvalidParameterException"
		nf     = "ResourceNotFoundException"
		pc     = "ResourcePreconditionNotMetException"
		iu     = "ResourceInUseException"
		ae     = "ResourceAlreadyExistsException"
	)
	states := []string{"missing", "CREATING", "ACTIVE", "UPDATING", "impaired", "DELETING", "gone"}
	tests := map[string][]string{ // in the order of states
		"CreateLedger":                       {ok, ae, ae, ae, ae, iu, ok},
		"DescribeLedger":                     {nf, ok, ok, ok, ok, ok, nf},
		"ListLedgers":                        {ok, ok, ok, ok, ok, ok, ok},
		"UpdateLedger":                       {nf, ip, ok, ok, ok, nf, nf},
		"UpdateLedger same key":              {nf, ip, ok, ok, ip, nf, nf}, // impaired: the key is disabled
		"UpdateLedger other key":             {nf, ip, ok, ip, ip, nf, nf},
		"UpdateLedgerPermissionsMode":        {nf, ip, ok, ok, ok, nf, nf},
		"DeleteLedger":                       {nf, iu, ok, ok, ok, iu, nf},
		"GetDigest":                          {nf, pc, notYet, notYet, pc, nf, nf},
		"GetBlock":                           {nf, pc, notYet, notYet, pc, nf, nf},
		"GetRevision":                        {nf, pc, notYet, notYet, pc, nf, nf},
		"ExportJournalToS3":                  {nf, pc, notYet, notYet, pc, nf, nf},
		"StreamJournalToKinesis":             {nf, pc, notYet, notYet, pc, nf, nf},
		"ListJournalS3ExportsForLedger":      {ok, ok, ok, ok, ok, ok, ok},
		"ListJournalKinesisStreamsForLedger": {nf, pc, ok, ok, ok, ok, nf},
		"TagResource":                        {nf, ok, ok, ok, ok, nf, nf},
		"UntagResource":                      {nf, ok, ok, ok, ok, nf, nf},
		"ListTagsForResource":                {nf, ok, ok, ok, ok, nf, nf},
	}
	for operation, want := range tests {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, state := range states {
				w := newWorld(t)
				w.bring("orders", state)
				got = append(got, code(w.operation(t.Context(), operation)))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("in %q (-want +got):\n%s", states, diff)
			}
		})
	}
}

// bring makes a ledger in a state. UPDATING goes from thirdKey to mainKey, everything else is under mainKey.
func (w *world) bring(name, state string) {
	w.t.Helper()
	switch state {
	case "missing":
	case "CREATING":
		w.create(name, mainKey)
	case "ACTIVE":
		w.active(name, mainKey)
	case "UPDATING":
		w.active(name, thirdKey)
		w.mustRekey(name, mainKey)
	case "paused": // a key change whose new key is disabled
		w.active(name, mainKey)
		w.mustRekey(name, thirdKey)
		w.keys.setState(thirdKey, "Disabled")
		w.pass(2 * time.Second)
		w.wantStatus(name, "KMS_KEY_INACCESSIBLE "+thirdKey+" since 10:00:03")
	case "impaired":
		w.active(name, mainKey)
		w.keys.setState(mainKey, "Disabled")
		w.pass(5 * time.Second)
		w.wantStatus(name, "KMS_KEY_INACCESSIBLE "+mainKey+" since 10:00:06")
	case "DELETING":
		w.active(name, mainKey)
		w.delete(name)
	case "gone":
		w.active(name, mainKey)
		w.delete(name)
		w.clock.Advance(time.Second)
	default:
		w.t.Fatalf("no state %s", state)
	}
}

// An event is something that happens to the ledger orders or its keys.
type event func(*world)

func state(key, state string) event { return func(w *world) { w.keys.setState(key, state) } }
func disable(key string) event      { return state(key, "Disabled") }
func enable(key string) event       { return state(key, "Enabled") }
func revoke(key string) event       { return func(w *world) { w.keys.revoke(key) } }
func destroy(key string) event      { return func(w *world) { delete(w.keys.keys, key) } }
func point(key string) event        { return func(w *world) { w.keys.aliases["alias/orders"] = key } }
func wait(d time.Duration) event    { return func(w *world) { w.pass(d) } }
func move(key string) event         { return func(w *world) { w.mustRekey("orders", key) } }

// refuse asks for another key and wants to be refused.
func refuse(key, text string) event {
	return func(w *world) {
		w.t.Helper()
		if _, err := w.rekey("orders", key); code(err) != "InvalidParameterException" ||
			!strings.Contains(err.Error(), text) {
			w.t.Errorf("move to %s: got %v, want InvalidParameterException: %s", key, err, text)
		}
	}
}

const (
	second   = time.Second
	busy     = "The ledger is already processing a KMS key change."
	impaired = "Amazon QLDB does not have grant access on the AWS KMS customer managed key of the ledger. " +
		"Restore the grant on the key for the ledger."
)

// encryptionCase is a ledger that was created under a key a second ago, what happens to it, and what follows.
type encryptionCase struct {
	name   string
	create string
	events []event
	want   string   // status
	grants []string // keys with a grant at the end
}

// keyChangeCases are changes with all keys usable.
func keyChangeCases() []encryptionCase {
	return []encryptionCase{
		{"change finishes", mainKey, []event{move(otherKey), wait(2 * second)},
			"ENABLED " + otherKey, []string{otherKey}},
		{"change takes its time", mainKey, []event{move(otherKey), wait(2*second - 1)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"same target during a change", mainKey, []event{move(otherKey), wait(second), move(otherKey), wait(second)},
			"ENABLED " + otherKey, []string{otherKey}},
		{"another target during a change", mainKey, []event{move(otherKey), refuse(thirdKey, busy)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"back during a change", mainKey, []event{move(otherKey), refuse(mainKey, busy)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"owned during a change", mainKey, []event{move(otherKey), refuse(awsOwned, busy)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"change to owned retires the grant", mainKey, []event{move(awsOwned), wait(2 * second)},
			"ENABLED " + awsOwned, nil},
	}
}

// inaccessibleCases are keys that are lost and come back.
func inaccessibleCases() []encryptionCase {
	return []encryptionCase{
		{"disabled key is not noticed at once", mainKey, []event{disable(mainKey), wait(4*second - 1)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"disabled key", mainKey, []event{disable(mainKey), wait(4 * second)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"the first moment stays", mainKey, []event{disable(mainKey), wait(4 * second), wait(time.Hour)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"key comes back", mainKey,
			[]event{disable(mainKey), wait(4 * second), enable(mainKey), wait(5 * second)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"recovery is not noticed at once", mainKey,
			[]event{disable(mainKey), wait(4 * second), enable(mainKey), wait(5*second - 1)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"second episode has its own moment", mainKey, []event{
			disable(mainKey), wait(4 * second), enable(mainKey), wait(5 * second), disable(mainKey), wait(5 * second)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:15", []string{mainKey}},
		{"pending deletion", mainKey,
			[]event{state(mainKey, "PendingDeletion"), wait(4 * second)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"deleted for good", mainKey,
			[]event{destroy(mainKey), wait(4 * second), wait(time.Hour),
				refuse(otherKey, impaired)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"other key while impaired", mainKey,
			[]event{disable(mainKey), wait(4 * second), refuse(otherKey, impaired), refuse(awsOwned, impaired)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"grant revoked", mainKey, []event{revoke(mainKey), wait(4 * second), wait(time.Hour)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", nil},
		{"grant restored", mainKey, []event{revoke(mainKey), wait(4 * second), move(mainKey)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"grant restored before anything was noticed", mainKey,
			[]event{revoke(mainKey), move(mainKey), wait(9 * second)},
			"ENABLED " + mainKey, []string{mainKey}},
	}
}

// pausedCases are keys lost during a change.
func pausedCases() []encryptionCase {
	return []encryptionCase{
		{"old key unusable pauses the change", mainKey,
			[]event{move(otherKey), disable(mainKey), wait(2 * second), wait(time.Hour), refuse(thirdKey, impaired)},
			"KMS_KEY_INACCESSIBLE " + otherKey + " since 10:00:03", []string{mainKey, otherKey}},
		{"new key unusable pauses the change", mainKey,
			[]event{move(otherKey), disable(otherKey), wait(2 * second)},
			"KMS_KEY_INACCESSIBLE " + otherKey + " since 10:00:03", []string{mainKey, otherKey}},
		{"a paused change goes on", mainKey,
			[]event{move(otherKey), disable(mainKey), wait(2 * second), enable(mainKey), wait(5 * second)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"a paused change finishes", mainKey,
			[]event{move(otherKey), disable(mainKey), wait(2 * second), enable(mainKey), wait(5 * second),
				wait(2 * second)},
			"ENABLED " + otherKey, []string{otherKey}},
		{"a paused change whose new key is gone goes back", mainKey,
			[]event{move(otherKey), destroy(otherKey), wait(2 * second), move(mainKey), wait(second)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"a paused change whose new key is disabled goes back", mainKey,
			[]event{move(otherKey), disable(otherKey), wait(2 * second), move(mainKey), enable(otherKey), wait(time.Minute)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"a paused change whose new key is gone goes elsewhere", mainKey,
			[]event{move(otherKey), destroy(otherKey), wait(2 * second), move(thirdKey), wait(second)},
			"UPDATING " + thirdKey, []string{mainKey, thirdKey}},
		{"and gets there", mainKey,
			[]event{move(otherKey), destroy(otherKey), wait(2 * second), move(thirdKey), wait(2 * second)},
			"ENABLED " + thirdKey, []string{thirdKey}},
		{"a paused change goes back to the AWS owned key", awsOwned,
			[]event{move(otherKey), destroy(otherKey), wait(2 * second), move(awsOwned), wait(second)},
			"ENABLED " + awsOwned, nil},
		{"a paused change goes on to the AWS owned key", mainKey,
			[]event{move(otherKey), destroy(otherKey), wait(2 * second), move(awsOwned), wait(2 * second)},
			"ENABLED " + awsOwned, nil},
		{"a paused change whose new key is back goes on", mainKey,
			[]event{move(otherKey), disable(otherKey), wait(2 * second), enable(otherKey), refuse(mainKey, busy)},
			"KMS_KEY_INACCESSIBLE " + otherKey + " since 10:00:03", []string{mainKey, otherKey}},
		{"a change of which both keys are gone goes nowhere", mainKey,
			[]event{move(otherKey), destroy(otherKey), disable(mainKey), wait(2 * second), refuse(thirdKey, impaired)},
			"KMS_KEY_INACCESSIBLE " + otherKey + " since 10:00:03", []string{mainKey, otherKey}},
		{"a paused change whose old grant is gone is restored", mainKey,
			[]event{move(otherKey), revoke(mainKey), wait(2 * second), move(otherKey)},
			"UPDATING " + otherKey, []string{mainKey, otherKey}},
		{"a paused change to owned is restored", mainKey,
			[]event{move(awsOwned), revoke(mainKey), wait(2 * second), move(awsOwned), wait(2 * second)},
			"ENABLED " + awsOwned, nil},
	}
}

// aliasCases are aliases that move.
func aliasCases() []encryptionCase {
	return []encryptionCase{
		{"alias is not followed", "alias/orders",
			[]event{point(otherKey), wait(time.Hour)},
			"ENABLED " + mainKey, []string{mainKey}},
		{"the key behind a moved alias must stay usable", "alias/orders",
			[]event{point(otherKey), disable(mainKey), wait(4 * second)},
			"KMS_KEY_INACCESSIBLE " + mainKey + " since 10:00:05", []string{mainKey}},
		{"naming a moved alias again follows it", "alias/orders",
			[]event{point(otherKey), move("alias/orders"), wait(2 * second)},
			"ENABLED " + otherKey, []string{otherKey}},
	}
}

// The encryption state machine.
func TestEncryptionStates(t *testing.T) {
	t.Parallel()
	for _, test := range slices.Concat(keyChangeCases(), inaccessibleCases(), pausedCases(), aliasCases()) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.active("orders", test.create)
			for _, happen := range test.events {
				happen(w)
			}
			w.wantStatus("orders", test.want)
			w.wantGrants(test.grants...)
			if got := w.describe("orders").State; got != "ACTIVE" {
				t.Errorf("state: got %s, want ACTIVE", got)
			}
			w.delete("orders")
			w.pass(time.Second)
			w.wantGrants()
		})
	}
}

// The name of the ledger's root node stays, its version counts the key changes.
func TestRootNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.active("orders", mainKey)
	first := w.report().Ledgers[0].Root
	if first.Key != mainKey || first.NodeVersion != 1 || len(first.NodeID) != 22 || first.GrantID == "" {
		t.Errorf("first root: got %+v", first)
	}
	w.mustRekey("orders", otherKey)
	during := w.report().Ledgers[0]
	if during.Root != first || during.Next == nil || during.Next.NodeVersion != 2 {
		t.Errorf("during the change: got %+v and %+v, want the first and version 2", during.Root, during.Next)
	}
	w.pass(2 * time.Second)
	w.mustRekey("orders", awsOwned)
	w.pass(2 * time.Second)
	w.mustRekey("orders", mainKey)
	w.pass(2 * time.Second)
	got := w.report().Ledgers[0]
	want := qldb.RootReport{Key: mainKey, GrantID: got.Root.GrantID, NodeID: first.NodeID, NodeVersion: 4}
	if diff := cmp.Diff(want, got.Root); diff != "" || got.Next != nil {
		t.Errorf("after three changes (-want +got):\n%s\nnext %+v", diff, got.Next)
	}
	if got.Root.GrantID == first.GrantID {
		t.Error("the first grant, which was retired, is in use again")
	}
}

// What KMS answers for reasons of its own must not cut a ledger off.
func TestProbeWithoutAnswer(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]error{
		"no answer": errBroken,
		"throttled": fault("ThrottlingException", "Rate exceeded"),
		"internal":  fault("KMSInternalException", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.active("orders", mainKey)
			w.keys.before = func(string) error { return answer }
			w.clock.Advance(5 * time.Second)
			next, err := w.service.Tick(t.Context())
			if err == nil {
				t.Error("Tick says nothing of the probe that failed")
			}
			if got, want := next, start.Add(11*time.Second); !got.Equal(want) {
				t.Errorf("next try: got %v, want %v", got, want)
			}
			w.wantStatus("orders", "ENABLED "+mainKey)
			w.keys.before = nil
			w.keys.setState(mainKey, "Disabled")
			w.pass(5 * time.Second)
			w.wantStatus("orders", "KMS_KEY_INACCESSIBLE "+mainKey+" since 10:00:11")
		})
	}
}

func TestProbeNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.active("orders", mainKey)
	w.active("parts", otherKey)
	w.active("plain", "")
	w.keys.setState(mainKey, "Disabled")
	probe := func() {
		t.Helper()
		if err := w.service.ProbeNow(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	probe()
	w.wantStatus("orders", "KMS_KEY_INACCESSIBLE "+mainKey+" since 10:00:03")
	w.wantStatus("parts", "ENABLED "+otherKey)
	w.keys.setState(mainKey, "Enabled")
	probe()
	w.wantStatus("orders", "ENABLED "+mainKey)
}

// Tick says when it wants to run again, and one Tick makes up for any time that has passed.
func TestTickNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if next := w.tick(); !next.IsZero() {
		t.Errorf("nothing there: got %v, want none", next)
	}
	w.create("orders", mainKey)
	for _, step := range []struct {
		pass time.Duration
		want time.Duration // after start
	}{
		{0, 5 * time.Second}, {time.Second, 5 * time.Second}, {4 * time.Second, 10 * time.Second},
		{24 * time.Hour, 24*time.Hour + 10*time.Second},
	} {
		w.clock.Advance(step.pass)
		if got, want := w.tick(), start.Add(step.want); !got.Equal(want) {
			t.Errorf("after %v: got %v, want %v", step.pass, got, want)
		}
	}
	w.mustRekey("orders", otherKey)
	if got, want := w.tick(), w.clock.Now().Add(2*time.Second); !got.Equal(want) {
		t.Errorf("during a change: got %v, want %v", got, want)
	}
	w.delete("orders")
	if got, want := w.tick(), w.clock.Now().Add(time.Second); !got.Equal(want) {
		t.Errorf("while deleting: got %v, want %v", got, want)
	}
	w.clock.Advance(time.Second)
	if next := w.tick(); !next.IsZero() {
		t.Errorf("all gone: got %v, want none", next)
	}
	calls := 0
	for _, c := range w.keys.called() {
		if strings.HasPrefix(c, "Decrypt") {
			calls++
		}
	}
	if calls != 4 {
		t.Errorf("Decrypt: got %d calls, want 4: one per root node key made and one per Tick that was late", calls)
	}
}
