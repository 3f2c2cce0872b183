package qldb_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/service/qldb"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/wire"
)

// What a KmsKey may look like. Whether there is such a key is for KMS to say.
func TestKeyForms(t *testing.T) {
	t.Parallel()
	const (
		invalid = "is not valid"
		region  = "same Region"
		missing = "does not exist" // the form is fine
	)
	tests := map[string]string{
		mainID:                                 "",
		mainKey:                                "",
		"alias/orders":                         "",
		awsOwned:                               "",
		"mrk-0123456789abcdef0123456789abcdef": missing,
		"alias/a/b_c-d":                        missing,
		keyPrefix + "mrk-" + strings.Repeat("0", 32):          missing,
		"arn:aws:kms:eu-west-2:111122223333:alias/orders":     missing,
		"arn:aws:kms:eu-west-2:444455556666:key/" + otherID:   missing,
		"arn:aws:kms:eu-west-1:111122223333:key/" + otherID:   region,
		"arn:aws:kms:eu-west-1:111122223333:alias/orders":     region,
		"arn:aws-cn:kms:eu-west-2:111122223333:key/" + mainID: invalid,
		"arn:aws:kms::111122223333:key/" + mainID:             invalid,
		"arn:aws:kms:eu-west-2:1111:key/" + mainID:            invalid,
		"arn:aws:kms:eu-west-2:111122223333:key/orders":       invalid,
		"arn:aws:kms:eu-west-2:111122223333:" + mainID:        invalid,
		"arn:aws:kms:eu-west-2":                               invalid,
		"orders":                                              invalid,
		"alias/":                                              invalid,
		"alias/a b":                                           invalid,
		"aws_owned_kms_key":                                   invalid,
		strings.ToUpper(mainID) + "A":                         invalid,
		"mrk-0123":                                            invalid,
		strings.Repeat("k", 1601):                             "length less than or equal to 1600",
	}
	for key, want := range tests {
		t.Run(key[:min(len(key), 60)], func(t *testing.T) {
			t.Parallel()
			w := newWorldOver(t, newMemory())
			_, err := w.service.CreateLedger(t.Context(), call(), createInput("orders", key))
			switch {
			case want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case want != "" && (code(err) != "InvalidParameterException" || !strings.Contains(err.Error(), want)):
				t.Errorf("got %v, want InvalidParameterException with %q", err, want)
			}
			if want == invalid || want == region {
				if calls := w.keys.called(); len(calls) > 0 {
					t.Errorf("KMS was asked: %q", calls)
				}
			}
		})
	}
}

// A key is refused in this order: its form, its Region, what the caller may do, what the key is, its state.
func TestKeyChecksInOrder(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, newMemory())
	k := w.keys.keys[otherKey]
	k.info.State, k.info.Usage = "Disabled", "SIGN_VERIFY"
	k.denied["DescribeKey"], k.denied["CreateGrant"] = true, true
	w.active("orders", mainKey)
	for _, step := range []struct {
		want   string
		repair func()
	}{
		{"does not have permissions", func() { delete(k.denied, "DescribeKey") }},
		{"must be a symmetric customer managed key", func() { k.info.Usage = "ENCRYPT_DECRYPT" }},
		{"is not enabled (state: Disabled)", func() { k.info.State = "Enabled" }},
		{"does not have permissions", func() { delete(k.denied, "CreateGrant") }},
	} {
		if _, err := w.rekey("orders", otherKey); err == nil || !strings.Contains(err.Error(), step.want) {
			t.Errorf("got %v, want %q", err, step.want)
		}
		step.repair()
	}
	w.mustRekey("orders", otherKey)
}

// A request that fails after its grant was made gives the grant back without waiting for anything.
func TestFailedRequestReleasesGrant(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, newMemory())
	w.active("orders", mainKey)
	w.woken = 0
	w.keys.before = func(call string) error {
		if strings.HasPrefix(call, "GenerateDataKey") {
			return fault("KMSInternalException", "")
		}
		return nil
	}
	if _, err := w.rekey("orders", otherKey); code(err) != "KMSInternalException" {
		t.Errorf("change of the key: got %v, want KMSInternalException", err)
	}
	if _, err := w.service.CreateLedger(t.Context(), call(), createInput("parts", thirdKey)); err == nil {
		t.Error("a ledger without root node key was created")
	}
	w.wantGrants(mainKey, otherKey, thirdKey)
	if w.woken < 2 {
		t.Errorf("Wake was called %d times, want once for each grant to retire", w.woken)
	}
	w.tick()
	w.wantGrants(mainKey)
	w.wantStatus("orders", "ENABLED "+mainKey)
}

