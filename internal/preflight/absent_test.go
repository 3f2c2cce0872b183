package preflight_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// Each principal is told once, with the statement that names it first and with what to write instead.
func TestAbsent(t *testing.T) {
	t.Parallel()
	in := preflight.Input{Account: account, Region: region, Policy: document(t, "Allow root kms:* ; "+
		"Allow r/reader,r/writer kms:Decrypt ; Deny r/reader,u/alice,444455556666:r/other kms:Encrypt ; Allow s/x/y kms:*")}
	user := "arn:aws:iam::" + account + ":user/alice"
	if diff := cmp.Diff([]string{role("reader"), role("writer"), user}, preflight.Entities(in)); diff != "" {
		t.Errorf("entities (-want +got):\n%s", diff)
	}
	var got []string
	for _, f := range preflight.Absent(in, map[string]string{role("reader"): "", user: "arn:aws:iam::" + account +
		":user/staff/alice"}) {
		got = append(got, f.Rule+" "+f.Severity.String()+": "+f.Detail)
	}
	want := []string{
		"KP-308 warning: Statement 2: " + role("reader") + " does not exist, or not yet. KMS refuses a policy that names " +
			"it. Correct the name, or refer to the resource that makes it, so that it is made first.",
		"KP-308 warning: Statement 3: " + user + " does not exist. KMS refuses a policy that names it. Write " +
			"arn:aws:iam::" + account + ":user/staff/alice, with its path.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	in.Policy = "{"
	if preflight.Entities(in) != nil || preflight.Absent(in, map[string]string{user: ""}) != nil {
		t.Error("a text that is no policy names somebody")
	}
}
