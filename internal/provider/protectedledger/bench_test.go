package protectedledger_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/qldb"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/acctest"
)

// A keyState is a customer managed key of the account as a test looks at it.
type keyState struct {
	ARN, State string
	Aliases    []string
	Tags       map[string]string
}

// keys are the account's keys in the order of their making; predefined ones are left out.
func (b *bench) keys() []keyState {
	b.t.Helper()
	ctx := context.WithoutCancel(b.t.Context())
	out, err := b.KMS().ListKeys(ctx, &kms.ListKeysInput{Limit: aws.Int32(1000)})
	if err != nil {
		b.t.Fatalf("list keys: %v", err)
	}
	var list []keyState
	for _, k := range out.Keys {
		key := keyState{ARN: *k.KeyArn, State: b.keyState(*k.KeyArn), Tags: map[string]string{}}
		aliases, err := b.KMS().ListAliases(ctx, &kms.ListAliasesInput{KeyId: k.KeyId})
		if err != nil {
			b.t.Fatalf("list aliases: %v", err)
		}
		for _, a := range aliases.Aliases {
			key.Aliases = append(key.Aliases, *a.AliasName)
		}
		slices.Sort(key.Aliases)
		tags, err := b.KMS().ListResourceTags(ctx, &kms.ListResourceTagsInput{KeyId: k.KeyId})
		if err != nil {
			b.t.Fatalf("list tags: %v", err)
		}
		for _, tag := range tags.Tags {
			key.Tags[*tag.TagKey] = *tag.TagValue
		}
		list = append(list, key)
	}
	return list
}

// live are the keys that are not scheduled for deletion.
func (b *bench) live() []keyState {
	b.t.Helper()
	return slices.DeleteFunc(b.keys(), func(k keyState) bool { return k.State == "PendingDeletion" })
}

func (b *bench) keyState(arn string) string {
	b.t.Helper()
	out, err := b.KMS().DescribeKey(context.WithoutCancel(b.t.Context()), &kms.DescribeKeyInput{KeyId: &arn})
	if err != nil {
		b.t.Fatalf("describe key: %v", err)
	}
	return string(out.KeyMetadata.KeyState)
}

// aliasKey is the ARN of the key an alias points to, "" without the alias.
func (b *bench) aliasKey(alias string) string {
	b.t.Helper()
	for _, k := range b.keys() {
		if slices.Contains(k.Aliases, alias) {
			return k.ARN
		}
	}
	return ""
}

// newKey makes a key of the test's own.
func (b *bench) newKey(in *kms.CreateKeyInput) string {
	b.t.Helper()
	if in == nil {
		in = &kms.CreateKeyInput{}
	}
	out, err := b.KMS().CreateKey(b.t.Context(), in)
	if err != nil {
		b.t.Fatalf("create key: %v", err)
	}
	return *out.KeyMetadata.Arn
}

func (b *bench) newAlias(alias, arn string) {
	b.t.Helper()
	_, err := b.KMS().CreateAlias(b.t.Context(), &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: keyID(arn)})
	if err != nil {
		b.t.Fatalf("create alias: %v", err)
	}
}

func (b *bench) moveAlias(alias, arn string) {
	b.t.Helper()
	_, err := b.KMS().UpdateAlias(b.t.Context(), &kms.UpdateAliasInput{AliasName: &alias, TargetKeyId: keyID(arn)})
	if err != nil {
		b.t.Fatalf("update alias: %v", err)
	}
}

func keyID(arn string) *string {
	_, id, _ := strings.Cut(arn, ":key/")
	return &id
}

func (b *bench) disableKey(arn string) {
	b.t.Helper()
	if _, err := b.KMS().DisableKey(b.t.Context(), &kms.DisableKeyInput{KeyId: &arn}); err != nil {
		b.t.Fatalf("disable key: %v", err)
	}
}

func (b *bench) scheduleKey(arn string) {
	b.t.Helper()
	_, err := b.KMS().ScheduleKeyDeletion(b.t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &arn})
	if err != nil {
		b.t.Fatalf("schedule deletion: %v", err)
	}
}

// ledgers maps the ledgers there are to the keys they are under.
func (b *bench) ledgers() map[string]string {
	b.t.Helper()
	ctx := context.WithoutCancel(b.t.Context())
	out, err := b.QLDB().ListLedgers(ctx, &qldb.ListLedgersInput{})
	if err != nil {
		b.t.Fatalf("list ledgers: %v", err)
	}
	list := map[string]string{}
	for _, l := range out.Ledgers {
		d, err := b.QLDB().DescribeLedger(ctx, &qldb.DescribeLedgerInput{Name: l.Name})
		if err != nil {
			b.t.Fatalf("describe ledger: %v", err)
		}
		list[*l.Name] = "AWS_OWNED_KMS_KEY"
		if d.EncryptionDescription != nil {
			list[*l.Name] = *d.EncryptionDescription.KmsKeyArn
		}
	}
	return list
}