// The grant is what the service asks for: a named one for itself.
func TestGrant(t *testing.T) {
	t.Parallel()
	w := newWorldOver(t, newMemory())
	w.create("orders", mainKey)
	id := w.report().Ledgers[0].ID
	want := map[string]qldb.Grant{"grant-1": {
		KeyARN: mainKey, Name: "qldb-" + id,
		Grantee: "qldb.eu-west-2.amazonaws.com", Retiring: "qldb.eu-west-2.amazonaws.com",
		Operations: []string{
			"Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom",
			"ReEncryptTo", "DescribeKey", "RetireGrant",
		},
	}}
	if diff := cmp.Diff(want, w.keys.grants); diff != "" {
		t.Errorf("grants (-want +got):\n%s", diff)
	}
	if len(id) != 22 {
		t.Errorf("ledger id %q: got %d characters, want 22", id, len(id))
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := createInput("orders", "")
	in.Tags = map[string]*string{"team": ptr("audit"), "empty": nil}
	if _, err := w.service.CreateLedger(t.Context(), call(), in); err != nil {
		t.Fatal(err)
	}
	want := func(want map[string]string) {
		t.Helper()
		out, err := w.service.ListTagsForResource(t.Context(), call(), &qldb.ListTagsForResourceInput{ResourceArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.Tags); diff != "" {
			t.Errorf("tags (-want +got):\n%s", diff)
		}
	}
	tag := func(tags map[string]*string) error {
		_, err := w.service.TagResource(t.Context(), call(), &qldb.TagResourceInput{ResourceArn: arn, Tags: tags})
		return err
	}
	want(map[string]string{"team": "audit", "empty": ""})
	if err := tag(map[string]*string{"team": ptr("payments"), "a": ptr("b")}); err != nil {
		t.Fatal(err)
	}
	want(map[string]string{"team": "payments", "empty": "", "a": "b"})
	if _, err := w.service.UntagResource(t.Context(), call(),
		&qldb.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"empty", "not there", "a"}}); err != nil {
		t.Fatal(err)
	}
	want(map[string]string{"team": "payments"})

	fill := map[string]*string{}
	for i := range 49 {
		fill[fmt.Sprint(i)] = ptr(strings.Repeat("ü", 256))
	}
	if err := tag(fill); err != nil {
		t.Fatalf("fifty tags: %v", err)
	}
	if err := tag(map[string]*string{"team": nil, "7": nil}); err != nil {
		t.Errorf("new values at the limit: %v", err)
	}
	if got, want := code(tag(map[string]*string{"one more": nil})), "InvalidParameterException"; got != want {
		t.Errorf("51st tag: got %s, want %s", got, want)
	}
}

