// Package preflight checks before the first write what AWS would refuse after it.
//
// Check judges a key policy by what its text says, Policy writes one from words, Passages compares the two keys of a
// move; UsableKey and Rotation judge a key. Rules lists what there is to be judged.
//
// It works on plain structs that the caller filled from a configuration or from AWS, does no I/O, and names each
// finding by its rule, KP-nnn. Turning findings into diagnostics is the caller's work.
package preflight

import (
	"fmt"
	"time"
)

// Severity says whether a finding stops the plan.
type Severity int

// A Note is listed, a Warning is told; an Error stops.
const (
	Note Severity = iota - 1
	Warning
	Error
)

// String is "note", "warning" or "error".
func (s Severity) String() string {
	switch {
	case s < Warning:
		return "note"
	case s == Warning:
		return "warning"
	}
	return "error"
}

// A Finding is one rule that fired.
type Finding struct {
	Rule     string // KP-nnn
	Severity Severity
	Summary  string // under 70 characters
	Detail   string // what is so, and what to do

	// Of a key policy, each "" where it does not apply.
	Statement string // such as `2 ("Ledger users")`
	Principal string // as written, or who it is about
	Action    string // such as "kms:Decrypt"
	Witness   string // an example of a request that shows it, in words
	Fix       string // what to write instead; Detail ends with it

	// Enforced says that AWS enforces it, so that nothing can let it pass.
	Enforced bool
}

// A Key is what KMS tells about a key, in the words of DescribeKey.
type Key struct {
	ARN         string
	Region      string // of the ARN
	Partition   string // of the ARN
	State       string
	Spec        string
	Usage       string
	Manager     string
	Origin      string
	MultiRegion bool
	Expires     time.Time // when imported key material goes; zero: never
}

// Place is where and when a ledger is to use a key.
type Place struct {
	Region    string
	Partition string
	Now       time.Time
}

// UsableKey finds why a ledger in at could not use the key, and what to know when it can.
//
// Source: QLDB Developer Guide, "Using customer managed keys": a symmetric encryption key, enabled, in the ledger's
// Region.
func UsableKey(k Key, at Place) []Finding {
	if f := wrongKind(k); f != nil {
		return []Finding{*f}
	}
	if f := wrongPlace(k, at); f != nil {
		return []Finding{*f}
	}
	var list []Finding
	if k.State != "Enabled" {
		list = append(list, Finding{Rule: "KP-609", Severity: Error, Summary: "Key cannot be used: " + k.State,
			Detail: fmt.Sprintf(
				"Key %s is in state %s. A ledger can only be put under an enabled key. %s", k.ARN, k.State, remedy(k.State))})
	}
	if f := expiry(k, at.Now); f != nil {
		list = append(list, *f)
	}
	if k.MultiRegion {
		list = append(list, Finding{Rule: "KP-610", Severity: Warning, Summary: "Multi-Region key", Detail: fmt.Sprintf(
			"Key %s has replicas in other Regions. The ledger uses it in %s only; whoever may use a replica can decrypt "+
				"what this key encrypted.", k.ARN, at.Region)})
	}
	if k.Origin == "AWS_CLOUDHSM" || k.Origin == "EXTERNAL_KEY_STORE" {
		list = append(list, Finding{Rule: "KP-615", Severity: Warning, Summary: "Key in a custom key store",
			Detail: fmt.Sprintf(
				"Key %s lives in a custom key store (%s). When the store is disconnected the ledger refuses reads and writes.",
				k.ARN, k.Origin)})
	}
	return list
}

// expirySoon is how near the end of imported key material must be to refuse the key.
const expirySoon = 30 * 24 * time.Hour

func expiry(k Key, now time.Time) *Finding {
	if k.Expires.IsZero() {
		return nil
	}
	f := Finding{Rule: "KP-608", Severity: Warning, Summary: "Imported key material expires", Detail: fmt.Sprintf(
		"The material of key %s expires on %s. From then on the ledger refuses reads and writes until the same material is "+
			"imported again. Import it without an expiry, or watch the date.", k.ARN, k.Expires.UTC().Format(time.RFC3339))}
	if k.Expires.Sub(now) < expirySoon {
		f.Severity = Error
	}
	return &f
}

func wrongKind(k Key) *Finding {
	const fix = " Use a customer managed key with key spec SYMMETRIC_DEFAULT and key usage ENCRYPT_DECRYPT."
	switch {
	case k.Manager == "AWS":
		return &Finding{Rule: "KP-601", Severity: Error, Summary: "AWS managed key", Detail: fmt.Sprintf(
			"Key %s is managed by AWS for another service; a ledger cannot use it.", k.ARN) + fix}
	case k.Spec != "SYMMETRIC_DEFAULT" || k.Usage != "ENCRYPT_DECRYPT":
		return &Finding{Rule: "KP-601", Severity: Error, Summary: "Key of a type ledgers cannot use", Detail: fmt.Sprintf(
			"Key %s has key spec %s and key usage %s.", k.ARN, k.Spec, k.Usage) + fix}
	}
	return nil
}

func wrongPlace(k Key, at Place) *Finding {
	if k.Region == at.Region && (at.Partition == "" || k.Partition == at.Partition) || at.Region == "" {
		return nil
	}
	return &Finding{Rule: "KP-610", Severity: Error, Summary: "Key in another Region", Enforced: true, Detail: fmt.Sprintf(
		"Key %s is in %s, the ledger in %s. QLDB uses keys of its own Region only. Name a key in %s.",
		k.ARN, k.Region, at.Region, at.Region)}
}

func remedy(state string) string {
	switch state {
	case "Disabled":
		return "Enable it with aws kms enable-key, or name another key."
	case "PendingDeletion", "PendingReplicaDeletion":
		return "Cancel its deletion with aws kms cancel-key-deletion and enable it, or name another key."
	case "PendingImport":
		return "Import its key material first, or name another key."
	}
	return "Wait until it is enabled, or name another key."
}

// Rotation finds rotation asked of a key that KMS cannot rotate.
//
// Source: KMS Developer Guide, "Rotating KMS keys": only symmetric keys with key material made by KMS.
func Rotation(k Key, enabled bool) []Finding {
	if !enabled || k.Origin == "" || k.Origin == "AWS_KMS" {
		return nil
	}
	return []Finding{{Rule: "KP-602", Severity: Error, Summary: "Key cannot rotate automatically", Detail: fmt.Sprintf(
		"Key %s has origin %s; KMS rotates only key material it made itself. Set enable_key_rotation = false.",
		k.ARN, k.Origin)}}
}
