package protectedledger_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// Who else may decrypt with the former key is told when it is to go, KP-618, and stops nothing.
func TestStrandedByTheFormerKey(t *testing.T) {
	t.Parallel()
	b := newCast(t)
	before := own("orders", obj{"policy": document(delegation(), users(readerARN))})
	st := b.mustApply(before, nil)
	arn := st["kms_key_arn"].(string)
	swap := func(oldKey string) obj {
		return own("orders", obj{"policy": document(delegation(), users(readerARN)), "generation": 2, "old_key": oldKey})
	}
	const rule = "KP-618"
	for _, oldKey := range []string{"retain", "disable", "schedule_deletion"} { // only QLDB has a grant
		if o := b.planned(swap(oldKey), st); strings.Contains(o.text(), rule) {
			t.Errorf("%s, nobody else:\n%s", oldKey, o.text())
		}
	}
	grant, err := b.KMS().CreateGrant(t.Context(), &kms.CreateGrantInput{
		KeyId: &arn, GranteePrincipal: &writerARN, Operations: []kmstypes.GrantOperation{kmstypes.GrantOperationDecrypt},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, oldKey := range []string{"disable", "schedule_deletion"} {
		o := b.planned(swap(oldKey), st)
		wantWarning(t, o, "Other ciphertexts stay under the old key", rule, arn, writerARN+" by grant "+*grant.GrantId)
		if o.failed() {
			t.Errorf("%s stops the plan:\n%s", oldKey, o.text())
		}
	}
	accepted := b.planned(accepting(swap("disable"), rule), st)
	wantWarning(t, accepted, "Accepted: KP-618, other ciphertexts stay under the old key")
	if strings.Contains(accepted.text(), writerARN+" by grant") {
		t.Errorf("what is accepted is told:\n%s", accepted.text())
	}
	if o := b.planned(swap("retain"), st); strings.Contains(o.text(), rule) {
		t.Errorf("a key that is kept:\n%s", o.text())
	}
	b.refuse("ListGrants")
	wantWarning(t, b.planned(swap("disable"), st), "will move to another KMS key",
		"Not checked: who else has grants on the former key (KP-618): ListGrants: AccessDeniedException")
	b.ClearFaults()

	open := with(users(readerARN), "Condition", obj{}) // not bound to QLDB
	direct := b.mustApply(own("orders", obj{"policy": document(delegation(), open)}), st)
	wantWarning(t, b.planned(swap("disable"), direct), rule, readerARN+" by the key policy; "+writerARN+" by grant")
}