func TestBlockAddressForms(t *testing.T) {
	t.Parallel()
	const (
		fine    = "is not served"
		not     = "The provided block address is not valid."
		noIon   = "The provided Ion value is not valid and cannot be parsed."
		strand  = `"BlFTjlSXze9BIh1KOszcE3"`
		another = `{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}`
	)
	w := newWorld(t)
	w.active("orders", "")
	for text, want := range map[string]string{
		another: fine,
		` { "sequenceNo" : 0 , 'strandId' : ` + strand + ` , } `:    fine,
		"{\n  strandId: " + strand + ",\n  sequenceNo: 14\n}":       fine,
		`{strandId:` + strand + `,sequenceNo:-1}`:                   not,
		`{strandId:` + strand + `,sequenceNo:"14"}`:                 not,
		`{strandId:` + strand + `,sequenceNo:1e3}`:                  not,
		`{strandId:` + strand + `,sequenceNo:14,more:1}`:            not,
		`{strandId:"short",sequenceNo:14}`:                          not,
		`{strandID:` + strand + `,sequenceNo:14}`:                   not,
		`{sequenceNo:99999999999999999999,strandId:` + strand + `}`: not,
		`{}`:                        not,
		`{strandId:` + strand:       noIon,
		`{strandId ` + strand + `}`: noIon,
		`{strandId:` + strand + ` sequenceNo:14}`: noIon,
		"}": noIon, "{": noIon, "{,}": noIon, " ": noIon,
	} {
		_, err := w.service.GetBlock(t.Context(), call(),
			&qldb.GetBlockInput{Name: "orders", BlockAddress: &qldb.ValueHolder{IonText: text}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func FuzzBlockAddress(f *testing.F) {
	f.Add(`{strandId:"BlFTjlSXze9BIh1KOszcE3",sequenceNo:14}`)
	f.Add("{")
	f.Fuzz(func(t *testing.T, text string) {
		w := newWorldOver(t, newMemory())
		w.active("orders", "")
		if _, err := w.service.GetBlock(t.Context(), call(),
			&qldb.GetBlockInput{Name: "orders", BlockAddress: &qldb.ValueHolder{IonText: text}}); err == nil {
			t.Errorf("%q: got no error", text)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := qldb.New(qldb.Config{Keys: w.keys, Clock: w.clock}); err == nil {
		t.Error("a Config without State was accepted")
	}
	slow := newWorld(t, func(c *qldb.Config) {
		c.CreateDuration, c.DeleteDuration, c.RekeyDuration = time.Minute, time.Hour, 30*time.Minute
		c.KeyCacheTTL, c.RecoveryInterval = 5*time.Minute, 10*time.Minute
	})
	slow.create("orders", mainKey)
	slow.pass(time.Minute - 1)
	if got := slow.describe("orders").State; got != "CREATING" {
		t.Errorf("state: got %s, want CREATING", got)
	}
	slow.pass(1)
	slow.mustRekey("orders", otherKey)
	slow.pass(30*time.Minute - 1)
	slow.wantStatus("orders", "UPDATING "+otherKey)
	slow.pass(1)
	slow.wantStatus("orders", "ENABLED "+otherKey)
	slow.keys.setState(otherKey, "Disabled")
	slow.pass(5*time.Minute - 1)
	slow.wantStatus("orders", "ENABLED "+otherKey)
	slow.pass(1)
	slow.keys.setState(otherKey, "Enabled")
	slow.pass(10*time.Minute - 1)
	slow.wantStatus("orders", "KMS_KEY_INACCESSIBLE "+otherKey+" since 10:36:00")
	slow.pass(1)
	slow.wantStatus("orders", "ENABLED "+otherKey)
}

// The table names every operation of the service, once, with its action.
func TestWire(t *testing.T) {
	t.Parallel()
	service := newWorld(t).service.Wire()
	if service.SigningName != "qldb" || service.Protocol != wire.RESTJSON {
		t.Errorf("got %s and protocol %d, want qldb and RESTJSON", service.SigningName, service.Protocol)
	}
	if got, want := len(service.Operations), 20; got != want {
		t.Errorf("operations: got %d, want %d", got, want)
	}
	routes := map[string]string{}
	for name, op := range service.Operations {
		if op.Action != "qldb:"+name {
			t.Errorf("%s: got action %s", name, op.Action)
		}
		if other := routes[op.Method+op.Path]; other != "" {
			t.Errorf("%s and %s share a route", name, other)
		}
		routes[op.Method+op.Path] = name
	}
}

// Several requests and ticks at once: one creation of a name wins, and KMS holds its grant alone.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *qldb.Config) { c.Wake = nil })
	var created atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			key := []string{mainKey, otherKey}[i%2]
			if _, err := w.service.CreateLedger(t.Context(), call(), createInput("orders", key)); err == nil {
				created.Add(1)
			} else if code(err) != "ResourceAlreadyExistsException" {
				t.Errorf("create: %v", err)
			}
			if _, err := w.service.Tick(t.Context()); err != nil {
				t.Errorf("tick: %v", err)
			}
		})
	}
	group.Wait()
	if got := created.Load(); got != 1 {
		t.Errorf("ledgers created: got %d, want 1", got)
	}
	w.pass(time.Second)
	for i := range 8 {
		group.Go(func() {
			key := []string{mainKey, otherKey, thirdKey, awsOwned}[i%4]
			if _, err := w.rekey("orders", key); err != nil && code(err) != "InvalidParameterException" {
				t.Errorf("move to %s: %v", key, err)
			}
			if _, err := w.service.Tick(t.Context()); err != nil {
				t.Errorf("tick: %v", err)
			}
		})
	}
	group.Wait()
	w.settled("after all", true)
}
