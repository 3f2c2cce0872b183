package kms

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/harness/store"
)

// maxReportedGrants is how many grants a KeyReport lists; a key may have fifty thousand.
const maxReportedGrants = 50

// KeyReport is a key as its administrator sees it. It holds no key material.
type KeyReport struct {
	ARN, Account, Region, Partition string
	Description                     string
	Manager                         string // CUSTOMER or AWS
	Spec, State                     string
	Created                         time.Time
	DeleteAt                        time.Time // zero unless deletion is scheduled
	Rotation                        bool      // automatic rotation is on
	Materials                       int       // generations of key material
	Policy                          string    // as GetKeyPolicy shows it
	// Aliases are those that name the key, and those that named it until somebody moved them.
	Aliases    []AliasReport
	Grants     []GrantReport // at most fifty, oldest first
	MoreGrants bool          // there are some that Grants leaves out
}

// AliasReport is an alias of a KeyReport.
type AliasReport struct {
	Name      string
	TargetARN string // the key it names now
	Updated   time.Time
}

// GrantReport is a grant of a KeyReport.
type GrantReport struct {
	ID, Name, Grantee, Retiring string
	Operations                  []string
	Created                     time.Time
}

// Report describes the keys with the given ARNs, leaving out those that are not there. It asks nobody's permission:
// it is for whoever runs the harness.
func (s *Service) Report(ctx context.Context, arns []string) (reports []KeyReport, err error) {
	err = s.cfg.State.View(ctx, func(r store.Reader) error {
		reports = []KeyReport{}
		t := &txn{ctx: ctx, s: s, now: s.cfg.Clock.Now(), r: r}
		for _, arn := range arns {
			parts := strings.Split(arn, ":")
			if len(parts) != 6 || parts[2] != "kms" {
				continue
			}
			k, found, err := keys(parts[4], parts[3]).Get(r, strings.TrimPrefix(parts[5], "key/"))
			if err != nil {
				return err
			}
			if !found || k.gone(t.now) {
				continue
			}
			report, err := t.report(&k)
			if err != nil {
				return fmt.Errorf("report on %s: %w", arn, err)
			}
			reports = append(reports, report)
		}
		return nil
	})
	return reports, err
}

func (t *txn) report(k *key) (KeyReport, error) {
	state, err := t.state(k)
	if err != nil {
		return KeyReport{}, err
	}
	text, err := t.policyOf(k)
	if err != nil {
		return KeyReport{}, err
	}
	out := KeyReport{
		ARN: k.arn(), Account: k.Account, Region: k.Region, Partition: k.Partition, Description: k.Description,
		Manager: "CUSTOMER", Spec: k.Spec, State: stateNames[state], Created: k.Created, DeleteAt: k.DeleteAt,
		Rotation: k.Rotation.Enabled, Materials: len(k.Materials), Policy: text,
		Aliases: []AliasReport{}, Grants: []GrantReport{},
	}
	if k.AWSManaged {
		out.Manager = "AWS"
	}
	err = aliases(k.Account, k.Region).Scan(t.r, "", "", func(_ string, a alias) (bool, error) {
		if a.TargetID == k.ID || a.Former == k.ID {
			target := *k
			target.ID = a.TargetID
			out.Aliases = append(out.Aliases, AliasReport{Name: a.Name, TargetARN: target.arn(), Updated: a.Updated})
		}
		return true, nil
	})
	if err != nil {
		return KeyReport{}, err
	}
	err = grants(k.Account, k.Region, k.ID).Scan(t.r, "", "", func(_ string, g grant) (bool, error) {
		out.MoreGrants = len(out.Grants) == maxReportedGrants
		if !out.MoreGrants {
			out.Grants = append(out.Grants, GrantReport{
				ID: g.ID, Name: g.Name, Grantee: g.Grantee, Retiring: g.Retiring, Operations: g.Operations, Created: g.Created,
			})
		}
		return !out.MoreGrants, nil
	})
	slices.SortStableFunc(out.Grants, func(a, b GrantReport) int { return a.Created.Compare(b.Created) })
	return out, err
}
