package protectedledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/resourcevalidator"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/qldbkms/terraform-provider-qldbkms/internal/policy"
)

// ConfigValidators are the rules between attributes that the framework knows.
func (r *Resource) ConfigValidators(context.Context) []resource.ConfigValidator {
	return []resource.ConfigValidator{
		resourcevalidator.Conflicting(path.MatchRoot("kms_key"), path.MatchRoot("key")),
	}
}

// ValidateConfig applies every rule that needs the configuration alone. It asks no server, so that it also runs
// under terraform validate and under mocked providers. Unknown values are skipped.
func (r *Resource) ValidateConfig(
	ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse,
) {
	cfg, diags := decode(ctx, req.Config)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	addFindings(&resp.Diagnostics, contradictions(cfg))
}

// contradictions finds what one configuration says against itself.
func contradictions(cfg model) []finding {
	var list []finding
	if cfg.PermissionsMode.ValueString() == "ALLOW_ALL" {
		list = append(list, warning(path.Root("permissions_mode"), "Ledger without statement permissions",
			"With ALLOW_ALL everyone who may connect to the ledger may run every statement on every table; IAM policies "+
				"for single tables or commands have no effect. Use STANDARD unless an old application cannot."))
	}
	if tags, unknown := stringMap(cfg.Tags); !unknown {
		for key := range tags {
			if strings.HasPrefix(key, bookkeeping) {
				list = append(list, failure(path.Root("tags").AtMapKey(key), "Reserved tag key",
					fmt.Sprintf("%q begins with %q, which the provider keeps for itself. Use another key.", key, bookkeeping)))
			}
		}
	}
	list = append(list, keyRegion(path.Root("kms_key"), cfg.KMSKey.ValueString(), cfg.Region.ValueString())...)
	if cfg.Key != nil {
		list = append(list, validateKey(*cfg.Key, readChecks(cfg.Checks))...)
		list = append(list, validatePolicy(cfg)...)
		list = append(list, keyRegion(path.Root("key").AtName("adopt"), cfg.Key.Adopt.ValueString(),
			cfg.Region.ValueString())...)
	}
	return list
}

func validateKey(k keyModel, c checks) []finding {
	var list []finding
	at := path.Root("key")
	for _, reserved := range []string{"alias/aws/", "alias/qldbkms/"} {
		if strings.HasPrefix(k.Alias.ValueString(), reserved) {
			list = append(list, failure(at.AtName("alias"), "Reserved alias",
				fmt.Sprintf("Aliases below %s are reserved. Use another name, such as alias/orders.", reserved)))
		}
	}
	if known(k.RotationPeriod) && known(k.Rotation) && !k.Rotation.ValueBool() {
		list = append(list, failure(at.AtName("rotation_period_in_days"), "Rotation period without rotation",
			"KP-604: the period has no effect while enable_key_rotation is false. Remove the period or enable rotation."))
	}
	list = append(list, settingFindings(k, c)...)
	return append(list, policyFinding(k)...)
}

// validatePolicy applies the rules that need the text of the policy alone.
func validatePolicy(cfg model) []finding {
	if a, ok := cfg.Key.access(); ok {
		if list := a.faults(setting{Region: cfg.Region, Ledger: cfg.Name}); len(list) > 0 {
			return list
		}
	}
	c := readChecks(cfg.Checks)
	return say(cfg.Key.policyAt(), standing(cfg, c), c, nil)
}

// policyFinding refuses a policy that KMS would refuse whoever asks. It quotes names and places, never the document.
func policyFinding(k keyModel) []finding {
	if !known(k.Policy) {
		return nil
	}
	_, err := policy.Parse(k.Policy.ValueString())
	at := path.Root("key").AtName("policy")
	var syntax *policy.SyntaxError
	var principal *policy.PrincipalError
	switch {
	case errors.Is(err, policy.ErrTooLarge):
		return []finding{failure(at, "Key policy is too large", fmt.Sprintf("KP-501: %d bytes; KMS takes at most %d. Name "+
			"roles by pattern in a condition, or grant access through IAM policies.", len(k.Policy.ValueString()),
			policy.MaxBytes))}
	case errors.As(err, &syntax):
		return []finding{failure(at, "Not a key policy", "KP-502: "+syntax.Error()+".")}
	case errors.As(err, &principal):
		return []finding{failure(at, "Key policy names an impossible principal", sentence(principal.Error()))}
	}
	return nil
}

// keyRegion compares the Region in an ARN with the ledger's, when both are known.
func keyRegion(at path.Path, key, region string) []finding {
	parts := strings.SplitN(key, ":", 6)
	if len(parts) < 6 || region == "" || parts[3] == region {
		return nil
	}
	return []finding{failure(at, "Key in another Region", fmt.Sprintf(
		"KP-610: the key is in %s, the ledger in %s. QLDB uses keys of its own Region only. Name a key in %s.",
		parts[3], region, region))}
}

func known(v interface {
	IsNull() bool
	IsUnknown() bool
}) bool {
	return !v.IsNull() && !v.IsUnknown()
}
