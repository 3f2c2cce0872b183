package protectedledger

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/awsclient"
	"github.com/qldbkms/terraform-provider-qldbkms/internal/preflight"
)

// grantPages bounds how many grants of a key a plan looks at: 100 to a page.
const grantPages = 5

// askGrants lists the grants of the owned key when the ledger leaves it and it is not to be kept; see facts.Grants.
func askGrants(ctx context.Context, clients *awsclient.Clients, cfg model, st *model) (list []preflight.Grant,
	unknown string) {
	if st == nil || !st.exists() || st.ownKey() == "" {
		return nil, ""
	}
	action := st.Key.OldKey
	if cfg.Key != nil {
		action = stringOr(cfg.Key.OldKey, defaultOldKey)
		if intOr(cfg.Key.Generation, defaultGeneration).Equal(st.Key.Generation) {
			return nil, ""
		}
	}
	if action.ValueString() != disable && action.ValueString() != scheduleDeletion {
		return nil, ""
	}
	pages := kms.NewListGrantsPaginator(clients.KMS, &kms.ListGrantsInput{
		KeyId: aws.String(st.ownKey()), Limit: aws.Int32(100),
	})
	for n := 0; pages.HasMorePages(); n++ {
		if n == grantPages {
			return list, "there are too many"
		}
		page, err := pages.NextPage(ctx)
		if err != nil {
			return list, awsclient.Cause(err)
		}
		for _, g := range page.Grants {
			one := preflight.Grant{ID: aws.ToString(g.GrantId), Grantee: aws.ToString(g.GranteePrincipal)}
			for _, operation := range g.Operations {
				one.Operations = append(one.Operations, string(operation))
			}
			list = append(list, one)
		}
	}
	return list, ""
}

// strandedFindings tells who else may need the key that the ledger leaves, when it is not to be kept.
func strandedFindings(p, st model, f facts, mv move) []preflight.Finding {
	action := oldKeyAction(p, st, mv).ValueString()
	if mv.Kind != moves || action != disable && action != scheduleDeletion {
		return nil
	}
	arn := st.ownKey()
	return preflight.Stranded(preflight.Input{
		Policy: st.Key.PolicyDocument.ValueString(), KeyARN: arn, Account: accountOf(arn), Region: arnPart(arn, 3),
		Partition: partitionOf(arn),
	}, f.Grants)
}