// newLedger makes a ledger behind the provider's back.
func (b *bench) newLedger(name, key string) {
	b.t.Helper()
	in := &qldb.CreateLedgerInput{Name: &name, PermissionsMode: "STANDARD", DeletionProtection: aws.Bool(false)}
	if key != "" {
		in.KmsKey = &key
	}
	if _, err := b.QLDB().CreateLedger(b.t.Context(), in); err != nil {
		b.t.Fatalf("create ledger: %v", err)
	}
	b.settle()
}

func (b *bench) deleteLedger(name string) {
	b.t.Helper()
	off := &qldb.UpdateLedgerInput{Name: &name, DeletionProtection: aws.Bool(false)}
	if _, err := b.QLDB().UpdateLedger(b.t.Context(), off); err != nil {
		b.t.Fatalf("lift protection: %v", err)
	}
	if _, err := b.QLDB().DeleteLedger(b.t.Context(), &qldb.DeleteLedgerInput{Name: &name}); err != nil {
		b.t.Fatalf("delete ledger: %v", err)
	}
	b.settle()
}

// settle lets everything asynchronous happen that takes milliseconds.
func (b *bench) settle() { b.Advance(200 * 1e6) }

func (b *bench) refuse(operation string) {
	b.Fault(acctest.Fault{
		Operation: operation, Kind: "error", Code: "AccessDeniedException", Message: "not allowed here", Status: 400,
	})
}

// wantError fails unless the outcome is an error that says all of texts.
func wantError(t *testing.T, o outcome, texts ...string) {
	t.Helper()
	if !o.failed() {
		t.Fatalf("got no error, want %q; diagnostics:\n%s", texts, o.text())
	}
	wantText(t, o, texts...)
}

// wantWarning fails unless the outcome is no error and a warning says all of texts.
func wantWarning(t *testing.T, o outcome, texts ...string) {
	t.Helper()
	if o.failed() || len(o.diags) == 0 {
		t.Fatalf("got no warning but:\n%s", o.text())
	}
	wantText(t, o, texts...)
}

func wantText(t *testing.T, o outcome, texts ...string) {
	t.Helper()
	// Wording is compared without line breaks and type-written arrows of paths.
	text := strings.Join(strings.Fields(o.text()), " ")
	for _, want := range texts {
		if !strings.Contains(text, want) {
			t.Errorf("diagnostics do not say %q:\n%s", want, o.text())
		}
	}
}

func wantMutations(t *testing.T, b *bench, want ...string) {
	t.Helper()
	if got := b.Mutations(); !slices.Equal(got, want) {
		t.Errorf("mutating calls are %v, want %v", got, want)
	}
}

func keyOf(st obj) obj    { k, _ := st["key"].(obj); return k }
func changeOf(st obj) obj { c, _ := st["key_change"].(obj); return c }
func retainedOf(st obj) []obj {
	var list []obj
	all, _ := st["retained_keys"].([]any)
	for _, k := range all {
		list = append(list, k.(obj))
	}
	return list
}

// with is a copy of cfg with other values; nil removes.
func with(cfg obj, pairs ...any) obj {
	out := obj{}
	for k, v := range cfg {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

// tainted is what Terraform does with an object whose creation failed: destroy, then create.
func (b *bench) replaceTainted(cfg, st obj) obj {
	b.t.Helper()
	o := b.apply(nil, st)
	if o.failed() || o.state != nil {
		b.t.Fatalf("destroy of the tainted object:\n%s\nleft %v", o.text(), o.state)
	}
	return b.mustApply(cfg, nil)
}

// own is a configuration with an owned key that may be destroyed.
func own(name string, key obj) obj {
	if key == nil {
		key = obj{}
	}
	return obj{"name": name, "deletion_protection": false, "key": key}
}

func (b *bench) tagLedger(arn, key, value string) {
	b.t.Helper()
	_, err := b.QLDB().TagResource(b.t.Context(), &qldb.TagResourceInput{
		ResourceArn: &arn, Tags: map[string]*string{key: &value},
	})
	if err != nil {
		b.t.Fatalf("tag ledger: %v", err)
	}
}
